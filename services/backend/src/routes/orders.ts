import { apiRoutes } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { ORDER_RETURN_STATUS, type OrderService } from "../orders/order-service.ts";
import { traceUserRequests } from "../plugins/trace-user-requests.ts";
import { redirectToPage } from "./returns.ts";
import { userRoute } from "./user-route.ts";

/** Path to which the pages of an order return the user. */
export const ORDER_RETURN_PATH = "/auth/aauth/interaction";

// A repeated or overlong parameter counts as missing.
const returnQuery = z.object({ state: z.string().max(200).optional().catch(undefined) });

/** Orders, and the return from the interaction that each requires. */
export const orderRoutes: FastifyPluginAsyncZod<{ orders: OrderService; frontendUrl: string }> = async (
  app,
  { orders, frontendUrl },
) => {
  userRoute(app, apiRoutes.catalogue, async ({ user }) => orders.catalogue(user.id));
  await app.register(async (scope) => {
    traceUserRequests(scope);
    userRoute(scope, apiRoutes.placeOrder, async ({ user, body }) => orders.start(user.id, body));
  });
  userRoute(app, apiRoutes.order, async ({ user, params }) => orders.get(user.id, params.id));

  // Public, because browsers send no bearer token here. It only signals the return; the agent knows
  // who has approved.
  app.get(
    ORDER_RETURN_PATH,
    { config: { access: "public" }, schema: { querystring: returnQuery } },
    async (request, reply) => {
      const orderId = await orders.resume(request.query.state);
      const page = new URL(`${frontendUrl}/`);
      if (orderId === undefined) page.searchParams.set("order_error", "unknown_request");
      else page.searchParams.set("order", orderId);
      return redirectToPage(reply, page, ORDER_RETURN_STATUS);
    },
  );
};
