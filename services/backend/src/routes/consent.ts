import { apiRoutes } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { CALLBACK_PATH, type ConsentService } from "../runs/consent-service.ts";
import { backToPage } from "./back-to-page.ts";
import { userRoute } from "./user-route.ts";

// A repeated or overlong parameter is dropped and then counts as missing.
const parameter = z.string().max(2048).optional().catch(undefined);
const callbackQuery = z.object({
  code: parameter,
  state: parameter,
  error: parameter,
  error_description: parameter,
});

/**
 * Where the auth server sends the browser after consent, and the revocation. The callback is public, because a browser brings no bearer
 * token here: `state` leads to the run and its user, and the auth token must name that user.
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
