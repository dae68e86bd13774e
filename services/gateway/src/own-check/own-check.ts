import type { IncomingHttpHeaders } from "node:http";
import { type CheckAnswer, type CheckMessage, type GatewayCheck, refusalOf } from "gateway-check";
import type { Dispatcher } from "undici";
import { type Cancellation, untilCancelled } from "../proxy/cancellation.ts";
import { type CollectedResponse, ResponseTimeout } from "../proxy/collect-response.ts";
import { inCheckSpan } from "./check-span.ts";

/**
 * A check service that this process plays itself: what a policy would send to its address is judged here. Nothing else about the
 * policy changes, neither what a check says nor what becomes of its answer.
 */
export interface OwnCheck {
  /** `host:port`, as a file's `extAuthz.host` names it. */
  readonly address: string;
  isMeantBy(policy: { readonly host: string; readonly port: number }): boolean;
  /**
   * The answer that the service would give.
   *
   * @throws ResponseTimeout, or the cancellation's reason
   */
  answer(
    request: Dispatcher.DispatchOptions,
    limits: { readonly timeoutMs?: number; readonly cancellation: Cancellation },
  ): Promise<CollectedResponse>;
}

export function createOwnCheck(address: string, check: GatewayCheck): OwnCheck {
  return {
    address,
    isMeantBy: ({ host, port }) => `${host}:${port}` === address,
    async answer(request, { timeoutMs, cancellation }) {
      const message = checkMessage(request);
      // What nobody has thought of is a refusal, as it would be by the service. `failureMode: allow` is for one that says nothing.
      const answering = inCheckSpan(message, () => check.answer(message)).catch(refusalOf);
      return collected(await untilCancelled(answering, cancellation, timeoutMs, tookTooLong));
    },
  };
}

const tookTooLong = () => new ResponseTimeout("no response in time");

/** The check as it would arrive: one line a field, without the blanks around its value. */
function checkMessage({ method, path, headers }: Dispatcher.DispatchOptions): CheckMessage {
  const fields = headers as readonly string[];
  const received: IncomingHttpHeaders = Object.create(null);
  for (let index = 0; index < fields.length; index += 2) {
    received[fields[index]!] = fields[index + 1]!.replace(/^[\t ]+|[\t ]+$/g, "");
  }
  return { method, url: path, headers: received };
}

const NOTHING = Buffer.alloc(0);

function collected({ status, headers, body }: CheckAnswer): CollectedResponse {
  return {
    status,
    fields: Object.entries(headers).flat(),
    body: body === undefined ? NOTHING : Buffer.from(body),
  };
}
