/**
 * An agent of the demo: the verifier in front, A2A behind it, the executor inside, and a signing agent for calls of its own.
 *
 * @module
 */

import type { AgentExecutor, ServerCallContext } from "@a2a-js/sdk/server";
import {
  createDiscovery,
  createKeyRing,
  type Discovery,
  generateSigningKey,
  type ProvenCaller,
  type SigningKey,
} from "aauth";
import { type Agent, createAgent, type TokenCache, type Transport } from "aauth/agent";
import { SIGNATURE_ALGORITHMS } from "aauth/wire";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth, type Level } from "fastify-aauth";
import { createAgentTrace, traceDiscovery, traceMessages, verificationTrace } from "protocol-trace";
import { AGENTS } from "topology";
import { type AgentCardOptions, createAgentCard, fastifyA2A } from "./a2a/index.ts";
import { agentRequirement } from "./agent-requirement.ts";
import type { AgentConfig, NamedAgent } from "./agent-settings.ts";
import { createAgentLog, createVerificationLog } from "./protocol-log/index.ts";
import { acceptedFromPeers, dialectsOf, warnOfPublishedPeers } from "./published-peers.ts";
import { createService, issuerOf, rotateKeys, type ServiceOptions } from "./service/index.ts";

/** What a test replaces. */
export interface AgentServiceDeps {
  readonly logger: ServiceOptions["logger"];
  /** Signs requests and resource tokens. Default: a new key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Sends requests to other agents and to the auth server. */
  readonly transport?: Transport;
  /** Where tokens are kept for the next call. Default: in memory, one cache for each peer. */
  readonly tokenCache?: TokenCache;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** What an agent's own parts are made of. */
export interface AgentParts {
  /** Identity of this agent. */
  readonly id: string;
  /** Issuer of the tokens it accepts. */
  readonly authServer: string;
  readonly discovery: Discovery;
  /** Whether other parties may be on loopback, over plain http: so where this agent's own identity is. */
  readonly development: boolean;
  readonly logger: ServiceOptions["logger"];
  /** Unix seconds. */
  now(): number;
  /**
   * This agent as it calls a peer, with a log and a trace for each.
   *
   * @param address of the peer: what it is called at, or its identifier
   * @param signatureScheme default: that of the settings
   */
  agentFor(peer: string, address: string, signatureScheme?: "hwk" | "jwks"): Agent;
}

/** What a card says beside where the agent is. */
export type AgentCardTexts = Omit<AgentCardOptions, "url" | "extendedCard">;

export interface AgentServiceOptions {
  readonly agent: NamedAgent;
  readonly config: AgentConfig;
  readonly deps: AgentServiceDeps;
  /** The public card. */
  readonly card: AgentCardTexts;
  /** What the card for proven callers says instead. Default: the same. */
  readonly extendedCard?: Partial<AgentCardTexts>;
  /** What a caller must prove for a task in the autonomous scheme. Default: an auth token with the agent's scope. */
  readonly autonomousLevel?: Level;
  /** Scopes beside the agent's own. Those of another agent are described as a call of it. Default: none. */
  readonly additionalScopes?: readonly string[];
  /** Where this agent's users come back to. Default: nowhere. */
  readonly redirectUris?: readonly string[];
  /** Answers a message. */
  readonly executor: (parts: AgentParts) => AgentExecutor;
  /** Routes beside A2A, behind the same verifier. */
  readonly routes?: (scope: FastifyInstance, parts: AgentParts) => Promise<unknown>;
}

const CALLER = "caller";

/** The proven caller, on its way from the verifier to the executor: `caller.from(context)`. */
export const caller = {
  // Only `createAgentService` writes under this name, so the type holds.
  from: (context: ServerCallContext) => context.state.get(CALLER) as ProvenCaller | undefined,
};

/** Puts an agent together. Does NOT listen. */
export async function createAgentService(options: AgentServiceOptions): Promise<{ app: FastifyInstance }> {
  const { agent, config, deps, additionalScopes = [], redirectUris } = options;
  const requirement = agentRequirement(options);
  const { logger } = deps;
  const id = config.idUrl;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const newKey = (sequence: number) => generateSigningKey({ kid: `${agent.name}-ephemeral-${sequence}` });
  const keys = createKeyRing({ key: deps.key ?? (await newKey(1)), create: newKey, now });
  const development = id.startsWith("http:");
  const discovery = traceDiscovery(deps.discovery ?? createDiscovery({ development, now }));
  const authServer = issuerOf(config);

  const parts: AgentParts = {
    id,
    authServer,
    discovery,
    development,
    logger,
    now,
    agentFor(peer, address, signatureScheme = config.signatureScheme) {
      const traced = createAgentTrace(deps.transport);
      const log = createAgentLog(logger, peer);
      return createAgent({
        id,
        ...dialectsOf(config, address, authServer),
        key: keys,
        signatureScheme,
        trustedAuthServers: [authServer],
        discovery,
        revealTokens: config.showTokens,
        transport: traced.transport,
        observer: (event) => {
          traced.observer(event);
          log(event);
        },
        now,
        // The deadline of a question covers all its requests.
        timeouts: { requestMs: Number.POSITIVE_INFINITY },
        ...(deps.tokenCache && { tokenCache: deps.tokenCache }),
      });
    },
  };

  warnOfPublishedPeers(logger, config);
  const app = createService({ name: agent.name, logger });
  const verificationLog = createVerificationLog(logger, id);
  const card = createAgentCard({ ...options.card, url: `${config.url}/`, extendedCard: true });
  // Its readers have signed for the agent's identity, and would be refused at any other address.
  const extendedCard = createAgentCard({
    ...options.card,
    ...options.extendedCard,
    url: `${id}/`,
    extendedCard: true,
  });
  await app.register(async (scope) => {
    traceMessages(scope);
    await scope.register(fastifyAAuth, {
      resource: id,
      authServer,
      key: keys,
      discovery,
      now,
      cryptoMode: "pool",
      algs: SIGNATURE_ALGORITHMS,
      accept: acceptedFromPeers(config),
      ...(config.trustedAgents.length > 0 && { trustedAgents: config.trustedAgents }),
      scopes: [agent.scope, ...additionalScopes],
      scopeDescriptions: { ...describeScopes(additionalScopes), [agent.scope]: agent.scopeDescription },
      agent: { name: card.name, ...(redirectUris && { redirect_uris: [...redirectUris] }) },
      observer: (event, request) => {
        verificationTrace(event, request);
        verificationLog(event, request);
      },
    });
    await options.routes?.(scope, parts);
    await scope.register(fastifyA2A, {
      card,
      extendedCard,
      executor: options.executor(parts),
      stateFor: ({ caller: proven }) => new Map(proven ? [[CALLER, proven]] : []),
      routeConfig: {
        rpc: { aauth: requirement },
        card: { aauth: "public" },
        extendedCard: { aauth: requirement },
      },
    });
  });
  rotateKeys(app, keys, config.keyRotationSeconds);
  return { app };
}

/** Sentences for consent. A scope of no agent stands there by its name alone. */
function describeScopes(scopes: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(AGENTS)
      .filter(([, { scope }]) => scopes.includes(scope))
      .map(([name, { scope }]) => [scope, `Ask the ${name.replace(/-agent$/, " agent")} in your name`]),
  );
}
