import type { FastifyInstance } from "fastify";
import type { Site } from "./page.ts";
import { markOf } from "./style.ts";

/** The mark, where pages link to it and where browsers look without a link. */
export function serveIcon(app: FastifyInstance, { colours }: Pick<Site, "colours">): void {
  for (const path of ["/favicon.svg", "/favicon.ico"]) {
    app.get(path, async (_request, reply) =>
      reply.type("image/svg+xml").header("cache-control", "public, max-age=86400").send(markOf(colours)),
    );
  }
}
