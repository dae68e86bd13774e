import { delegateListSchema, delegateSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { DelegatesService } from "../delegates/delegates-service.ts";
import { signedInUser } from "../plugins/user.ts";

/** The backend's delegates: who they are, what the calls came to that this user had them make, and a way to let one work. */
export const delegateRoutes: FastifyPluginAsyncZod<{ delegates: DelegatesService }> = async (
  app,
  { delegates },
) => {
  const config = { access: "user" } as const;

  app.get("/delegates", { config, schema: { response: { 200: delegateListSchema } } }, async (request) =>
    delegates.list(signedInUser(request).id),
  );

  app.post(
    "/delegates/:sub/run",
    {
      config,
      schema: { params: z.object({ sub: z.string().max(64) }), response: { 200: delegateSchema } },
    },
    async (request) => delegates.run(signedInUser(request).id, request.params.sub),
  );
};
