import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { createLocalJWKSet, jwtVerify } from "jose";
import { type Accounts, accountClaims } from "../realm/accounts.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import { ACCESS_TOKEN_AUDIENCE } from "./access-token.ts";
import type { OidcPaths } from "./oidc-paths.ts";

/**
 * Claims of the user of an access token. Not the library's, because oidc-provider refuses tokens
 * with an audience here, and Keycloak's all have one. Does NOT look up sessions: an access token is
 * valid until it expires, as for every consumer that verifies it offline.
 */
export async function userinfo(
  app: FastifyInstance,
  options: { accounts: Accounts; keys: RealmKeys; issuer: string; paths: OidcPaths; now: () => number },
): Promise<void> {
  const { accounts, keys, issuer, paths, now } = options;

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) return reply.code(401).header("www-authenticate", "Bearer").send();
    try {
      // For each request, because keys are rotated; this is no hot path.
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys.publicJwks] }), {
        issuer,
        audience: ACCESS_TOKEN_AUDIENCE,
        algorithms: ["RS256"],
        // Auth tokens are signed with the same key; they differ in their type.
        typ: "JWT",
        requiredClaims: ["exp", "sub"],
        currentDate: new Date(now() * 1000),
      });
      const user = await accounts.find(payload.sub as string);
      if (user !== undefined) {
        const scopes = String(payload.scope).split(" ");
        if (scopes.includes("openid")) return userinfoClaims(scopes, accountClaims(user));
        return refuse(reply, 403, "insufficient_scope", "Missing openid scope");
      }
    } catch {
      // Refused below: the caller learns only that the token is invalid.
    }
    return refuse(reply, 401, "invalid_token", "Token verification failed");
  };
  app.get(`${paths.base}/protocol/openid-connect/userinfo`, handler);
}

function userinfoClaims(scopes: readonly string[], claims: ReturnType<typeof accountClaims>) {
  const { sub, email, email_verified, ...profile } = claims;
  return {
    sub,
    ...(scopes.includes("profile") && profile),
    ...(scopes.includes("email") && { email, email_verified }),
  };
}

function refuse(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return reply
    .code(status)
    .header("www-authenticate", `Bearer error="${error}", error_description="${description}"`)
    .send({ error, error_description: description });
}
