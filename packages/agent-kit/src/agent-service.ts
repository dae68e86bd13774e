/**
 * An agent of the demo: verifier, A2A, executor, and a signing agent for its own calls.
 *
 * @module
 */

import type { AgentExecutor, ServerCallContext } from "@a2a-js/sdk/server";
import {
  createMemoryStores,
  type Discovery,
  type Level,
  type Observer,
  type ProvenCaller,
  type Stores,
} from "aauth";
import { type Agent, type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { type AgentCardOptions, CALLER, callerOf, createA2AHandler, createAgentCard } from "aauth-a2a";
import { fastifyA2A } from "aauth-a2a/fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { createLocalJobs, type Jobs } from "jobs";
import { createAgentTrace, traceDiscovery, traceMessages, verificationTrace } from "protocol-trace";
import { type AgentDialect, agentDialect } from "./agent-dialect.ts";
import type { AgentConfig, NamedAgent } from "./agent-settings.ts";
import type { CallInteraction } from "./call-interaction.ts";
import { createWaitingReplies } from "./draft-11-waiting.ts";
import { createAgentLog, createVerificationLog } from "./protocol-log/index.ts";
import {
  createService,
  memoryKeys,
  rotateKeys,
  type ServiceKeys,
  type ServiceOptions,
} from "./service/index.ts";

/** Dependencies that tests replace. */
export interface AgentServiceDeps {
  readonly logger: ServiceOptions["logger"];
  /** Keys that sign requests and resource tokens. Default: new ones. */
  readonly keys?: ServiceKeys;
  readonly discovery?: Discovery;
  /** Sends requests to other agents and to the auth server. */
  readonly transport?: Transport;
  /** Stores of all that outlives a request. Default: in memory, for this process only. */
  readonly stores?: Stores;
  /**
   * Work that outlives a request, started and closed with the service. Default: in this process,
   * its rows in `stores`.
   */
  readonly jobs?: Jobs;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** Parts for an agent's own code. */
export interface AgentParts
  extends Pick<AgentDialect, "authServer" | "personServer" | "requirement" | "onBehalfOfCaller"> {
  /** Identity of this agent. */
  readonly id: string;
  readonly discovery: Discovery;
  /** Whether other parties may be on loopback over plain http: true if this agent's identity is. */
  readonly development: boolean;
  readonly logger: ServiceOptions["logger"];
  readonly stores: Stores;
  /** Unix seconds. */
  now(): number;
  /**
   * Creates an agent for calls to a peer, with its own log and trace.
   *
   * @param address address or identifier of the peer
   * @param signatureScheme default: that of the settings
   */
  agentFor(peer: string, address: string, signatureScheme?: "hwk" | "jwks"): Agent;
  /** The URL for a browser that corresponds to a party's URL. */
  browserUrl(url: string): string;
}

/** Content of a card, except the agent's address. */
export type AgentCardTexts = Omit<AgentCardOptions, "url" | "extendedCard">;

export interface AgentServiceOptions {
  readonly agent: NamedAgent;
  readonly config: AgentConfig;
  readonly deps: AgentServiceDeps;
  /** The public card. */
  readonly card: AgentCardTexts;
  /** Differences of the card for verified callers. Default: none. */
  readonly extendedCard?: Partial<AgentCardTexts>;
  /**
   * Required level of a task's caller in the autonomous scheme. Default: an auth token with the
   * agent's scope.
   */
  readonly autonomousLevel?: Level;
  /** Additional scopes. A scope of another agent is described as a call to it. Default: none. */
  readonly additionalScopes?: readonly string[];
  /** Addresses to which this agent's users return. Default: none. */
  readonly redirectUris?: readonly string[];
  /** Answers a message. */
  readonly executor: (parts: AgentParts) => AgentExecutor;
  /** Additional routes behind the same verifier. Default: none. */
  readonly routes?: (scope: FastifyInstance, parts: AgentParts) => Promise<unknown>;
}

const UPSTREAM = "upstream-token";
const PERSON = "person";

/**
 * Facts of a request, passed from the verifier to the executor: `caller.from(context)`. Only
 * `createAgentService` sets them.
 */
export const caller = {
  from: callerOf,
  /**
   * In draft -11, the token of the request, for a call on behalf of the same person. Undefined
   * for a caller without a person.
   */
  upstreamToken: (context: ServerCallContext) => context.state.get(UPSTREAM) as string | undefined,
  /** In draft -11, access to the caller's person. */
  person: (context: ServerCallContext) => context.state.get(PERSON) as CallInteraction | undefined,
};

/** Composes an agent. Does NOT listen. */
export async function createAgentService(options: AgentServiceOptions): Promise<{ app: FastifyInstance }> {
  const { agent, config, deps } = options;
  const { logger } = deps;
  const id = config.idUrl;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const stores = deps.stores ?? createMemoryStores({ now });
  const jobs = deps.jobs ?? createLocalJobs({ records: stores.records("jobs"), log: logger });
  const dialect = agentDialect({ ...options, name: options.card.name, now });
  const { requirement, map } = dialect;
  const keys = await (deps.keys ?? memoryKeys()).signingKeys(agent.name, { ...dialect.kids, now });
  const discovery = traceDiscovery(dialect.discovery);

  const parts: AgentParts = {
    ...dialect,
    id,
    discovery,
    development: id.startsWith("http:"),
    logger,
    stores,
    now,
    browserUrl: (url) => map?.browserUrl(url) ?? url,
    agentFor: (peer, address, signatureScheme = config.signatureScheme) =>
      callingAgent({
        ...dialect.calling(address, signatureScheme),
        key: keys,
        discovery,
        stores,
        now,
        revealTokens: config.showTokens,
        transport: dialect.transport,
        observer: createAgentLog(logger, peer),
      }),
  };

  const app = createService({ name: agent.name, logger });
  const verificationLog = createVerificationLog(logger, id, dialect.hint);
  const cards = agentCards(options);
  await app.register(async (scope) => {
    traceMessages(scope);
    await scope.register(fastifyAAuth, {
      ...dialect.resource,
      resource: id,
      key: keys,
      discovery,
      now,
      cryptoMode: "pool",
      stores,
      ...(config.agentProviders.length > 0 && { agentProviders: config.agentProviders }),
      observer: (event, request) => {
        verificationTrace(event, request);
        verificationLog(event, request);
      },
    });
    await options.routes?.(scope, parts);
    const handler = { ...cards, executor: options.executor(parts), observer: createFailureLog(logger) };
    const waiting =
      map &&
      createWaitingReplies({
        resource: scope.aauth.resource!,
        handler: createA2AHandler(handler),
        map,
        stores,
        jobs,
        stateOf,
      });
    await waiting?.serve(scope);
    await scope.register(fastifyA2A, {
      ...handler,
      stateFor: ({ caller }) => (caller === null ? new Map() : stateOf(caller)),
      ...(waiting && { replyWith: waiting.replyWith }),
      routeConfig: {
        rpc: { aauth: requirement },
        card: { aauth: "public" },
        extendedCard: { aauth: requirement },
      },
    });
  });
  rotateKeys(app, keys, config.keyRotationSeconds);
  // Other parties fetch the keys.
  app.addHook("onListen", () => jobs.start());
  app.addHook("onClose", () => jobs.close());
  return { app };
}

/** Logs what an executor has thrown. */
const createFailureLog =
  (logger: FastifyBaseLogger): Observer =>
  (event) => {
    if (event.type !== "unexpected_error") return;
    logger.child({ logger: "agent_executor" }).error({ err: event.error }, "❌ the agent failed");
  };

/** The public card, and the card for verified callers. */
function agentCards({ card, extendedCard, config }: AgentServiceOptions) {
  return {
    card: createAgentCard({ ...card, url: `${config.url}/`, extendedCard: true }),
    // Its readers sign for the agent's identity, and would be refused at any other address.
    extendedCard: createAgentCard({
      ...card,
      ...extendedCard,
      url: `${config.idUrl}/`,
      extendedCard: true,
    }),
  };
}

/** Creates an agent for calls to one peer, with its own trace. */
function callingAgent(options: AgentOptions & { observer: Observer<never> }): Agent {
  const traced = createAgentTrace(options.transport);
  return createAgent({
    ...options,
    transport: traced.transport,
    observer: (event) => {
      traced.observer(event);
      options.observer(event);
    },
  });
}

const stateOf = (proven: ProvenCaller, upstreamToken?: string, person?: CallInteraction) =>
  new Map<string, unknown>([
    [CALLER, proven],
    [UPSTREAM, upstreamToken],
    [PERSON, person],
  ]);
