import { apiRoutes } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { BackendError } from "../errors.ts";
import { userRoute } from "./user-route.ts";

/** What a profile does not have in this demo says so. */
export const leftOutRoutes: FastifyPluginAsync<{ profile: string }> = async (app, { profile }) => {
  const refused = (what: string) => async (): Promise<never> => {
    const message = `${what}: not with AAUTH_PROFILE=${profile}, start with february-2026 for it`;
    throw new BackendError("not_in_profile", message, { code: "not_in_profile" });
  };
  userRoute(app, apiRoutes.revokeConsent, refused("Revoking here (the person server's page does it)"));
};
