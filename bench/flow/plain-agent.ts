import type { FetchContext } from "aauth/agent";
// The transport that signed requests go through; a package's user has no use for it.
import { pooledTransport } from "../../packages/aauth/src/discovery/http-node.ts";
import type { FrozenMessages } from "./frozen-messages.ts";

/** Makes the calls that an agent makes, in the same order and with the same bytes, and does nothing about them. */
export interface PlainAgent {
  fetchFor(context?: FetchContext): typeof fetch;
}

/** @param keepsTokens false: every call is answered 401 first and asks for a token */
export function createPlainAgent(options: {
  messages: FrozenMessages;
  tokenUrl: string;
  keepsTokens: boolean;
}): PlainAgent {
  const { messages, tokenUrl, keepsTokens } = options;
  const encoder = new TextEncoder();
  let hasToken = false;

  async function askForToken(signal: { signal?: AbortSignal }): Promise<void> {
    const answer = await pooledTransport(tokenUrl, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...messages.identified },
      body: encoder.encode(messages.tokenRequest),
      ...signal,
    });
    const { auth_token } = (await answer.json()) as { auth_token?: string };
    if (auth_token === undefined) throw new Error(`the token request was answered with ${answer.status}`);
    hasToken = keepsTokens;
  }

  return {
    fetchFor: (context) => async (input, init) => {
      const signal = context?.signal === undefined ? {} : { signal: context.signal };
      const headers = Object.fromEntries(new Headers(init?.headers));
      const body = encoder.encode(String(init?.body));
      const attempt = (signatureHeaders: Readonly<Record<string, string>>) =>
        pooledTransport(String(input), {
          method: "POST",
          headers: { ...headers, ...signatureHeaders },
          body,
          ...signal,
        });
      if (hasToken) return attempt(messages.authorized);
      const response = await attempt(messages.identified);
      if (response.status !== 401) return response;
      await response.body?.cancel();
      await askForToken(signal);
      return attempt(messages.authorized);
    },
  };
}
