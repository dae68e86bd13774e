import { februaryAgent } from "aauth/february-2026";
import { acceptedAtRoute } from "agent-kit/february-2026";
import { catalogueLimits, limitsIn } from "../catalogue/catalogue-routes.ts";
import { createPlacedOrders } from "../orders/placed-orders.ts";
import type { RouteDialect, RouteDialectOptions } from "../route-dialect.ts";
import { aauthSignIn } from "./aauth-sign-in.ts";
import { februaryWire } from "./interaction-wire.ts";
import { orderRoutes } from "./order-routes.ts";

/** Routes of the published walk-through. */
export function februaryRoutes(options: RouteDialectOptions): RouteDialect {
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
