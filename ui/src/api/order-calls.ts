import { type Catalogue, catalogueSchema, type Order, type OrderRequest, orderSchema } from "backend-api";
import { SPAN } from "protocol-trace/names";
import type { ApiClient } from "./client.ts";

/** What the supply-chain agent sells. */
export function getCatalogue(client: ApiClient): Promise<Catalogue> {
  return client.json({ path: "/catalogue" }, catalogueSchema);
}

/** Resolves once the agent places the order or requires an interaction. */
export function startOrder(client: ApiClient, body: OrderRequest): Promise<Order> {
  return client.json({ method: "POST", path: "/orders", body, traceAs: SPAN.orderClick }, orderSchema);
}

export function getOrder(client: ApiClient, orderId: string): Promise<Order> {
  return client.json({ path: `/orders/${encodeURIComponent(orderId)}` }, orderSchema);
}
