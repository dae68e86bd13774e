import { requireShort } from "../kept-text.ts";
import { invalidRequest, quoted } from "../oauth-error.ts";
import { CONSENT_CLIENT_ID } from "./oidc-configuration.ts";

const MAX_QUERY_LENGTH = 8_192;

/**
 * Refuses a query that is too long to be kept: oidc-provider keeps what is in it for as long as a sign-in may take, for anybody who asks.
 * Of bodies it keeps nothing, and reads 56 KiB at most.
 *
 * @throws OAuthError 400 `invalid_request`
 */
export function requireBoundedQuery(query: string): void {
  if (query.length > MAX_QUERY_LENGTH)
    throw invalidRequest(`the query is longer than ${MAX_QUERY_LENGTH} characters`);
  const parameters = new URLSearchParams(query);
  const own = parameters.get("client_id") === CONSENT_CLIENT_ID;
  for (const [name, value] of parameters) {
    // A token is longer than the nonce in it.
    if (name === "id_token_hint") continue;
    // In this server's own, an agent's state comes back from the sign-in.
    if (name === "state" && own) continue;
    requireShort(quoted(name), value);
  }
}
