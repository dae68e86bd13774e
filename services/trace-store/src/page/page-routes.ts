import { readFileSync } from "node:fs";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
} as const;

/** Everything the page is made of, by name; nothing else of the disk can be asked for. */
const ASSETS = [
  "style.css",
  "icon.svg",
  "page.js",
  "dom.js",
  "format.js",
  "trace-api.js",
  "trace-tree.js",
  "outside-cause.js",
  "search-view.js",
  "search-query.js",
  "service-label.js",
  "trace-view.js",
  "span-detail.js",
] as const;

/**
 * Scripts and styles come from here only, and requests go here only, so that an attribute that became markup by mistake could neither
 * run nor call home.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const PAGE_HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** A longer one cannot be an id; what the API says of any other is shown on the page. */
const LONGEST_TRACE_ID = 32;

/**
 * The page: search on `/` and `/search`, one trace on `/trace/{id}`, the addresses Jaeger has. A browser anywhere else gets a page with
 * the way back, whoever else problem details.
 */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(PAGE_HEADERS);
  });
  const document = readAsset("index.html");
  for (const url of ["/", "/search"]) {
    app.get(url, async (_request, reply) => reply.type(TYPES.html).send(document));
  }
  // No parameter: Fastify refuses a long one by itself, in JSON.
  app.get<{ Params: { "*": string } }>("/trace/*", (request, reply) => {
    const { "*": id } = request.params;
    if (id === "" || id.includes("/")) return notFound(request, reply, "Nothing is served at this address.");
    if (id.length > LONGEST_TRACE_ID) return notFound(request, reply, "A trace id is 1 to 32 hex digits.");
    return reply.type(TYPES.html).send(document);
  });
  app.get("/*", (request, reply) => notFound(request, reply, "Nothing is served at this address."));
  for (const name of ASSETS) {
    const content = readAsset(name);
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1) as keyof typeof TYPES];
    app.get(`/assets/${name}`, async (_request, reply) => reply.type(type).send(content));
  }
  const icon = readAsset("icon.svg");
  app.get("/favicon.ico", async (_request, reply) => reply.type(TYPES.svg).send(icon));
}

const NOT_FOUND = readAsset("not-found.html").toString();

function notFound(request: FastifyRequest, reply: FastifyReply, why: string): FastifyReply {
  if (isFromBrowser(request)) return sendNotFoundPage(reply, why);
  reply.callNotFound();
  return reply;
}

/** For {@link createService}: a person gets the page with the way back. */
export function answerMalformedPath(request: FastifyRequest, reply: FastifyReply): boolean {
  if (!isFromBrowser(request)) return false;
  sendNotFoundPage(reply.headers(PAGE_HEADERS), "The address cannot be read.");
  return true;
}

function isFromBrowser({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes("text/html") === true;
}

function sendNotFoundPage(reply: FastifyReply, why: string): FastifyReply {
  return reply.code(404).header("vary", "accept").type(TYPES.html).send(NOT_FOUND.replace("{{why}}", why));
}

function readAsset(name: string): Buffer {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url));
}
