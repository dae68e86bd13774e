import { createDiscovery, createKeyRing, type Discovery, generateSigningKey, type SigningKey } from "aauth";
import { createAgent, type TokenCache, type Transport } from "aauth/agent";
import { SIGNATURE_ALGORITHMS } from "aauth/wire";
import { fastifyA2A } from "agent-kit/a2a";
import { createAgentLog, createGateLog } from "agent-kit/protocol-log";
import { createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { createAgentTrace, gateTrace, traceDiscovery, traceMessages } from "protocol-trace";
import { agentCards } from "./agent-card.ts";
import { caller } from "./caller.ts";
import { catalogueLimits, catalogueRoutes } from "./catalogue/catalogue-routes.ts";
import { createAskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import { createMarketAnalysisClient } from "./clients/market-analysis-client.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { optimizationExecutor } from "./executor.ts";
import { createIdentifyPerson } from "./interaction/identify-person.ts";
import { interactionRoutes } from "./interaction/interaction-routes.ts";
import { createInteractions } from "./interaction/interactions.ts";
import { orderRoutes } from "./orders/order-routes.ts";
import { OPTIMIZE_SCOPE, requirementFor } from "./requirement.ts";

const NAME = "supply-chain-agent";

export interface SupplyChainAgentDeps {
  readonly logger: ServiceOptions["logger"];
  /** Signs requests and resource tokens. Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Sends requests to the next agent and to the auth server. */
  readonly transport?: Transport;
  /** Where tokens are kept for the next call. Default: in memory, one cache for each peer. */
  readonly tokenCache?: TokenCache;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** Puts the service together: verifier in front, A2A behind it, executor inside, and the way to the next agent. */
export async function buildSupplyChainAgent(
  config: SupplyChainAgentConfig,
  deps: SupplyChainAgentDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const { idUrl } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const newKey = (sequence: number) => generateSigningKey({ kid: `${NAME}-ephemeral-${sequence}` });
  const keys = createKeyRing({ key: deps.key ?? (await newKey(1)), create: newKey, now });
  // an agent whose own identity is http can only be one in development
  const development = idUrl.startsWith("http:");
  const discovery = traceDiscovery(deps.discovery ?? createDiscovery({ development, now }));
  const authServer = `${config.authServerUrl}/realms/${config.realm}`;
  const { card, extendedCard } = agentCards(config.url, config.idUrl);
  const timeoutMs = marketAnalysisTimeoutMs(config);

  /** This agent as it calls others; each gets a log and a trace of its own. */
  const agentFor = (peer: string, signatureScheme: "hwk" | "jwks") => {
    const traced = createAgentTrace(deps.transport);
    const log = createAgentLog(logger, peer);
    return createAgent({
      id: idUrl,
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
      // The client's deadline is for all requests of a question.
      timeouts: { requestMs: Number.POSITIVE_INFINITY },
      ...(deps.tokenCache && { tokenCache: deps.tokenCache }),
    });
  };
  const agent = agentFor("market-analysis-agent", config.signatureScheme);
  const askMarketAnalysis = createAskMarketAnalysis({
    client: createMarketAnalysisClient({ url: config.marketAnalysisUrl, agent, timeoutMs }),
    onBehalfOfCaller: config.authorizationScheme === "user-delegated",
    log: logger.child({ logger: "agent_executor" }),
  });

  const redirectUri = `${idUrl}/interaction/callback`;
  const interactions = createInteractions(now);
  const requirement = requirementFor(config.authorizationScheme, config.additionalScopes);
  const app = createService({ name: NAME, logger });
  const gateLog = createGateLog(logger, idUrl);
  await app.register(async (scope) => {
    traceMessages(scope);
    await scope.register(fastifyAAuth, {
      resource: idUrl,
      authServer,
      key: keys,
      discovery,
      now,
      cryptoMode: "pool",
      algs: SIGNATURE_ALGORITHMS,
      ...(config.trustedAgents.length > 0 && { trustedAgents: config.trustedAgents }),
      scopes: [OPTIMIZE_SCOPE, ...config.additionalScopes],
      scopeDescriptions: scopeDescriptions(config.additionalScopes),
      agent: { name: card.name, redirect_uris: [redirectUri] },
      observer: (event, request) => {
        gateTrace(event, request);
        gateLog(event, request);
      },
    });
    await scope.register(catalogueRoutes, {
      limits: catalogueLimits(
        {
          pseudonymous: config.cataloguePseudonymousPerMinute,
          identified: config.catalogueIdentifiedPerMinute,
          authorized: config.catalogueAuthorizedPerMinute,
        },
        [OPTIMIZE_SCOPE],
      ),
    });
    const pageLog = logger.child({ logger: "user_interaction" });
    await scope.register(orderRoutes, { id: idUrl, interactions, log: pageLog });
    await scope.register(interactionRoutes, {
      id: idUrl,
      interactions,
      // At the auth server this agent is always itself, also where it calls the next agent by key alone.
      identify: createIdentifyPerson({
        id: idUrl,
        agent: agentFor("auth-server", "jwks"),
        authServer,
        redirectUri,
        discovery,
        now,
      }),
      discovery,
      development,
      log: pageLog,
    });
    await scope.register(fastifyA2A, {
      card,
      extendedCard,
      executor: optimizationExecutor({ log: logger.child({ logger: "agent_executor" }), askMarketAnalysis }),
      contextFor: ({ caller: proven }) => ({ state: new Map(proven ? [caller.entry(proven)] : []) }),
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

/** Requests know no phases here, so the time for all of them is one limit. */
function marketAnalysisTimeoutMs(config: SupplyChainAgentConfig): number {
  const seconds =
    config.marketAnalysisPoolTimeoutSeconds +
    config.marketAnalysisConnectTimeoutSeconds +
    config.marketAnalysisWriteTimeoutSeconds +
    config.marketAnalysisReadTimeoutSeconds;
  return Math.min(seconds, config.marketAnalysisDeadlineSeconds) * 1000;
}

const SCOPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  [OPTIMIZE_SCOPE]: "Optimize the laptop supply chain in your name",
  "market-analysis:analyze": "Ask the market-analysis agent in your name",
};

/** The sentence a person reads when asked for consent; scopes nobody described are left to their names. */
function scopeDescriptions(additionalScopes: readonly string[]): Record<string, string> {
  const described = [OPTIMIZE_SCOPE, ...additionalScopes].filter((scope) =>
    Object.hasOwn(SCOPE_DESCRIPTIONS, scope),
  );
  return Object.fromEntries(described.map((scope) => [scope, SCOPE_DESCRIPTIONS[scope] ?? scope]));
}
