/**
 * Our resource as a target: three routes behind `aauth/fetch` or `fastify-aauth`.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { createAddressMap, createDiscovery, generateSigningKey, type Requirement } from "aauth";
import { protect } from "aauth/fetch";
import { createResource, type Resource } from "aauth/resource";
import Fastify from "fastify";
import { fastifyAAuth } from "fastify-aauth";

export const RESOURCE = "https://target.example";
export const ROUTES = { "agent-token": "/agent", "person-token": "/person", "auth-token": "/data" } as const;
const SCOPE = "data.read";

export interface OwnResourceOptions {
  readonly gate: "fetch" | "fastify";
  /** Addresses of the parties that the suite plays. */
  readonly peers: Readonly<Record<string, string>>;
  readonly personServer: string;
}

export interface StartedTarget {
  readonly address: string;
  close(): Promise<void>;
}

export async function startOwnResource(options: OwnResourceOptions): Promise<StartedTarget> {
  const map = createAddressMap(options.peers);
  const resource = createResource({
    resource: RESOURCE,
    key: await generateSigningKey({ kid: "target-1" }),
    personServers: [options.personServer],
    scopes: [SCOPE],
    scopeDescriptions: { [SCOPE]: "Read the data of the target" },
    discovery: createDiscovery({ transport: map.documents }),
  });
  return options.gate === "fetch" ? startFetch(resource) : startFastify(resource);
}

async function startFetch(resource: Resource): Promise<StartedTarget> {
  const serve = (name: string) => () => new Response(`served by ${name}`);
  const routes: Record<string, (request: Request) => Promise<Response>> = {
    [ROUTES["agent-token"]]: protect(resource, { level: "agent-token" }, serve("agent")),
    [ROUTES["person-token"]]: protect(resource, { level: "person-token" }, serve("person")),
    [ROUTES["auth-token"]]: protect(resource, { level: "auth-token", scopes: [SCOPE] }, serve("data")),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const handler = routes[path] ?? routes[ROUTES["auth-token"]]!;
    const { status, headers, body } = await handler(requestOf(request));
    response.writeHead(status, Object.fromEntries(headers));
    response.end(body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer()));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function requestOf(request: IncomingMessage): Request {
  const method = request.method ?? "GET";
  const headers = new Headers();
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    headers.append(request.rawHeaders[at]!, request.rawHeaders[at + 1]!);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`${RESOURCE}${request.url}`, {
    method,
    headers,
    ...(hasBody && { body: Readable.toWeb(request) as ReadableStream, duplex: "half" }),
  });
}

async function startFastify(resource: Resource): Promise<StartedTarget> {
  const app = Fastify();
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, { resource });
    const method = ["GET", "POST", "DELETE", "PUT"];
    const route = (name: string, aauth: Requirement) =>
      scope.route({ method, url: `/${name}`, config: { aauth }, handler: async () => `served by ${name}` });
    route("agent", { level: "agent-token" });
    route("person", { level: "person-token" });
    route("data", { level: "auth-token", scopes: [SCOPE] });
  });
  return { address: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
}
