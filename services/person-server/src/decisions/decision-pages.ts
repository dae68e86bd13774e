import type { FastifyInstance } from "fastify";
import { codeRoutes } from "./code-routes.ts";
import type { Desk } from "./desk.ts";
import { type DeskContext, type DeskOptions, openDesk } from "./desk-context.ts";
import { grantedRoutes } from "./granted-routes.ts";
import { requestRoutes } from "./request-routes.ts";

/**
 * The pages where persons decide on requests of draft -11 (sections 7.2.3, 7.3 and 7.5). They come
 * with an agent's code or to a list, sign in, see what is asked, and allow, deny or ask the agent;
 * the list shows what is granted, with buttons to revoke it. A decision is a form with a value that
 * is accepted once, from the person and the browser session that it was shown to. The browser is
 * sent only to addresses that the agent's provider has published.
 */
export function decisionPages(app: FastifyInstance, desk: Desk, options: DeskOptions): DeskContext {
  const context = openDesk(app, desk, options);
  codeRoutes(app, context);
  requestRoutes(app, context);
  grantedRoutes(app, context);
  return context;
}
