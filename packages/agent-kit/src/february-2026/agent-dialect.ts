import { createDiscovery } from "aauth";
import { february2026Agent, february2026Resource } from "aauth/february-2026";
import { AGENTS } from "topology";
import type { AgentDialect, DialectOptions } from "../agent-dialect.ts";
import { issuerOf } from "../service/config/index.ts";
import { agentRequirement } from "./agent-requirement.ts";
import { acceptedFromPeers, dialectsOf, publishedPeerHint, warnOfPublishedPeers } from "./published-peers.ts";

/** An agent of the published walk-through. */
export function februaryDialect(options: DialectOptions): AgentDialect {
  const { agent, config, deps, additionalScopes = [], redirectUris, name, now } = options;
  const authServer = issuerOf(config);
  warnOfPublishedPeers(deps.logger, config);
  return {
    discovery: deps.discovery ?? createDiscovery({ development: config.idUrl.startsWith("http:"), now }),
    transport: deps.transport,
    kids: { kidPrefix: `${agent.name}-ephemeral`, firstKid: `${agent.name}-ephemeral-1` },
    requirement: agentRequirement(options),
    authServer,
    hint: publishedPeerHint,
    onBehalfOfCaller: config.authorizationScheme === "user-delegated",
    resource: {
      profile: february2026Resource({ authServer, algs: ["ed25519"] }),
      accept: acceptedFromPeers(config, authServer),
      scopes: [agent.scope, ...additionalScopes],
      scopeDescriptions: { ...describeScopes(additionalScopes), [agent.scope]: agent.scopeDescription },
      agent: { name, ...(redirectUris && { redirect_uris: [...redirectUris] }) },
    },
    calling: (address, signatureScheme) => ({
      id: config.idUrl,
      profile: february2026Agent({
        ...dialectsOf(config, address, authServer),
        signatureScheme,
        authServers: [authServer],
      }),
      // The deadline of a question covers all its requests.
      timeouts: { requestMs: Number.POSITIVE_INFINITY },
    }),
  };
}

/** Sentences for consent. A scope that belongs to no agent is described by its name. */
function describeScopes(scopes: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(AGENTS)
      .filter(([, { scope }]) => scopes.includes(scope))
      .map(([name, { scope }]) => [scope, `Ask the ${name.replace(/-agent$/, " agent")}`]),
  );
}
