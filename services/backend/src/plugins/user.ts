import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { User } from "../users/user.ts";
import { UserKeysUnavailableError, UserTokenError, type UserTokenVerifier } from "../users/user-token.ts";
import { HttpError } from "./errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call this route. A route of the API without it does not register. */
    access?: "public" | "user";
  }
  interface FastifyRequest {
    /** The signed-in user; `null` on public routes. Read it through {@link signedInUser}. */
    user: User | null;
  }
}

/**
 * Demands `Authorization: Bearer <access token>` on every route of its scope that declares `access: "user"`, before the
 * body is read. Routes that declare nothing are refused at registration.
 */
export const userGate = fp<{ verifyUserToken: UserTokenVerifier }>(
  async (app, { verifyUserToken }) => {
    app.decorateRequest("user", null);

    app.addHook("onRoute", (route) => {
      if (route.config?.access === undefined) {
        throw new TypeError(`route ${route.method} ${route.url} does not declare config.access`);
      }
    });

    app.addHook("onRequest", async (request) => {
      if (request.is404 || request.routeOptions.config.access === "public") return;
      const token = bearerToken(request);
      if (token === undefined) throw new HttpError(403, "Not authenticated");
      try {
        request.user = await verifyUserToken(token);
      } catch (error) {
        if (error instanceof UserTokenError) {
          request.log.info({ requestId: request.id, reason: error.message }, "user token refused");
          throw new HttpError(401, "Invalid or expired token");
        }
        if (error instanceof UserKeysUnavailableError) {
          request.log.error({ err: error, requestId: request.id }, "user token could not be checked");
          throw new HttpError(503, "Sign-in cannot be checked: the auth server does not answer");
        }
        throw error;
      }
    });
  },
  { name: "user-gate", fastify: "5.x" },
);

/** The user of a route with `access: "user"`. */
export function signedInUser(request: FastifyRequest): User {
  if (request.user === null) throw new HttpError(403, "Not authenticated");
  return request.user;
}

function bearerToken(request: FastifyRequest): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
}
