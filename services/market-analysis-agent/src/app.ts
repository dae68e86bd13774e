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
import { createChallenger, createVerifier } from "aauth/resource";
import type { FastifyInstance } from "fastify";
import { fastifyA2A } from "fastify-a2a";
import { fastifyAAuth } from "fastify-aauth";
import { createGateLog } from "protocol-log";
import { createService, type ServiceOptions } from "service-kit";
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

/** Puts the service together: gate in front, A2A behind it, executor inside. */
export async function buildMarketAnalysisAgent(
  config: MarketAnalysisAgentConfig,
  deps: MarketAnalysisAgentDeps,
): Promise<{ app: FastifyInstance; key: SigningKey }> {
  const { logger } = deps;
  const { idUrl } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const key = deps.key ?? (await generateSigningKey({ kid: `${NAME}-ephemeral-1` }));
  // an agent whose own identity is http can only be one in development
  const development = idUrl.startsWith("http:");
  const discovery = deps.discovery ?? createDiscovery({ development, now });
  const authServer = `${config.authServerUrl}/realms/${config.realm}`;
  const authority = canonicalAuthority(idUrl);
  const requirement = requirementFor(config.authorizationScheme, config.autonomousLevel);
  const { card, extendedCard } = agentCards(config.url);

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
          supported_scopes: [ANALYZE_SCOPE],
          scope_descriptions: { [ANALYZE_SCOPE]: "Analyse laptop demand, inventory and market trends" },
        }),
        jwks: () => toJwks([key]),
      },
      observer: createGateLog(logger, idUrl),
    });
    await scope.register(fastifyA2A, {
      card,
      extendedCard,
      executor: marketAnalysisExecutor({ log: logger.child({ logger: "agent_executor" }), now }),
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
