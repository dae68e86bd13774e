/**
 * A resource, agents, their provider and a person server that grants without asking, in memory: the
 * real ones, over a transport that passes each request to the party's `fetch`.
 *
 * @module
 */

import {
  agentProviderMetadata,
  createDiscovery,
  generateSigningKey,
  readAtMost,
  type SigningKey,
  toJwks,
} from "aauth";
import { type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { createResource, type ResourceOptions } from "aauth/resource";
import { createPersonServer, type Decide } from "aauth/server";

export const RESOURCE = "https://resource.example";
export const PERSON_SERVER = "https://ps.example";
export const PROVIDER = "https://agent.example";

type Serve = (request: Request) => Promise<Response>;

export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** @param over of the resource; its scopes are `data.read` and `data.write` */
export async function createParties(
  over: Partial<ResourceOptions> = {},
  decide: Decide = () => ({ type: "grant" }),
) {
  const hosts = new Map<string, Serve>();
  const published: SigningKey[] = [];
  /** Requests that agents have sent, as signed. */
  const sent: SentRequest[] = [];
  const serve: Serve = async (request) => {
    const served = hosts.get(new URL(request.url).origin);
    if (served === undefined) throw new Error(`nothing listens at ${request.url}`);
    return served(request);
  };
  const transport: Transport = (url, { method, headers, body, signal }) => {
    sent.push({ url, method, headers, body: new TextDecoder().decode(body) });
    return serve(new Request(url, { method, headers, body: body ?? null, signal: signal ?? null }));
  };
  const discovery = createDiscovery({
    async transport(url) {
      const { status, body, headers } = await serve(new Request(url));
      return { status, headers, body: await readAtMost(body, 65_536) };
    },
  });
  const personServer = createPersonServer({
    issuer: PERSON_SERVER,
    key: await generateSigningKey({ kid: "ps-1" }),
    discovery,
    transport,
    subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
    decide,
    personOf: ({ sub }) => `person of ${sub}`,
  });
  hosts.set(PERSON_SERVER, async (request) => {
    const { pathname, search } = new URL(request.url);
    const answer = await personServer.handle({
      method: request.method,
      target: pathname + search,
      headers: Object.fromEntries(request.headers),
      body: request.body === null ? undefined : new Uint8Array(await request.arrayBuffer()),
    });
    if (answer === undefined) return new Response(null, { status: 404 });
    return new Response(answer.body || null, { status: answer.status, headers: { ...answer.headers } });
  });
  hosts.set(PROVIDER, async ({ url }) =>
    Response.json(
      url.endsWith("/jwks.json") ? toJwks(published) : agentProviderMetadata({ issuer: PROVIDER }),
    ),
  );
  const resource = createResource({
    resource: RESOURCE,
    key: await generateSigningKey({ kid: "resource-1" }),
    discovery,
    personServers: [PERSON_SERVER],
    scopes: ["data.read", "data.write"],
    scopeDescriptions: { "data.read": "Read your data", "data.write": "Change your data" },
    ...over,
  });
  return {
    resource,
    sent,
    serve,
    discovery,
    transport,
    /** Replaces the resource by a server. */
    listen: (served: Serve) => void hosts.set(RESOURCE, served),
    /**
     * An agent with a key and a person. All are created before the first call, because key sets are
     * cached.
     */
    async agent(name: string, more: Partial<AgentOptions> = {}) {
      const key = await generateSigningKey({ kid: `${name}-1` });
      published.push(key);
      const own = { id: `aauth:${name}@agent.example`, key, personServer: PERSON_SERVER };
      return { key, ...createAgent({ ...own, discovery, transport, ...more }) };
    },
  };
}

/** Sends a message again, unchanged except for `over`. */
export const again = (
  { serve }: { readonly serve: Serve },
  { url, method, headers, body }: SentRequest,
  over: RequestInit = {},
): Promise<Response> =>
  serve(new Request(url, { method, headers, body: body === "" ? null : body, ...over }));
