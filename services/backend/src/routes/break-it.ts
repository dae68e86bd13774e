import { breakItResultSchema, breakItVariantSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { BreakItService } from "../break-it/break-it-service.ts";
import { signedInUser } from "../plugins/user.ts";
import type { RunService } from "../services/run-service.ts";

/** `POST /optimization/{id}/break-it/{variant}`. Registered in demo mode only. */
export const breakItRoutes: FastifyPluginAsyncZod<{ runs: RunService; breakIt: BreakItService }> = async (
  app,
  { runs, breakIt },
) => {
  app.post(
    "/optimization/:id/break-it/:variant",
    {
      config: { access: "user" },
      schema: {
        params: z.object({ id: z.string().max(100), variant: breakItVariantSchema }),
        response: { 200: breakItResultSchema },
      },
    },
    async (request) => {
      const { id, variant } = request.params;
      return breakIt.attempt(runs.get(signedInUser(request).id, id), variant);
    },
  );
};
