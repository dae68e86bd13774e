import { type AgentParts, type AgentServiceDeps, createAgentService } from "agent-kit";
import type { FastifyInstance } from "fastify";
import { agentRow } from "topology";
import { card, extendedCard } from "./agent-card.ts";
import { catalogueRoutes } from "./catalogue/catalogue-routes.ts";
import { createAskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { optimizationExecutor } from "./executor.ts";
import { createIdentifyPerson } from "./interaction/identify-person.ts";
import { interactionRoutes } from "./interaction/interaction-routes.ts";
import { createInteractions } from "./interaction/interactions.ts";
import { routeDialect } from "./route-dialect.ts";

/**
 * Builds the service: the verifier, A2A behind it, the executor, and the client of the next agent.
 */
export function buildSupplyChainAgent(
  config: SupplyChainAgentConfig,
  deps: AgentServiceDeps,
): Promise<{ app: FastifyInstance }> {
  const { idUrl, additionalScopes } = config;
  const redirectUri = `${idUrl}/interaction/callback`;
  return createAgentService({
    agent: agentRow("supply-chain-agent"),
    config,
    deps,
    card,
    extendedCard,
    additionalScopes,
    redirectUris: [redirectUri],
    executor({ agentFor, personServer, onBehalfOfCaller, logger }) {
      const log = logger.child({ logger: "agent_executor" });
      const askMarketAnalysis = createAskMarketAnalysis({
        url: config.marketAnalysisUrl,
        agent: agentFor("market-analysis-agent", config.marketAnalysisUrl),
        timeoutMs: config.marketAnalysisDeadlineSeconds * 1000,
        personServer,
        onBehalfOfCaller,
        log,
      });
      return optimizationExecutor({ log, askMarketAnalysis });
    },
    routes: (scope, parts) => registerRoutes(scope, parts, config, redirectUri),
  });
}

async function registerRoutes(
  scope: FastifyInstance,
  parts: AgentParts,
  config: SupplyChainAgentConfig,
  redirectUri: string,
): Promise<void> {
  const { logger, stores, now } = parts;
  const interactions = createInteractions(stores, now);
  const log = logger.child({ logger: "user_interaction" });
  const { catalogue, registerOrders, page } = routeDialect({
    scope,
    parts,
    config,
    redirectUri,
    interactions,
    log,
  });
  await scope.register(catalogueRoutes, catalogue);
  await registerOrders();
  // If callers present no person, orders cannot wait for one.
  if (page === undefined) return;
  const { wire, method } = page;
  const identify = createIdentifyPerson({ method, interactions, stores, now });
  await scope.register(interactionRoutes, { wire, interactions, identify, log });
}
