import type { FastifyInstance } from "fastify";
import { codeRoutes } from "./code-routes.ts";
import type { Decider } from "./decider.ts";
import { type DeciderContext, type DeciderOptions, openDecider } from "./decider-context.ts";
import { grantedRoutes } from "./granted-routes.ts";
import { requestRoutes } from "./request-routes.ts";

/**
 * The pages where people decide on requests of draft -11 (sections 7.2.3, 7.3 and 7.5). They open a
 * request with an agent's code or from a list, sign in, see what is requested, and allow it, deny
 * it or ask the agent a question. The list also shows what is granted, with buttons to revoke it. A
 * decision is a form with a single-use value that is bound to the person and the browser session it
 * was shown to. The browser is only sent to addresses that the agent's provider has published.
 */
export function decisionPages(
  app: FastifyInstance,
  decider: Decider,
  options: DeciderOptions,
): DeciderContext {
  const context = openDecider(app, decider, options);
  codeRoutes(app, context);
  requestRoutes(app, context);
  grantedRoutes(app, context);
  return context;
}
