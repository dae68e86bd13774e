/**
 * Browser redirects after an interaction (draft -11, sections 7.3 and 11.1.2). An address that only
 * the query names is never followed.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { documents } from "./documents.ts";
import type { PollingError } from "./problem.ts";

/** Parties whose callbacks are accepted for a request. */
export interface CallbackParties {
  /** Server identifier of the agent's provider, if known. */
  readonly provider?: string | undefined;
  /** Server identifier of a person server that may have sent the person. */
  readonly personServer?: string | undefined;
}

/**
 * True for a `callback` at the person server's origin, for the `callback_endpoint` of the agent
 * provider, and for `http` on `localhost` or `127.0.0.1` where the provider's document allows it.
 *
 * @param discovery finds the provider's document; without it, only the person server's callbacks
 * are accepted
 */
export async function admitsCallback(
  callback: string,
  { provider, personServer }: CallbackParties,
  discovery: Discovery | undefined,
): Promise<boolean> {
  const url = URL.parse(callback);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (url.origin === personServer) return true;
  if (provider === undefined || discovery === undefined) return false;
  const published = await discovery.metadata(documents.kinds.agent, provider).catch(() => undefined);
  if (published?.callback_endpoint === callback) return true;
  const isLoopback = url.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname);
  return isLoopback && published?.localhost_callback_allowed === true;
}

/** Values of the `error` parameter that the browser returns (section 7.3.1). */
const CALLBACK_ERRORS: Readonly<Record<PollingError, string>> = {
  denied: "access_denied",
  abandoned: "user_abandoned",
  expired: "interaction_expired",
  invalid_code: "interaction_expired",
  revoked: "server_error",
  server_error: "server_error",
};

/** The callback address, with `error` if the request ended with one. */
export function callbackUrl(callback: string, error?: PollingError): string {
  const url = new URL(callback);
  if (error !== undefined) url.searchParams.set("error", CALLBACK_ERRORS[error]);
  return url.href;
}
