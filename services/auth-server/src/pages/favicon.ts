import type { FastifyInstance } from "fastify";
import { MARK } from "./style.ts";

/** Serves the favicon, also at the address browsers try for documents without a link to one. */
export async function favicon(app: FastifyInstance): Promise<void> {
  for (const path of ["/favicon.svg", "/favicon.ico"]) {
    app.get(path, async (_request, reply) =>
      reply.type("image/svg+xml").header("cache-control", "public, max-age=86400").send(MARK),
    );
  }
}
