import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

const DEFAULT_FOLDER = fileURLToPath(new URL("../../../../ui/dist", import.meta.url));

/**
 * Scripts, styles and requests are this server's only, so that an attribute of a span that became
 * markup could neither run nor call home.
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
 * The page of traces, which the UI's build makes as its second entry: a search on `/` and
 * `/search`, one trace on `/trace/{id}`, the addresses Jaeger has.
 *
 * @param options.folder the built page; empty: the repository's `ui/dist`. Without a page in it,
 * its addresses are 404
 */
export async function pageRoutes(app: FastifyInstance, options: { readonly folder: string }): Promise<void> {
  const folder = options.folder || DEFAULT_FOLDER;
  if (!existsSync(join(folder, "traces.html"))) {
    app.log.warn({ folder }, "there is no built page: queries are answered, and no page is served");
    return;
  }
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(HEADERS);
  });
  // The names of these files carry a hash of their content.
  await app.register(fastifyStatic, {
    root: join(folder, "assets"),
    prefix: "/assets/",
    index: false,
    immutable: true,
    maxAge: "365d",
    // The build compresses them.
    preCompressed: true,
  });
  const send = (file: string) => (_request: unknown, reply: FastifyReply) =>
    reply.sendFile(file, folder, { immutable: false, maxAge: 0 });
  for (const url of ["/", "/search", "/trace/:traceID"]) app.get(url, send("traces.html"));
  app.get("/favicon.svg", send("favicon.svg"));
}
