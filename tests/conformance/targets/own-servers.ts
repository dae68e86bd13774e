/**
 * Our person server and access server as targets, without a page: decisions are function calls.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createDiscovery, createEndpointMap, generateSigningKey, type Stores } from "aauth";
import { createAccessServer, createPersonServer, type WaitingRequest } from "aauth/server";
import type { Decide } from "aauth-conformance";
import type { StartedTarget } from "./own-resource.ts";

export const SERVER = "https://target.example";
/** Scope on which the resource's owner decides. */
export const OWNER_SCOPE = "data.owner";
const PERSON = "alice";

export interface StartedServer extends StartedTarget {
  readonly decide: Decide;
}

export interface OwnServerOptions {
  /** Addresses of the parties that the suite plays. */
  readonly peers: Readonly<Record<string, string>>;
  readonly stores?: Stores;
  /** Keys and secrets that replicas share. */
  readonly shared?: Awaited<ReturnType<typeof createShared>>;
}

export const createShared = async () => ({
  key: await generateSigningKey({ kid: "target-1" }),
  subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
});

async function common({ peers, stores, shared }: OwnServerOptions) {
  const map = createEndpointMap(peers);
  const { key, subjectSecret } = shared ?? (await createShared());
  const discovery = createDiscovery({ transport: map.documents });
  return {
    options: { issuer: SERVER, key, discovery, transport: map.requests, stores, log: () => {} },
    subjectSecret,
  };
}

export async function startPersonServer(
  options: OwnServerOptions & { readonly accessServer: string },
): Promise<StartedServer> {
  const { options: own, subjectSecret } = await common(options);
  const server = createPersonServer({ ...own, subjectSecret, accessServers: [options.accessServer] });
  return start(server, {
    approve: (reference, version) => server.approve(reference, { version, person: PERSON }),
    deny: (reference) => server.deny(reference, { person: PERSON }),
  });
}

export async function startAccessServer(
  options: OwnServerOptions & { readonly resource: string; readonly personServers: readonly string[] },
): Promise<StartedServer> {
  const { options: own } = await common(options);
  const { resource, personServers } = options;
  const server = createAccessServer({
    ...{ ...own, resources: [resource], personServers },
    decide: ({ scopes }) => ({ type: scopes.includes(OWNER_SCOPE) ? "interaction" : "grant" }),
  });
  return start(server, {
    approve: (reference, version) => server.approve(reference, { version }),
    deny: (reference) => server.deny(reference),
  });
}

type Served = Pick<ReturnType<typeof createPersonServer>, "handle" | "open" | "find" | "ask">;

async function start(
  server: Served,
  page: Record<"approve" | "deny", (reference: string, version: number) => Promise<string>>,
): Promise<StartedServer> {
  const http = createServer((request, response) => {
    answer(server, request)
      .then(({ status, headers, body }) => response.writeHead(status, { ...headers }).end(body))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const opened = new Map<string, WaitingRequest>();
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => http.close(() => resolve())),
    async decide(decision, { code }) {
      const first = opened.get(code) ?? (await server.open(code, "suite"));
      if (typeof first === "string") throw new Error(`the code was refused: ${first}`);
      opened.set(code, first);
      const { reference, version } = (await server.find(first.reference))!;
      const outcome =
        decision === "ask"
          ? await server.ask(reference, { question: "Why?" })
          : await page[decision](reference, version);
      if (outcome !== "done") throw new Error(`${decision} ended with ${outcome}`);
    },
  };
}

async function answer(server: Served, request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = [value].flat().join(", ");
  const body = chunks.length === 0 ? undefined : new Uint8Array(Buffer.concat(chunks));
  const { method = "", url: target = "" } = request;
  return (await server.handle({ method, target, headers, body })) ?? { status: 404, headers: {}, body: "" };
}
