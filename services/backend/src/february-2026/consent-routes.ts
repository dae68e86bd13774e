import { apiRoutes } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { backToPage } from "../routes/returns.ts";
import { userRoute } from "../routes/user-route.ts";
import { CALLBACK_PATH, type ConsentService } from "./consent-service.ts";

const parameter = z.string().max(2048).optional().catch(undefined);
const callbackQuery = z.object({
  code: parameter,
  state: parameter,
  error: parameter,
  error_description: parameter,
});

/**
 * The callback after consent at the auth server, and the revocation. `state` identifies
 * the run and its user, and the auth token must name that user.
 */
export const consentRoutes: FastifyPluginAsyncZod<{
  consent: ConsentService;
  frontendUrl: string;
}> = async (app, { consent, frontendUrl }) => {
  app.get(
    CALLBACK_PATH,
    { config: { access: "public" }, schema: { querystring: callbackQuery } },
    async (request, reply) => backToPage(reply, frontendUrl, await consent.answer(request.query)),
  );

  userRoute(app, apiRoutes.revokeConsent, async ({ user }) => ({
    message: "Your consent has been revoked at the auth server",
    cleared: await consent.revoke(user.id),
  }));
};
