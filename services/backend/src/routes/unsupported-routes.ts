import type { ApiRoute } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { BackendError } from "../errors.ts";
import { userRoute } from "./user-route.ts";

/** Answers requests to routes that the dialect does not have with the route's message. */
export const unsupportedRoutes: FastifyPluginAsync<{ unsupported: ReadonlyMap<ApiRoute, string> }> = async (
  app,
  { unsupported },
) => {
  for (const [route, sentence] of unsupported)
    userRoute(app, route, async () => {
      throw new BackendError("not_in_profile", sentence, { code: "not_in_profile" });
    });
};
