import { welcomeSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";

/** `GET /`. `GET /health` comes with agent-kit. */
export const serviceRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get("/", { config: { access: "public" }, schema: { response: { 200: welcomeSchema } } }, async () => ({
    message: "Supply Chain Agent API",
    version: "1.0.0",
  }));
};
