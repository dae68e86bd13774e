/** Node frameworks in this process, from the folder that `npm run test:all -- runtimes` makes. */

import type { RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { protect as protectFetch } from "aauth/fetch";
import { type NodeRequest, protect } from "aauth/node";
import Fastify from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { MCP_SERVERS } from "./mcp-servers.ts";
import { listen } from "./parties.ts";
import { load, type ServerUnderTest, type Started } from "./server-under-test.ts";
import { handle } from "./servers/handle.ts";
import {
  BOUNDS,
  createReports,
  MAX_BODY_BYTES,
  requirementOf,
  SERVED,
  type Settings,
  seen,
} from "./servers/reports.ts";

function answer(response: ServerResponse, { url, method = "" }: NodeRequest, body: string): void {
  if (url?.endsWith("/fail")) throw new Error("of the handler");
  response.setHeader(SERVED, "yes").end(JSON.stringify(seen(method, body)));
}

const gateOf = async (settings: Settings) =>
  protect(await createReports(settings), requirementOf(settings), BOUNDS);

async function nodeHttp(settings: Settings): Promise<Started> {
  const gate = await gateOf(settings);
  return listen((request, response) => {
    void gate(request, response, async () => answer(response, request, await text(request)));
  });
}

/** `app.use` of Express and Connect. */
interface Middlewares extends RequestListener {
  use(middleware: (request: NodeRequest, response: ServerResponse, next: () => void) => unknown): void;
}
/** A request after a parser. */
type Parsed = NodeRequest & { readonly body?: unknown };

async function express(settings: Settings): Promise<Started> {
  const gate = await gateOf(settings);
  type Express = (() => Middlewares) & {
    text(options: { readonly type: () => boolean }): Parameters<Middlewares["use"]>[0];
  };
  const { default: create } = await load<{ default: Express }>("express");
  const app = create();
  app.use(gate);
  app.use(create.text({ type: () => true }));
  app.use((request: Parsed, response) => answer(response, request, String(request.body ?? "")));
  return listen(app);
}

async function connect(settings: Settings): Promise<Started> {
  const gate = await gateOf(settings);
  const { default: create } = await load<{ default: () => Middlewares }>("connect");
  const app = create();
  app.use(gate);
  app.use(async (request, response) => {
    const body = await text(request);
    try {
      answer(response, request, body);
    } catch {
      response.writeHead(500).end();
    }
  });
  return listen(app);
}

async function hono(settings: Settings): Promise<Started> {
  const gate = protectFetch(await createReports(settings), requirementOf(settings), handle, BOUNDS);
  interface App {
    all(path: string, handler: (context: { req: { raw: Request } }) => Promise<Response>): void;
    readonly fetch: (request: Request) => Promise<Response>;
  }
  const { Hono } = await load<{ Hono: new () => App }>("hono");
  const { getRequestListener } = await load<{
    getRequestListener(fetch: App["fetch"]): RequestListener;
  }>("@hono/node-server");
  const app = new Hono();
  app.all("*", (context) => gate(context.req.raw));
  return listen(getRequestListener(app.fetch));
}

async function fastify(settings: Settings): Promise<Started> {
  const { bodyTimeoutMs: requestTimeout } = BOUNDS;
  const http = { requestTimeout, headersTimeout: requestTimeout, connectionsCheckingInterval: 100 };
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, requestTimeout, http });
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, { resource: await createReports(settings) });
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
    scope.removeContentTypeParser("application/json");
    scope.all("/*", { config: { aauth: requirementOf(settings) } }, async (request, reply) => {
      if (request.url.endsWith("/fail")) throw new Error("of the handler");
      return reply.header(SERVED, "yes").send(seen(request.method, String(request.body ?? "")));
    });
  });
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: Number(new URL(address).port), stop: () => app.close() };
}

/** By the names that the table of the documents has. */
export const NODE_SERVERS: Readonly<Record<string, ServerUnderTest>> = {
  "node:http": { gate: "aauth/node", start: nodeHttp },
  "Express 5": { gate: "aauth/node", packages: ["express"], start: express },
  Connect: { gate: "aauth/node", packages: ["connect"], start: connect },
  "Hono on Node": { gate: "aauth/fetch", packages: ["hono", "@hono/node-server"], start: hono },
  Fastify: { gate: "fastify-aauth", packages: ["fastify"], start: fastify },
  ...MCP_SERVERS,
};
