import { createHash, randomBytes } from "node:crypto";
import { CONSENT_CLIENT_ID } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";

/**
 * An ordinary authorization request to this server's own OpenID provider, made only for the
 * resulting session. Its code is never redeemed.
 */
export function signInUrl(options: {
  issuer: string;
  paths: OidcPaths;
  /** Returned unchanged. Unsigned: it is only used to determine where to continue. */
  state: string;
}): string {
  const { issuer, paths, state } = options;
  const url = new URL(`${issuer}${paths.routes.authorization}`);
  url.search = new URLSearchParams({
    client_id: CONSENT_CLIENT_ID,
    response_type: "code",
    scope: "openid",
    redirect_uri: new URL(paths.consentLoginReturn, issuer).href,
    state,
    code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return url.href;
}
