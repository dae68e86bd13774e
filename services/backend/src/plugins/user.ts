import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { BackendError } from "../errors.ts";
import type { User, UserTokenVerifier } from "../users/user-token.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Callers that the route admits. API routes must declare it. */
    access?: "public" | "user";
  }
  interface FastifyRequest {
    /** The signed-in user; `null` on public routes. Read it through {@link signedInUser}. */
    user: User | null;
  }
}

/**
 * Requires `Authorization: Bearer <access token>` on every route of its scope with
 * `access: "user"`, before the body is read. Routes that declare no access are refused at
 * registration.
 */
export const userAccess = fp<{ verifyUserToken: UserTokenVerifier }>(
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
      if (token === undefined) throw notSignedIn();
      request.user = await verifyUserToken(token);
    });
  },
  { name: "user-access", fastify: "5.x" },
);

/** The user of a route with `access: "user"`. */
export function signedInUser(request: FastifyRequest): User {
  if (request.user === null) throw notSignedIn();
  return request.user;
}

function notSignedIn(): BackendError {
  return new BackendError("not_signed_in", "Not authenticated");
}

function bearerToken(request: FastifyRequest): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
}
