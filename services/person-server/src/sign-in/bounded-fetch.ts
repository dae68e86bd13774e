import { readBounded } from "agent-kit/service";
import { isLoopbackName } from "issuer-kit";
import type { CustomFetch } from "openid-client";
import { SignInError } from "./sign-in-error.ts";

/** Documents and key sets of large providers are about 20 KB. */
const MAX_RESPONSE_BYTES = 262_144;

/**
 * A `fetch` for the OpenID provider: https, or http on loopback where allowed; one deadline for all
 * requests; bounded response sizes.
 *
 * @param options.allowsHttp whether plain http is accepted for loopback addresses
 * @throws SignInError `provider_unreachable` if no response arrives or its status is 429 or 5xx,
 * `provider_invalid` for an address that is not allowed
 */
export function createBoundedFetch(options: { allowsHttp: boolean; signal: AbortSignal }): CustomFetch {
  const { allowsHttp, signal } = options;
  return async (address, init) => {
    requireSecure(new URL(address), allowsHttp);
    try {
      const { method, headers, body = null } = init;
      const response = await fetch(address, { method, headers, body, redirect: "manual", signal });
      const text = await readBounded(response, MAX_RESPONSE_BYTES);
      if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`);
      return new Response(text || null, { status: response.status, headers: response.headers });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : "no reason";
      throw new SignInError("provider_unreachable", `no response from the provider: ${reason}`, { cause });
    }
  };
}

/**
 * Refuses addresses that are neither https nor, where allowed, http on loopback.
 *
 * @throws SignInError `provider_invalid`
 */
export function requireSecure(url: URL, allowsHttp: boolean): void {
  if (url.protocol === "https:" || (allowsHttp && url.protocol === "http:" && isLoopbackName(url.hostname)))
    return;
  throw new SignInError("provider_invalid", `${url.origin} is neither https nor http on loopback`); // hole U9
}
