import { SPAN } from "aauth-explain/trace-names";
import { apiRoutes, type Order } from "backend-api";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { useRestored } from "../../components/use-restored.ts";
import { interactionUrlOf, orderReducer, UNKNOWN_ORDER } from "./order-reducer.ts";
import { forgetOrderReturn, keepLeftOrder, readLeftOrder, readOrderReturn } from "./order-return.ts";

const FOLLOW_MS = 1_000;

/** Takes the browser to the page at which an order waits, if any. */
function leaveFor(order: Order, store: Storage): void {
  const url = interactionUrlOf(order);
  if (url === undefined) return;
  keepLeftOrder(order.order_id, store);
  window.location.assign(url);
}

/**
 * Ordering: the catalogue, the order, and the redirect to the supply-chain agent's page and back.
 */
export function useOrder({ client, store }: { client: ApiClient; store: Storage }) {
  const [state, dispatch] = useReducer(orderReducer, { busy: undefined });

  const run = useCallback(async (what: "catalogue" | "order", work: () => Promise<void>) => {
    dispatch({ type: "asked", what });
    try {
      await work();
    } catch (error) {
      dispatch({ type: "failed", failure: describeFailure(error) });
    }
  }, []);

  const open = () =>
    run("catalogue", async () => {
      dispatch({ type: "catalogue_received", catalogue: await client.call(apiRoutes.catalogue) });
    });

  const order = (model: string, quantity: number) =>
    run("order", async () => {
      const body = { model, quantity };
      const order = await client.call(apiRoutes.placeOrder, { body, traceAs: SPAN.orderClick });
      dispatch({ type: "order_received", order });
      leaveFor(order, store);
    });

  // Once per page, even if effects run twice.
  const isRead = useRef(false);
  useEffect(() => {
    if (isRead.current) return;
    isRead.current = true;
    const outcome = readOrderReturn(store);
    const left = readLeftOrder(store);
    const show = async (id: string): Promise<Order> => {
      const order = await client.call(apiRoutes.order, { params: { id } });
      dispatch({ type: "order_received", order });
      dispatch({ type: "came_back" });
      return order;
    };
    if (outcome.kind === "none" && left !== undefined) {
      show(left).then(
        ({ status }) => {
          if (status !== "interaction_required" && status !== "placing") forgetOrderReturn(store);
        },
        // A deleted order, or another user's, is not an error.
        (error: unknown) => {
          if (error instanceof ApiFailure && error.status === 404) forgetOrderReturn(store);
        },
      );
      return;
    }
    forgetOrderReturn(store);
    if (outcome.kind === "unknown") dispatch({ type: "failed", failure: UNKNOWN_ORDER });
    if (outcome.kind !== "order") return;
    // Continues to the next party's page. A user who returns without a decision stays here and can
    // order again.
    void run("order", async () => leaveFor(await show(outcome.orderId), store));
  }, [client, run, store]);

  // In draft -11 the order may continue after the browser's return.
  const { busy } = state;
  const placing = busy === undefined && state.order?.status === "placing" ? state.order : undefined;
  useEffect(() => {
    if (placing === undefined) return;
    const timer = setTimeout(async () => {
      const order = await client
        .call(apiRoutes.order, { params: { id: placing.order_id } })
        // A failed poll is repeated.
        .catch(() => ({ ...placing }));
      dispatch({ type: "order_received", order });
      dispatch({ type: "came_back" });
    }, FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [client, placing]);

  useRestored(useCallback(() => dispatch({ type: "came_back" }), []));
  return { state, open, order };
}
