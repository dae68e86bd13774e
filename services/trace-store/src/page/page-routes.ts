import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

const DEFAULT_FOLDER = fileURLToPath(new URL("../../../../ui/dist", import.meta.url));

/**
 * Allows only this server's scripts, styles and requests, so that injected markup from a span's
 * attribute could neither run nor send data.
 */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "img-src", "connect-src", "form-action"].map((name) => `${name} 'self'`),
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/**
 * The traces page, built as the UI's second entry point: a search at `/` and `/search`, one trace
 * at `/trace/{id}`, the same URLs as in Jaeger.
 *
 * @param options.folder folder of the built page; empty: the repository's `ui/dist`. Without a
 * built page its URLs answer 404
 */
export async function pageRoutes(app: FastifyInstance, options: { readonly folder: string }): Promise<void> {
  const folder = options.folder || DEFAULT_FOLDER;
  if (!existsSync(join(folder, "traces.html"))) {
    app.log.warn({ folder }, "the page is not built: only queries are served");
    return;
  }
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(HEADERS);
  });
  // The names of these files contain a hash of their content.
  await app.register(fastifyStatic, {
    root: join(folder, "assets"),
    prefix: "/assets/",
    index: false,
    immutable: true,
    maxAge: "365d",
    // Compressed by the build.
    preCompressed: true,
  });
  const send = (file: string) => (_request: unknown, reply: FastifyReply) =>
    reply.sendFile(file, folder, { immutable: false, maxAge: 0 });
  for (const url of ["/", "/search", "/trace/:traceID"]) app.get(url, send("traces.html"));
  app.get("/favicon.svg", send("favicon.svg"));
}
