import { createDiscovery, generateSigningKey, type SigningKey } from "aauth";
import { type Agent, type AgentOptions, createAgent } from "aauth/agent";
import {
  agentMetadata,
  type FebruaryAgentOptions,
  february2026Agent,
  february2026Jwks,
} from "aauth/february-2026";
import { serveDocuments } from "../visitor.ts";

/** An agent that no service of the demo knows: a key, and a port that serves its two documents. */
export interface Visitor {
  readonly id: string;
  readonly key: SigningKey;
  agent(options: Partial<FebruaryAgentOptions> & Pick<AgentOptions, "observer" | "stores">): Agent;
  stop(): Promise<void>;
}

/**
 * Starts the visitor. Its identity is valid while the demo's services can reach its port on this
 * machine.
 */
export async function startVisitor(authServers: readonly string[]): Promise<Visitor> {
  const key = await generateSigningKey({ kid: "visitor-1" });
  const { documents, port, stop } = await serveDocuments(0);
  const id = `http://visitor.localhost:${port}`;
  documents.set("/.well-known/aauth-agent", agentMetadata({ agent: id, name: "Visitor" }));
  documents.set("/jwks.json", february2026Jwks([key]));
  const discovery = createDiscovery({ development: true });
  return {
    id,
    key,
    agent: ({ observer, stores, ...options }) => {
      const profile = february2026Agent({ signatureScheme: "jwks", authServers, ...options });
      return createAgent({ id, key, profile, discovery, observer, stores });
    },
    stop,
  };
}
