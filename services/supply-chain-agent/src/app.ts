import { februaryAgent } from "aauth/february-2026";
import { type AgentParts, type AgentServiceDeps, createAgentService } from "agent-kit";
import { isDraft11 } from "agent-kit/draft-11";
import { acceptedAtRoute } from "agent-kit/published-peers";
import type { FastifyInstance } from "fastify";
import { agentRow } from "topology";
import { card, extendedCard } from "./agent-card.ts";
import {
  catalogueLimits,
  catalogueRoutes,
  draft11CatalogueLimits,
  draft11CatalogueRoutes,
} from "./catalogue/catalogue-routes.ts";
import { createAskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { optimizationExecutor } from "./executor.ts";
import { aauthSignIn } from "./interaction/aauth-sign-in.ts";
import { DRAFT_11_PAGE, draft11Wire } from "./interaction/draft-11-wire.ts";
import { februaryWire } from "./interaction/february-wire.ts";
import { createIdentifyPerson } from "./interaction/identify-person.ts";
import { interactionRoutes } from "./interaction/interaction-routes.ts";
import { createInteractions } from "./interaction/interactions.ts";
import { openidSignIn } from "./interaction/openid-sign-in.ts";
import { createHeldOrders } from "./orders/held-orders.ts";
import { draft11OrderRoutes, orderRoutes } from "./orders/order-routes.ts";

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
        isDraft11: isDraft11(config),
        onBehalfOfCaller: isDraft11(config)
          ? personServer !== undefined
          : authorizationScheme === "user-delegated",
        log,
      });
      return optimizationExecutor({ log, askMarketAnalysis });
    },
    routes: (scope, parts) =>
      isDraft11(config)
        ? registerDraft11Routes(scope, parts, config)
        : registerRoutes(scope, parts, config, redirectUri),
  });
}

function limitsIn(config: SupplyChainAgentConfig) {
  const perMinute = {
    pseudonymous: config.cataloguePseudonymousPerMinute,
    identified: config.catalogueIdentifiedPerMinute,
    authorized: config.catalogueAuthorizedPerMinute,
  };
  return [perMinute, [agentRow("supply-chain-agent").scope]] as const;
}

async function registerRoutes(
  scope: FastifyInstance,
  { id, authServer, agentFor, discovery, development, logger, now }: AgentParts,
  config: SupplyChainAgentConfig,
  redirectUri: string,
): Promise<void> {
  await scope.register(catalogueRoutes, {
    routes: new Map([["/catalogue", acceptedAtRoute({ level: "pseudonymous" }, config)]]),
    limits: catalogueLimits(...limitsIn(config)),
  });
  const interactions = createInteractions(now);
  const log = logger.child({ logger: "user_interaction" });
  await scope.register(orderRoutes, { id, interactions, log });
  const method = aauthSignIn({
    id,
    // At the auth server this agent always signs as itself, also where it calls the next agent by key alone.
    agent: februaryAgent(agentFor("auth-server", authServer, "jwks")),
    authServer,
    redirectUri,
    discovery,
    now,
  });
  await scope.register(interactionRoutes, {
    wire: februaryWire({ id, discovery, development }),
    interactions,
    identify: createIdentifyPerson({ method, now }),
    log,
  });
}

async function registerDraft11Routes(
  scope: FastifyInstance,
  { id, personServer, requirement, browserUrl, discovery, logger, now }: AgentParts,
  config: SupplyChainAgentConfig,
): Promise<void> {
  await scope.register(catalogueRoutes, {
    routes: draft11CatalogueRoutes(requirement),
    limits: draft11CatalogueLimits(...limitsIn(config)),
  });
  const interactions = createInteractions(now);
  const log = logger.child({ logger: "user_interaction" });
  const orders = createHeldOrders({
    ...{ id, path: DRAFT_11_PAGE, verifier: scope.aauth.verifier, discovery, interactions, now },
    lifetimeSeconds: config.interactionSeconds,
  });
  await scope.register(draft11OrderRoutes, { requirement, personServer, orders, log });
  // Where no caller shows a person no order waits for one.
  if (personServer === undefined) return;
  const redirectUri = browserUrl(`${id}${DRAFT_11_PAGE}/callback`);
  // The person server is the OpenID provider of the resources' own pages.
  const { origin: issuer } = new URL(browserUrl(`${personServer}/`));
  const method = openidSignIn({ issuer, clientId: id, redirectUri });
  await scope.register(interactionRoutes, {
    wire: draft11Wire({ origin: new URL(redirectUri).origin, orders, browserUrl, log }),
    interactions,
    identify: createIdentifyPerson({ method, now }),
    log,
  });
}
