import { apiRoutes } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import type { DelegatesService } from "../delegates/delegates-service.ts";
import { userRoute } from "./user-route.ts";

/** The backend's delegates, the outcome of the calls that this user had them make, and a way to let one work. */
export const delegateRoutes: FastifyPluginAsync<{ delegates: DelegatesService }> = async (
  app,
  { delegates },
) => {
  userRoute(app, apiRoutes.delegates, async ({ user }) => delegates.list(user.id));
  userRoute(app, apiRoutes.runDelegate, async ({ user, params }) => delegates.run(user.id, params.sub));
};
