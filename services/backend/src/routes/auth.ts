import { authHealthSchema, userProfileSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { signedInUser } from "../plugins/user.ts";

export const authRoutes: FastifyPluginAsyncZod<{ keycloakUrl: string; realm: string }> = async (
  app,
  { keycloakUrl, realm },
) => {
  app.get(
    "/auth/me",
    { config: { access: "user" }, schema: { response: { 200: userProfileSchema } } },
    async (request) => {
      const { id, username, email, role } = signedInUser(request);
      return { id, username, email, role, is_active: true as const };
    },
  );

  app.get(
    "/auth/health",
    { config: { access: "public" }, schema: { response: { 200: authHealthSchema } } },
    async () => ({
      status: "healthy" as const,
      service: "keycloak-auth" as const,
      keycloak_url: keycloakUrl,
      realm,
    }),
  );
};
