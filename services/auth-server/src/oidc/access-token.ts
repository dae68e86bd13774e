import type { AccessToken, ClientCredentials, JWTStructured, KoaContextWithOIDC } from "oidc-provider";
import { type Accounts, accountClaims } from "../realm/accounts.ts";

/** Audience of access tokens: the client in which every Keycloak user has roles. */
export const ACCESS_TOKEN_AUDIENCE = "account";

/**
 * Shapes an access token like Keycloak's, with the same header and claims in the same order, so
 * that consumers cannot tell them apart.
 */
export function shapeAccessToken(options: {
  accounts: Accounts;
  webOrigins: (clientId: string) => readonly string[];
}) {
  return async (
    _ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
    parts: JWTStructured,
  ): Promise<void> => {
    const { exp, iat, jti, iss, aud, sub } = parts.payload;
    const user = typeof sub === "string" ? await options.accounts.find(sub) : undefined;
    const scopes = new Set(token.scope?.split(" "));
    const { sub: _sub, email, email_verified, ...profile } = user ? accountClaims(user) : {};
    // Overrides the library's own `at+jwt`.
    parts.header = { typ: "JWT" };
    parts.payload = {
      exp,
      iat,
      jti,
      iss,
      aud,
      sub,
      typ: "Bearer",
      azp: token.clientId,
      ...("sid" in token && token.sid !== undefined && { sid: token.sid }),
      acr: "1",
      "allowed-origins": options.webOrigins(token.clientId ?? ""),
      realm_access: { roles: user?.realmRoles ?? [] },
      scope: token.scope ?? "",
      ...(scopes.has("email") && { email_verified }),
      ...(scopes.has("profile") && profile),
      ...(scopes.has("email") && { email }),
    };
  };
}
