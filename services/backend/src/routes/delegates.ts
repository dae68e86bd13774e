import { delegateListSchema, delegateSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { DelegatesService } from "../delegates/delegates-service.ts";

/** The backend's delegates: who they are, what their last call came to, and a way to let one work. */
export const delegateRoutes: FastifyPluginAsyncZod<{ delegates: DelegatesService }> = async (
  app,
  { delegates },
) => {
  const config = { access: "user" } as const;

  app.get("/delegates", { config, schema: { response: { 200: delegateListSchema } } }, async () =>
    delegates.list(),
  );

  app.post(
    "/delegates/:sub/run",
    {
      config,
      schema: { params: z.object({ sub: z.string().max(64) }), response: { 200: delegateSchema } },
    },
    async (request) => delegates.run(request.params.sub),
  );
};
