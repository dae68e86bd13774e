import { catalogueSchema, orderRequestSchema, orderSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { OrderService } from "../orders/order-service.ts";
import { traceUserRequests } from "../plugins/trace-user-requests.ts";
import { signedInUser } from "../plugins/user.ts";

/** Where the supply-chain agent's page sends the user back to. */
export const ORDER_RETURN_PATH = "/auth/aauth/interaction";

const orderParams = z.object({ id: z.string().max(100) });
// Whatever the browser brings: a repeated or overlong parameter counts as missing.
const returnQuery = z.object({ state: z.string().max(200).optional().catch(undefined) });

/** Orders, and the way back from the visit that each needs. */
export const orderRoutes: FastifyPluginAsyncZod<{ orders: OrderService; frontendUrl: string }> = async (
  app,
  { orders, frontendUrl },
) => {
  const config = { access: "user" } as const;
  app.get("/catalogue", { config, schema: { response: { 200: catalogueSchema } } }, async () =>
    orders.catalogue(),
  );
  const placing: FastifyPluginAsyncZod = async (scope) => {
    traceUserRequests(scope);
    scope.post(
      "/orders",
      { config, schema: { body: orderRequestSchema, response: { 200: orderSchema } } },
      async (request) => orders.start(signedInUser(request).id, request.body),
    );
  };
  await app.register(placing);
  app.get(
    "/orders/:id",
    { config, schema: { params: orderParams, response: { 200: orderSchema } } },
    async (request) => orders.get(signedInUser(request).id, request.params.id),
  );

  // Public, because a browser brings no bearer token here. It may only say that somebody is back; who approved is the agent's to know.
  app.get(
    ORDER_RETURN_PATH,
    { config: { access: "public" }, schema: { querystring: returnQuery } },
    async (request, reply) => {
      const orderId = await orders.resume(request.query.state);
      const page = new URL(`${frontendUrl}/`);
      if (orderId === undefined) page.searchParams.set("order_error", "unknown_request");
      else page.searchParams.set("order", orderId);
      return reply
        .header("cache-control", "no-store")
        .header("referrer-policy", "no-referrer")
        .redirect(page.href, 303);
    },
  );
};
