import type { AgentParts } from "agent-kit";
import type { ProfileName } from "agent-kit/settings";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import {
  type CatalogueOptions,
  draft11CatalogueLimits,
  draft11CatalogueRoutes,
  limitsIn,
} from "./catalogue/catalogue-routes.ts";
import type { SupplyChainAgentConfig } from "./config.ts";
import { februaryRoutes } from "./february-2026/route-dialect.ts";
import { DRAFT_11_PAGE, draft11Wire } from "./interaction/draft-11-wire.ts";
import type { SignInMethod } from "./interaction/identify-person.ts";
import type { InteractionWire } from "./interaction/interaction-routes.ts";
import type { Interactions } from "./interaction/interactions.ts";
import { openidSignIn } from "./interaction/openid-sign-in.ts";
import { createHeldOrders } from "./orders/held-orders.ts";
import { draft11OrderRoutes } from "./orders/order-routes.ts";
import { createPlacedOrders } from "./orders/placed-orders.ts";

/** Differences between wire profiles in this agent's own routes. */
export interface RouteDialect {
  readonly catalogue: CatalogueOptions;
  registerOrders(): PromiseLike<unknown>;
  /** The page where a person decides on an order. Undefined if callers present no person. */
  readonly page: { readonly wire: InteractionWire; readonly method: SignInMethod } | undefined;
}

export interface RouteDialectOptions {
  /** Scope behind the verifier. */
  readonly scope: FastifyInstance;
  readonly parts: AgentParts;
  readonly config: SupplyChainAgentConfig;
  /** Redirect URI of sign-ins with AAuth itself. */
  readonly redirectUri: string;
  readonly interactions: Interactions;
  readonly log: FastifyBaseLogger;
}

export const routeDialect = (options: RouteDialectOptions): RouteDialect =>
  DIALECTS[options.config.profile](options);

const DIALECTS: Record<ProfileName, (options: RouteDialectOptions) => RouteDialect> = {
  "february-2026": februaryRoutes,
  "draft-11": draft11Routes,
};

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
