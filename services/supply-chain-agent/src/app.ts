import { type AgentParts, type AgentServiceDeps, createAgentService } from "agent-kit";
import { isDraft11 } from "agent-kit/draft-11";
import { acceptedAtRoute } from "agent-kit/published-peers";
import type { FastifyInstance } from "fastify";
import { agentRow } from "topology";
import { card, extendedCard } from "./agent-card.ts";
import { catalogueLimits, catalogueRoutes } from "./catalogue/catalogue-routes.ts";
import { createAskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { optimizationExecutor } from "./executor.ts";
import { createIdentifyPerson } from "./interaction/identify-person.ts";
import { interactionRoutes } from "./interaction/interaction-routes.ts";
import { createInteractions } from "./interaction/interactions.ts";
import { orderRoutes } from "./orders/order-routes.ts";

/** Puts the service together: verifier in front, A2A behind it, executor inside, and the way to the next agent. */
export function buildSupplyChainAgent(
  config: SupplyChainAgentConfig,
  deps: AgentServiceDeps,
): Promise<{ app: FastifyInstance }> {
  const { idUrl, authorizationScheme, additionalScopes } = config;
  const redirectUri = `${idUrl}/interaction/callback`;
  return createAgentService({
    agent: agentRow("supply-chain-agent"),
    config,
    deps,
    card,
    extendedCard,
    additionalScopes,
    redirectUris: [redirectUri],
    executor({ agentFor, personServer, logger }) {
      const log = logger.child({ logger: "agent_executor" });
      const askMarketAnalysis = createAskMarketAnalysis({
        url: config.marketAnalysisUrl,
        agent: agentFor("market-analysis-agent", config.marketAnalysisUrl),
        timeoutMs: config.marketAnalysisDeadlineSeconds * 1000,
        personServer,
        onBehalfOfCaller: isDraft11(config)
          ? personServer !== undefined
          : authorizationScheme === "user-delegated",
        log,
      });
      return optimizationExecutor({ log, askMarketAnalysis });
    },
    routes: (scope, parts) => registerRoutes(scope, parts, config, redirectUri),
    ofFebruary: ["the catalogue with its limits", "orders with the agent's own interaction"],
  });
}

async function registerRoutes(
  scope: FastifyInstance,
  { id, authServer, agentFor, discovery, development, logger, now }: AgentParts,
  config: SupplyChainAgentConfig,
  redirectUri: string,
): Promise<void> {
  await scope.register(catalogueRoutes, {
    requirement: acceptedAtRoute({ level: "pseudonymous" }, config),
    limits: catalogueLimits(
      {
        pseudonymous: config.cataloguePseudonymousPerMinute,
        identified: config.catalogueIdentifiedPerMinute,
        authorized: config.catalogueAuthorizedPerMinute,
      },
      [agentRow("supply-chain-agent").scope],
    ),
  });
  const interactions = createInteractions(now);
  const log = logger.child({ logger: "user_interaction" });
  await scope.register(orderRoutes, { id, interactions, log });
  await scope.register(interactionRoutes, {
    id,
    interactions,
    // At the auth server this agent always signs as itself, also where it calls the next agent by key alone.
    identify: createIdentifyPerson({
      id,
      agent: agentFor("auth-server", authServer, "jwks"),
      authServer,
      redirectUri,
      discovery,
      now,
    }),
    discovery,
    development,
    log,
  });
}
