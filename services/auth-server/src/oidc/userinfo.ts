import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { createLocalJWKSet, jwtVerify } from "jose";
import { type Accounts, accountClaims } from "../realm/accounts.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import { ACCESS_TOKEN_AUDIENCE } from "./access-token.ts";
import type { OidcPaths } from "./oidc-paths.ts";

/**
 * The user behind an access token. Written by hand because oidc-provider refuses tokens with an audience here, and Keycloak's all
 * have one. Does not look up sessions: an access token is good until it expires, as with every consumer that checks it offline.
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
      // Made for each request, because keys are rotated; this is no hot path.
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys.publicJwks] }), {
        issuer,
        audience: ACCESS_TOKEN_AUDIENCE,
        algorithms: ["RS256"],
        // Auth tokens are signed with the same key; their type tells them apart.
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
      // answered below: the caller learns only that the token is no good
    }
    return refuse(reply, 401, "invalid_token", "Token verification failed");
  };
  for (const method of ["GET", "POST"] as const) {
    app.route({ method, url: `${paths.base}/protocol/openid-connect/userinfo`, handler });
  }
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
