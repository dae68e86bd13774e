import type { FastifyInstance } from "fastify";
import type { Site } from "./page.ts";
import { markOf } from "./style.ts";

/** Serves the logo at the address that pages link to and at the browsers' default address. */
export function serveIcon(app: FastifyInstance, { colours }: Pick<Site, "colours">): void {
  for (const path of ["/favicon.svg", "/favicon.ico"]) {
    app.get(path, async (_request, reply) =>
      reply.type("image/svg+xml").header("cache-control", "public, max-age=86400").send(markOf(colours)),
    );
  }
}
