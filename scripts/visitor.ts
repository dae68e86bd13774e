import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  agentProviderMetadata,
  createAddressMap,
  createDiscovery,
  draft11,
  generateSigningKey,
  toJwks,
} from "aauth";
import { type Agent, createAgent } from "aauth/agent";
import { DRAFT_11_SERVERS, identifierOf } from "topology";

/**
 * An agent that no service of the demo knows, its own agent provider, under a name that the demo's
 * services look for at one port.
 */
export interface Draft11Visitor {
  readonly id: string;
  readonly agent: Agent;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param options.endpoints addresses of the demo's parties, by identifier
 * @param options.port that the demo's services know
 */
export async function startDraft11Visitor({
  endpoints,
  port,
}: {
  endpoints: Readonly<Record<string, string>>;
  port: number;
}): Promise<Draft11Visitor> {
  // A new key id for each start, because the services cache the key set of the last one.
  const key = await generateSigningKey({ kid: `visitor-${randomBytes(6).toString("base64url")}` });
  const { documents, stop } = await serveDocuments(port);
  const issuer = identifierOf("visitor");
  documents.set("/.well-known/aauth-agent.json", agentProviderMetadata({ issuer, name: "Visitor" }));
  documents.set("/jwks.json", toJwks([key]));
  const id = `aauth:visitor@${new URL(issuer).host}`;
  const agent = createAgent({
    id,
    key,
    profile: draft11,
    discovery: createDiscovery({ development: true, addresses: createAddressMap(endpoints) }),
    personServer: identifierOf(DRAFT_11_SERVERS.personServer),
  });
  return { id, agent, stop };
}

/** Serves documents at a port, by path. */
export async function serveDocuments(port: number) {
  const documents = new Map<string, unknown>();
  const server = createServer((request, response) => {
    const document = documents.get(request.url ?? "");
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    documents,
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
