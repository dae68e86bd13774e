import type { StackUrls } from "../../scripts/demo/stack.ts";
import { userAccessToken } from "./sign-in.ts";

/** A user's access token is valid for 300 seconds. */
const RENEW_MS = 200_000;

/**
 * The demo's user at the backend's API, for longer than an access token is valid.
 *
 * @returns makes a request: a GET, or a POST of `body` as JSON
 */
export function lastingUser(urls: StackUrls): (path: string, body?: object) => Promise<Response> {
  let token: Promise<string>;
  let renewAtMs = 0;
  return async (path, body) => {
    if (performance.now() >= renewAtMs) {
      renewAtMs = performance.now() + RENEW_MS;
      token = userAccessToken(urls);
    }
    const headers = { authorization: `Bearer ${await token}`, "content-type": "application/json" };
    const post = body && { method: "POST", body: JSON.stringify(body) };
    return fetch(`${urls.backend}${path}`, { headers, ...post });
  };
}
