import {
  agentMetadata,
  canonicalAuthority,
  createDiscovery,
  type Discovery,
  generateSigningKey,
  resourceMetadata,
  type SigningKey,
  toJwks,
} from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { createChallenger, createVerifier } from "aauth/resource";
import type { FastifyInstance } from "fastify";
import { fastifyA2A } from "fastify-a2a";
import { fastifyAAuth } from "fastify-aauth";
import { createAgentLog, createGateLog } from "protocol-log";
import { createService, type ServiceOptions } from "service-kit";
import { agentCards } from "./agent-card.ts";
import { caller } from "./caller.ts";
import { createAskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import { createMarketAnalysisClient } from "./clients/market-analysis-client.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { optimizationExecutor } from "./executor.ts";
import { OPTIMIZE_SCOPE, requirementFor } from "./requirement.ts";

const NAME = "supply-chain-agent";

export interface SupplyChainAgentDeps {
  readonly logger: ServiceOptions["logger"];
  /** Signs requests and resource tokens. Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Sends requests to the next agent and to the auth server. */
  readonly transport?: Transport;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** Puts the service together: gate in front, A2A behind it, executor inside, and the way to the next agent. */
export async function buildSupplyChainAgent(
  config: SupplyChainAgentConfig,
  deps: SupplyChainAgentDeps,
): Promise<{ app: FastifyInstance; key: SigningKey }> {
  const { logger } = deps;
  const { idUrl } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const key = deps.key ?? (await generateSigningKey({ kid: `${NAME}-ephemeral-1` }));
  // an agent whose own identity is http can only be one in development
  const discovery = deps.discovery ?? createDiscovery({ development: idUrl.startsWith("http:"), now });
  const authServer = `${config.authServerUrl}/realms/${config.realm}`;
  const { card, extendedCard } = agentCards(config.url);
  const timeoutMs = marketAnalysisTimeoutMs(config);

  const agent = createAgent({
    id: idUrl,
    key,
    signatureScheme: config.signatureScheme,
    trustedAuthServers: [authServer],
    discovery,
    revealTokens: config.showTokens,
    observer: createAgentLog(logger, "market-analysis-agent"),
    now,
    timeouts: { requestMs: timeoutMs },
    ...(deps.transport && { transport: deps.transport }),
  });
  const askMarketAnalysis = createAskMarketAnalysis({
    client: createMarketAnalysisClient({ url: config.marketAnalysisUrl, agent, timeoutMs }),
    onBehalfOfCaller: config.authorizationScheme === "user-delegated",
    log: logger.child({ logger: "agent_executor" }),
  });

  const authority = canonicalAuthority(idUrl);
  const requirement = requirementFor(config.authorizationScheme, config.additionalScopes);
  const app = createService({ name: NAME, logger });
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      authority,
      verifier: createVerifier({
        authorities: [authority],
        audience: idUrl,
        trustedIssuers: [authServer],
        discovery,
        now,
        cryptoMode: "pool",
        ...(config.trustedAgents.length > 0 && { trustedAgents: config.trustedAgents }),
      }),
      challenger: createChallenger({ key, resource: idUrl, authServer, now }),
      wellKnown: {
        agent: agentMetadata({ agent: idUrl, name: card.name }),
        resource: resourceMetadata({
          resource: idUrl,
          supported_scopes: [OPTIMIZE_SCOPE, ...config.additionalScopes],
          scope_descriptions: scopeDescriptions(config.additionalScopes),
        }),
        jwks: () => toJwks([key]),
      },
      observer: createGateLog(logger, idUrl),
    });
    await scope.register(fastifyA2A, {
      card,
      extendedCard,
      executor: optimizationExecutor({ log: logger.child({ logger: "agent_executor" }), askMarketAnalysis }),
      contextFor: ({ agent }) => ({ state: new Map(agent ? [caller.entry(agent)] : []) }),
      routeConfig: {
        rpc: { aauth: requirement },
        card: { aauth: "public" },
        extendedCard: { aauth: requirement },
      },
    });
  });
  return { app, key };
}

/** Requests know no phases here, so the time for all of them is one deadline. */
function marketAnalysisTimeoutMs(config: SupplyChainAgentConfig): number {
  const seconds =
    config.marketAnalysisPoolTimeoutSeconds +
    config.marketAnalysisConnectTimeoutSeconds +
    config.marketAnalysisWriteTimeoutSeconds +
    config.marketAnalysisReadTimeoutSeconds;
  return seconds * 1000;
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
