import { apiRoutes } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import type { DelegatesService } from "../delegates/delegates-service.ts";
import { traceUserRequests } from "../plugins/trace-user-requests.ts";
import { userRoute } from "./user-route.ts";

/**
 * Lists the backend's delegates with the outcomes of their calls for this user, and runs or ends
 * one.
 */
export const delegateRoutes: FastifyPluginAsync<{ delegates: DelegatesService }> = async (
  app,
  { delegates },
) => {
  userRoute(app, apiRoutes.delegates, async ({ user }) => delegates.list(user.id));
  if (delegates.hasPermissions) {
    userRoute(app, apiRoutes.startDelegate, ({ user, params }) => delegates.start(user.id, params.sub));
    userRoute(app, apiRoutes.endDelegate, ({ user, params }) => delegates.end(user.id, params.sub));
  }
  await app.register(async (scope) => {
    // A sub-agent's call is shown message by message, starting with the user's request.
    if (delegates.hasPermissions) traceUserRequests(scope);
    userRoute(scope, apiRoutes.runDelegate, async ({ user, params }) => delegates.run(user.id, params.sub));
  });
};
