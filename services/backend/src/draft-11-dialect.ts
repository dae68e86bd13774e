/**
 * The backend as an agent of draft -11. Because an agent has one person there, each user has their
 * own agent; the backend is the agent provider that names it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type AddressMap, agentProviderMetadata, draft11, toJwks } from "aauth";
import type { Agent } from "aauth/agent";
import { draft11Key, draft11Parties, isLoopbackCallback, requireServerIdentifier } from "agent-kit/draft-11";
import { issuerOf } from "agent-kit/settings";
import { apiRoutes, type Hop } from "backend-api";
import { traceDiscovery } from "protocol-trace";
import { draft11BreakIt } from "./break-it/draft-11-break-it.ts";
import { createUserMissions, underMission } from "./calls/missions.ts";
import type { UserCall } from "./calls/user-call.ts";
import { draft11Tokens } from "./delegates/delegate-tokens.ts";
import { SubAgents } from "./delegates/sub-agents.ts";
import type { BackendDialect, DialectOptions } from "./dialect.ts";
import { keptKeySeconds, ownAgents } from "./own-agent.ts";
import { ORDER_RETURN_PATH } from "./routes/orders.ts";
import { interactionReturn, RETURN_PATH } from "./routes/returns.ts";

/** The number of runs in the store. */
const MAX_AGENTS = 1_000;

/** @throws ConfigError for an identity that draft -11 does not allow */
export async function createDraft11Dialect(options: DialectOptions): Promise<BackendDialect> {
  const { config, observe, stores, now } = options;
  const { agentUrl: issuer, supplyChainAgentUrl, mode } = config;
  const lifetimeSeconds = config.agentTokenSeconds;
  requireServerIdentifier("backend", "BACKEND_AGENT_URL", issuer);
  requireServerIdentifier("backend", "SUPPLY_CHAIN_AGENT_URL", supplyChainAgentUrl);
  const keys = await options.keys.signingKeys("backend", { keepSeconds: keptKeySeconds(config), now });
  const found = draft11Parties(config, { id: issuer, now, discovery: options.discovery });
  const parties = { ...found, discovery: traceDiscovery(found.discovery) };
  const { map, discovery, personServer, accessServer } = parties;
  const idOf = (userId: string) => `aauth:${nameOf(userId)}@${new URL(issuer).host}`;
  const createAgent = ownAgents({ ...options, keys, discovery, transport: map.requests });
  const plainAgentOf = onePerUser((userId) =>
    createAgent({
      id: idOf(userId),
      profile: draft11,
      personServer,
      // A run has one deadline for all its requests.
      timeouts: { requestMs: Number.POSITIVE_INFINITY, waitingMs: Number.POSITIVE_INFINITY },
    }),
  );
  const missions =
    mode === "mission"
      ? createUserMissions({
          agentOf: plainAgentOf,
          stores,
          now,
          proposal: {
            ...PROPOSAL,
            resources: [supplyChainAgentUrl, ...(config.otherResourceUrl ? [config.otherResourceUrl] : [])],
          },
        })
      : undefined;
  const agentOf =
    missions === undefined
      ? plainAgentOf
      : (userId: string) => underMission(plainAgentOf(userId), () => missions.of(userId));
  const returns = returnAddresses(issuer, map);
  const { browserUrl } = map;
  const hops = new Map<string, Hop>([[supplyChainAgentUrl, "supply-chain-agent"]]);
  if (personServer !== undefined) hops.set(personServer, "person-server");
  if (accessServer !== undefined) hops.set(accessServer, "access-server");
  return {
    keys,
    jwks: () => toJwks(keys.published()),
    discovery,
    documents: {
      [draft11.documents.kinds.agent.document.name]: agentProviderMetadata({
        issuer,
        name: "AcmeCorp Supply Chain",
        callback_endpoint: returns.callback,
        localhost_callback_allowed: returns.isLocal,
      }),
    },
    places: { agentUrl: supplyChainAgentUrl, issuer: issuerOf(config), backendUrl: issuer, hops },
    transport: map.requests,
    runs: {
      standingConsent: async () => undefined,
      calls: { agentOf, browserUrl, missions, returnUrl: returns.ofRun },
    },
    orders: {
      agentOf,
      browserUrl,
      missions,
      returnUrl: returns.ofOrder,
      named: () => ({ agent_provider: issuer }),
    },
    breakIt: () =>
      draft11BreakIt({
        mode,
        issuer,
        keys: keys.usable,
        parties,
        agentOf,
        idOf,
        now,
        agentUrl: supplyChainAgentUrl,
        otherResourceUrl: config.otherResourceUrl,
      }),
    delegates: (enrolments) => {
      const subAgents = new SubAgents({
        issuer,
        key: keys.current,
        personServer,
        idOf,
        agentOf,
        enrolments,
        lifetimeSeconds,
        resources: [supplyChainAgentUrl],
        browserUrl,
        returnUrl: returns.ofDelegate,
        discovery,
        transport: map.requests,
        timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
        observer: () => observe().observer,
        stores,
        now,
      });
      const tokens = draft11Tokens((...asked) => subAgents.issue(...asked));
      return { tokens, keyProof: draft11Key, callerFor: agentOf, subAgents };
    },
    unsupported: new Map([[apiRoutes.revokeConsent, UNSUPPORTED]]),
    returnRoutes: async (api, { runs }) => {
      await api.register(interactionReturn, { runs, frontendUrl: config.frontendUrl });
    },
  };
}

/** What each user's agent proposes in mode mission. The person may change the budget. */
const PROPOSAL = {
  description: `Optimize the laptop supply chain: read the stock, compare it with the market, and order laptops.

Budget: 20000 USD`,
  tools: [{ name: "optimize_supply_chain", description: "Read the stock and the market, and report." }],
};

const UNSUPPORTED =
  "Revocation here is not available with AAUTH_PROFILE=draft-11: revoke on the person server's page";

/**
 * Caches one agent per user, because only the same agent can distinguish equal requests within one
 * second.
 */
function onePerUser(create: (userId: string) => Agent): (userId: string) => Agent {
  const agents = new Map<string, Agent>();
  return (userId) => {
    const known = agents.get(userId);
    if (known !== undefined) return known;
    if (agents.size >= MAX_AGENTS) agents.delete(agents.keys().next().value!);
    const agent = create(userId);
    agents.set(userId, agent);
    return agent;
  };
}

/** Addresses that browsers return to from other parties' pages. */
function returnAddresses(issuer: string, { browserUrl }: Pick<AddressMap, "browserUrl">) {
  const callback = issuer + RETURN_PATH;
  const browsersCallback = browserUrl(callback);
  // Only a loopback address may differ from the published one, and only in its query.
  const isLocal = isLoopbackCallback(browsersCallback);
  return {
    callback,
    isLocal,
    ofRun: ({ id, state }: Pick<UserCall, "id" | "state">) =>
      isLocal ? `${browsersCallback}?request_id=${id}&state=${state}` : callback,
    ofOrder: ({ state }: Pick<UserCall, "state">) =>
      isLocal ? `${browserUrl(issuer + ORDER_RETURN_PATH)}?state=${state}` : callback,
    ofDelegate: isLocal ? browsersCallback : callback,
  };
}

/** A pseudonym by which other parties recognize the user. */
function nameOf(userId: string): string {
  return `user-${createHash("sha256").update(userId).digest("base64url").slice(0, 22)}`;
}
