import type { Jwks } from "aauth";
import { apiRoutes, authHealthSchema, welcomeSchema } from "backend-api";
import { serveWellKnown } from "fastify-aauth";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { userRoute } from "./user-route.ts";

/**
 * The signed-in user, and the public routes: greeting and the backend's documents as an agent.
 * `createService` adds `GET /health`.
 */
export const serviceRoutes: FastifyPluginAsyncZod<{
  keycloakUrl: string;
  realm: string;
  /** By name below `/.well-known/`. */
  documents: Readonly<Record<string, object>>;
  jwks: () => Jwks;
}> = async (app, { keycloakUrl, realm, documents, jwks }) => {
  const config = { access: "public" } as const;
  app.get("/", { config, schema: { response: { 200: welcomeSchema } } }, async () => ({
    message: "Supply Chain Agent API",
    version: "1.0.0",
  }));
  app.get("/auth/health", { config, schema: { response: { 200: authHealthSchema } } }, async () => ({
    status: "healthy" as const,
    service: "keycloak-auth" as const,
    keycloak_url: keycloakUrl,
    realm,
  }));
  userRoute(app, apiRoutes.user, async ({ user }) => ({ ...user, is_active: true as const }));
  await serveWellKnown(app, { documents, jwks }, config);
};
