import { clearedSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { HttpError } from "../plugins/errors.ts";
import { signedInUser } from "../plugins/user.ts";
import type { ConsentService } from "../services/consent-service.ts";

/** `DELETE /optimization/consent`: the user takes back what the backend may do for them. */
export const consentRoutes: FastifyPluginAsyncZod<{ consent: ConsentService }> = async (app, { consent }) => {
  app.delete(
    "/optimization/consent",
    { config: { access: "user" }, schema: { response: { 200: clearedSchema } } },
    async (request) => {
      try {
        const cleared = await consent.revoke(signedInUser(request).id);
        return { message: "Your consent has been revoked at the auth server", cleared };
      } catch (error) {
        request.log.warn({ err: error }, "❌ a consent could not be revoked");
        throw new HttpError(502, "The auth server did not revoke your consent, which still holds; try again");
      }
    },
  );
};
