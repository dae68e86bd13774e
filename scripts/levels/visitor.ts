import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { agentMetadata, createDiscovery, generateSigningKey, type SigningKey, toJwks } from "aauth";
import { type Agent, type AgentOptions, createAgent } from "aauth/agent";

/** An agent that no service of the demo knows: a key, and its two documents on a port of its own. */
export interface Visitor {
  readonly id: string;
  readonly key: SigningKey;
  agent(options: Pick<AgentOptions, "signatureScheme"> & Partial<AgentOptions>): Agent;
  stop(): Promise<void>;
}

/** Starts the visitor. Its identity is valid while the demo's services can reach its port on this machine. */
export async function startVisitor(trustedAuthServers: readonly string[]): Promise<Visitor> {
  const key = await generateSigningKey({ kid: "visitor-1" });
  const documents = new Map<string, unknown>();
  const server = createServer((request, response) => {
    const document = documents.get(request.url ?? "");
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const id = `http://visitor.localhost:${(server.address() as AddressInfo).port}`;
  documents.set("/.well-known/aauth-agent", agentMetadata({ agent: id, name: "Visitor" }));
  documents.set("/jwks.json", toJwks([key]));
  const discovery = createDiscovery({ development: true });
  return {
    id,
    key,
    agent: (options) => createAgent({ id, key, trustedAuthServers, discovery, ...options }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
