import { createDiscovery, createKeyRing, type Discovery, generateSigningKey, type SigningKey } from "aauth";
import { SIGNATURE_ALGORITHMS } from "aauth/wire";
import { fastifyA2A } from "agent-kit/a2a";
import { createGateLog } from "agent-kit/protocol-log";
import { createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { gateTrace, traceDiscovery, traceMessages } from "protocol-trace";
import { agentCards } from "./agent-card.ts";
import { caller } from "./caller.ts";
import type { MarketAnalysisAgentConfig } from "./config.ts";
import { marketAnalysisExecutor } from "./executor.ts";
import { ANALYZE_SCOPE, requirementFor } from "./requirement.ts";

const NAME = "market-analysis-agent";

export interface MarketAnalysisAgentDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** Puts the service together: verifier in front, A2A behind it, executor inside. */
export async function buildMarketAnalysisAgent(
  config: MarketAnalysisAgentConfig,
  deps: MarketAnalysisAgentDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const { idUrl } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const newKey = (sequence: number) => generateSigningKey({ kid: `${NAME}-ephemeral-${sequence}` });
  const keys = createKeyRing({ key: deps.key ?? (await newKey(1)), create: newKey, now });
  // an agent whose own identity is http can only be one in development
  const development = idUrl.startsWith("http:");
  const discovery = traceDiscovery(deps.discovery ?? createDiscovery({ development, now }));
  const requirement = requirementFor(config.authorizationScheme, config.autonomousLevel);
  const { card, extendedCard } = agentCards(config.url, config.idUrl);

  const app = createService({ name: NAME, logger });
  const gateLog = createGateLog(logger, idUrl);
  await app.register(async (scope) => {
    traceMessages(scope);
    await scope.register(fastifyAAuth, {
      resource: idUrl,
      authServer: `${config.authServerUrl}/realms/${config.realm}`,
      key: keys,
      discovery,
      now,
      cryptoMode: "pool",
      algs: SIGNATURE_ALGORITHMS,
      ...(config.trustedAgents.length > 0 && { trustedAgents: config.trustedAgents }),
      scopes: [ANALYZE_SCOPE],
      scopeDescriptions: { [ANALYZE_SCOPE]: "Analyse laptop demand, inventory and market trends" },
      agent: { name: card.name },
      observer: (event, request) => {
        gateTrace(event, request);
        gateLog(event, request);
      },
    });
    await scope.register(fastifyA2A, {
      card,
      extendedCard,
      executor: marketAnalysisExecutor({ log: logger.child({ logger: "agent_executor" }), now }),
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
