import type { StackUrls } from "../../scripts/demo/stack.ts";
import { WITH_MARKET_ANALYSIS } from "./optimization-run.ts";
import { userAccessToken } from "./sign-in.ts";

/** The demo's user at the backend's API: a GET, or a POST of `body` as JSON. */
export type LastingUser = (path: string, body?: object) => Promise<Response>;

export interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A user's access token is valid for 300 seconds. */
const RENEW_MS = 200_000;
const REPLY_LIMIT_MS = 30_000;

/** Signs the demo's user in at the first request, and again before the token ends. */
export function lastingUser(urls: StackUrls): LastingUser {
  let token: Promise<string>;
  let renewAtMs = 0;
  return async (path, body) => {
    if (performance.now() >= renewAtMs) {
      renewAtMs = performance.now() + RENEW_MS;
      token = userAccessToken(urls);
      token.catch(() => {
        renewAtMs = 0;
      });
    }
    const headers = { authorization: `Bearer ${await token}`, "content-type": "application/json" };
    const post = body && { method: "POST", body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(REPLY_LIMIT_MS);
    return fetch(`${urls.backend}${path}`, { headers, signal, ...post });
  };
}

export async function startRun(user: LastingUser): Promise<Answer> {
  const reply = await user("/optimization/start", WITH_MARKET_ANALYSIS);
  const { status, headers } = reply;
  return { status, headers: Object.fromEntries(headers), text: await reply.text() };
}
