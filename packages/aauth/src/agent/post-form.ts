import type { OutgoingRequest } from "./outgoing-request.ts";
import type { Sender, SendOptions } from "./sender.ts";
import { withTimeout } from "./timeout.ts";

export interface FormToPost extends Pick<OutgoingRequest, "url" | "signals"> {
  readonly form: URLSearchParams;
}

/** The whole exchange has one time limit, reading included: the answer to a form is short and must not drip. */
export function postForm<Answer>(
  { url, form, signals }: FormToPost,
  options: Omit<SendOptions, "timeoutMs"> & { readonly send: Sender; readonly timeoutMs: number },
  read: (response: Response) => Promise<Answer>,
): Promise<Answer> {
  const { send, timeoutMs, ...rest } = options;
  const post = async (signal: AbortSignal) => {
    const request = {
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: utf8.encode(form.toString()),
      signals: [signal],
    };
    return read(await send(request, rest));
  };
  return withTimeout(timeoutMs, post, signals);
}

const utf8 = new TextEncoder();
