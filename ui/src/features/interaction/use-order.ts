import type { Order } from "backend-api";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { getCatalogue, getOrder, startOrder } from "../../api/order-calls.ts";
import { interactionUrlOf, orderReducer, UNKNOWN_ORDER } from "./order-reducer.ts";
import { forgetOrderReturn, keepLeftOrder, readLeftOrder, readOrderReturn } from "./order-return.ts";

/** Ordering: the catalogue, the order, and the redirect to the supply-chain agent's page and back. */
export function useOrder(options: { client: ApiClient; store: Storage; onSessionLapsed: () => void }) {
  const { client, store, onSessionLapsed } = options;
  const [state, dispatch] = useReducer(orderReducer, { busy: undefined });

  const run = useCallback(
    async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        dispatch({ type: "failed", failure: describeFailure(error) });
        if (error instanceof ApiFailure && error.kind === "session_lapsed") onSessionLapsed();
      }
    },
    [onSessionLapsed],
  );
  const take = useCallback(
    (order: Order) => {
      dispatch({ type: "order_received", order });
      const url = interactionUrlOf(order);
      if (url === undefined) return;
      keepLeftOrder(order.order_id, store);
      window.location.assign(url);
    },
    [store],
  );

  const open = useCallback(() => {
    dispatch({ type: "asked", what: "catalogue" });
    void run(async () => dispatch({ type: "catalogue_received", catalogue: await getCatalogue(client) }));
  }, [client, run]);

  const order = useCallback(
    (model: string, quantity: number) => {
      dispatch({ type: "asked", what: "order" });
      void run(async () => take(await startOrder(client, { model, quantity })));
    },
    [client, run, take],
  );

  // Once per page, also where effects run twice.
  const isRead = useRef(false);
  useEffect(() => {
    if (isRead.current) return;
    isRead.current = true;
    const outcome = readOrderReturn(store);
    const left = readLeftOrder(store);
    if (outcome.kind === "none" && left !== undefined) {
      const showLeft = async () => {
        const order = await getOrder(client, left);
        if (order.status !== "interaction_required" && order.status !== "placing") forgetOrderReturn(store);
        dispatch({ type: "order_received", order });
        dispatch({ type: "came_back" });
      };
      // A dropped order, or another user's, is not an error.
      showLeft().catch((error: unknown) => {
        if (!(error instanceof ApiFailure)) throw error;
        if (error.status === 404) forgetOrderReturn(store);
        if (error.kind === "session_lapsed") onSessionLapsed();
      });
      return;
    }
    forgetOrderReturn(store);
    if (outcome.kind === "unknown") dispatch({ type: "failed", failure: UNKNOWN_ORDER });
    if (outcome.kind !== "order") return;
    dispatch({ type: "asked", what: "order" });
    // Not followed: a user who comes back without a decision orders again.
    void run(async () => {
      dispatch({ type: "order_received", order: await getOrder(client, outcome.orderId) });
      dispatch({ type: "came_back" });
    });
  }, [client, run, store, onSessionLapsed]);

  // The Back button can restore this page from the cache in phase `leaving`.
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) dispatch({ type: "came_back" });
    };
    window.addEventListener("pageshow", onShow);
    return () => window.removeEventListener("pageshow", onShow);
  }, []);

  return { state, open, order };
}
