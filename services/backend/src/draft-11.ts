/**
 * The backend as an agent of draft -11. It acts for many users, and there an agent has one person: each user has an agent of their own, named by the
 * backend, which is its own agent provider.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  type AgentProviderMetadata,
  agentProviderMetadata,
  draft11,
  type KeyRing,
  type RecordStore,
} from "aauth";
import { type Agent, createAgent, type Grant } from "aauth/agent";
import { type Draft11Parties, isLoopbackCallback, requireServerIdentifier } from "agent-kit/draft-11";
import { createAgentTrace } from "protocol-trace";
import type { Evidence } from "./break-it/evidence.ts";
import type { BackendConfig } from "./config.ts";
import { RETURN_PATH } from "./routes/interaction-return.ts";
import { ORDER_RETURN_PATH } from "./routes/orders.ts";
import type { Interactions } from "./runs/run-service.ts";

export interface Draft11Agents {
  agentOf(userId: string): Agent;
  /** Identifier of a user's agent. */
  idOf(userId: string): string;
  readonly interactions: Interactions;
  /** Where the browser comes back to from a page that no run has sent it to. */
  readonly returnUrl: string;
  /** Where a browser comes back to from a page of an order. */
  readonly orderReturnUrl: (state: string) => string;
  /** `aauth-agent.json` */
  readonly document: AgentProviderMetadata;
}

/** As many as there are runs in memory. */
const MAX_AGENTS = 1_000;

/** @throws ConfigError for an identity that draft -11 does not have */
export function createDraft11Agents(options: {
  readonly config: BackendConfig;
  readonly parties: Draft11Parties;
  readonly keys: KeyRing;
  readonly tokenStore: RecordStore<Grant>;
  /** Keeps what the agents send. Default: nothing is kept. */
  readonly evidence?: Evidence | undefined;
  readonly now: () => number;
}): Draft11Agents {
  const { config, parties, keys, tokenStore, evidence, now } = options;
  const { agentUrl: issuer, supplyChainAgentUrl } = config;
  requireServerIdentifier("backend", "BACKEND_AGENT_URL", issuer);
  requireServerIdentifier("backend", "SUPPLY_CHAIN_AGENT_URL", supplyChainAgentUrl);
  const { host } = new URL(issuer);
  const { map, discovery, personServer } = parties;
  const callback = issuer + RETURN_PATH;
  const browsersCallback = map.browserUrl(callback);
  // Only an address on loopback may differ from the published one, by a query.
  const isLocal = isLoopbackCallback(browsersCallback);
  const idOf = (userId: string) => `aauth:${nameOf(userId)}@${host}`;
  // One for each user: an agent tells its equal requests of one second apart.
  const agents = new Map<string, Agent>();
  const agentOf = (userId: string) => {
    const known = agents.get(userId);
    if (known !== undefined) return known;
    if (agents.size >= MAX_AGENTS) agents.delete(agents.keys().next().value!);
    const traced = createAgentTrace(map.requests);
    const agent = createAgent({
      id: idOf(userId),
      profile: draft11,
      key: keys,
      trustedAuthServers: personServer === undefined ? [] : [personServer],
      discovery,
      tokenStore,
      revealTokens: config.showTokens,
      ...traced,
      ...(evidence && { transport: evidence.recording(traced.transport) }),
      now,
      // The deadline of a run covers all its requests.
      timeouts: { requestMs: Number.POSITIVE_INFINITY, pendingMs: Number.POSITIVE_INFINITY },
    });
    agents.set(userId, agent);
    return agent;
  };
  return {
    idOf,
    agentOf,
    interactions: {
      browserUrl: map.browserUrl,
      returnUrl: ({ id, returnState }) =>
        isLocal ? `${browsersCallback}?request_id=${id}&state=${returnState}` : callback,
    },
    returnUrl: isLocal ? browsersCallback : callback,
    orderReturnUrl: (state) =>
      isLocal ? `${map.browserUrl(issuer + ORDER_RETURN_PATH)}?state=${state}` : callback,
    document: agentProviderMetadata({
      issuer,
      name: "AcmeCorp Supply Chain",
      callback_endpoint: callback,
      localhost_callback_allowed: isLocal,
    }),
  };
}

/** Tells other parties nothing of the user but that it is the same one. */
function nameOf(userId: string): string {
  return `user-${createHash("sha256").update(userId).digest("base64url").slice(0, 22)}`;
}
