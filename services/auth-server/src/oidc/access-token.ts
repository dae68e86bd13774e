import type { AccessToken, ClientCredentials, JWTStructured, KoaContextWithOIDC } from "oidc-provider";
import { type Accounts, accountClaims } from "../realm/accounts.ts";

/** Audience of access tokens: the client every Keycloak user has roles in. */
export const ACCESS_TOKEN_AUDIENCE = "account";

/**
 * Gives an access token the header and claims of one from Keycloak, in Keycloak's order, so that a
 * consumer of either cannot tell them apart by shape.
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
    // The library puts the header on top of its own `at+jwt`.
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
