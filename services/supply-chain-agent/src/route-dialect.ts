import { februaryAgent } from "aauth/february-2026";
import type { AgentParts } from "agent-kit";
import { acceptedAtRoute } from "agent-kit/february-2026";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { agentRow } from "topology";
import {
  type CatalogueOptions,
  catalogueLimits,
  draft11CatalogueLimits,
  draft11CatalogueRoutes,
} from "./catalogue/catalogue-routes.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { aauthSignIn } from "./interaction/aauth-sign-in.ts";
import { DRAFT_11_PAGE, draft11Wire } from "./interaction/draft-11-wire.ts";
import { februaryWire } from "./interaction/february-wire.ts";
import type { SignInMethod } from "./interaction/identify-person.ts";
import type { InteractionWire } from "./interaction/interaction-routes.ts";
import type { Interactions } from "./interaction/interactions.ts";
import { openidSignIn } from "./interaction/openid-sign-in.ts";
import { createHeldOrders } from "./orders/held-orders.ts";
import { draft11OrderRoutes, orderRoutes } from "./orders/order-routes.ts";
import { createPlacedOrders } from "./orders/placed-orders.ts";

/** Differences between wire profiles in this agent's own routes. */
export interface RouteDialect {
  readonly catalogue: CatalogueOptions;
  registerOrders(): PromiseLike<unknown>;
  /** The page where a person decides on an order. Undefined if callers present no person. */
  readonly page: { readonly wire: InteractionWire; readonly method: SignInMethod } | undefined;
}

interface RouteDialectOptions {
  /** Scope behind the verifier. */
  readonly scope: FastifyInstance;
  readonly parts: AgentParts;
  readonly config: SupplyChainAgentConfig;
  /** Redirect URI of sign-ins, in February 2026. */
  readonly redirectUri: string;
  readonly interactions: Interactions;
  readonly log: FastifyBaseLogger;
}

export const routeDialect = (options: RouteDialectOptions): RouteDialect =>
  DIALECTS[options.config.profile](options);

const DIALECTS: Record<SupplyChainAgentConfig["profile"], (options: RouteDialectOptions) => RouteDialect> = {
  "february-2026": februaryRoutes,
  "draft-11": draft11Routes,
};

function februaryRoutes(options: RouteDialectOptions): RouteDialect {
  const { scope, parts, config, redirectUri, interactions, log } = options;
  const { id, authServer, agentFor, discovery, development, stores, now } = parts;
  const method = aauthSignIn({
    id,
    // At the auth server this agent signs with its identity, even if its calls use only a key.
    agent: februaryAgent(agentFor("auth-server", authServer, "jwks")),
    authServer,
    redirectUri,
    discovery,
    now,
  });
  return {
    catalogue: {
      routes: new Map([["/catalogue", acceptedAtRoute({ level: "pseudonymous" }, config)]]),
      limits: catalogueLimits(...limitsIn(config)),
    },
    registerOrders: () =>
      scope.register(orderRoutes, { id, interactions, placedOrders: createPlacedOrders(stores), log }),
    page: { wire: februaryWire({ id, discovery, development }), method },
  };
}

function draft11Routes({ scope, parts, config, interactions, log }: RouteDialectOptions): RouteDialect {
  const { id, personServer, requirement, browserUrl, stores, now } = parts;
  const placedOrders = createPlacedOrders(stores);
  const orders = createHeldOrders({
    resource: scope.aauth.resource!,
    path: DRAFT_11_PAGE,
    interactions,
    placedOrders,
    stores,
    log,
    now,
    lifetimeSeconds: config.interactionSeconds,
  });
  const redirectUri = browserUrl(`${id}${DRAFT_11_PAGE}/callback`);
  return {
    catalogue: {
      routes: draft11CatalogueRoutes(requirement),
      limits: draft11CatalogueLimits(...limitsIn(config)),
    },
    registerOrders: () =>
      scope.register(draft11OrderRoutes, { requirement, personServer, orders, placedOrders, log }),
    page:
      personServer === undefined
        ? undefined
        : {
            wire: draft11Wire({ origin: new URL(redirectUri).origin, orders, browserUrl }),
            // The person server is the OpenID provider for resources' own pages.
            method: openidSignIn({
              issuer: new URL(browserUrl(`${personServer}/`)).origin,
              clientId: id,
              redirectUri,
            }),
          },
  };
}

function limitsIn(config: SupplyChainAgentConfig) {
  const perMinute = {
    pseudonymous: config.cataloguePseudonymousPerMinute,
    identified: config.catalogueIdentifiedPerMinute,
    authorized: config.catalogueAuthorizedPerMinute,
  };
  return [perMinute, [agentRow("supply-chain-agent").scope]] as const;
}
