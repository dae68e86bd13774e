import type { Order } from "backend-api";
import { describe, expect, it } from "vitest";
import { interactionUrlOf, orderReducer } from "../../../src/features/interaction/order-reducer.ts";

const CATALOGUE = { level: "identified" as const, laptops: [] };
const waiting = (interaction_url: string): Order => ({
  order_id: "o",
  model: "m",
  quantity: 1,
  status: "interaction_required",
  interaction_url,
});

describe("the order panel", () => {
  it("keeps the catalogue through an order", () => {
    let state = orderReducer({ busy: "catalogue" }, { type: "catalogue_received", catalogue: CATALOGUE });
    state = orderReducer(state, { type: "asked", what: "order" });
    expect(state).toEqual({ catalogue: CATALOGUE, busy: "order" });
    const failure = { message: "no" };
    expect(orderReducer(state, { type: "failed", failure })).toEqual({
      catalogue: CATALOGUE,
      busy: undefined,
      failure,
      failed: "order",
    });
  });

  it("names the failed action", () => {
    const failure = { message: "x" };
    const failed = (busy: "catalogue" | "order") =>
      orderReducer({ busy }, { type: "failed", failure }).failed;
    expect([failed("catalogue"), failed("order")]).toEqual(["catalogue", "order"]);
  });

  it("stays locked while the browser leaves, and opens when it is back", () => {
    const state = orderReducer({ busy: "order" }, { type: "order_received", order: waiting("http://a/x") });
    expect(state.busy).toBe("order");
    expect(orderReducer(state, { type: "came_back" }).busy).toBeUndefined();
  });

  it("forgets the last order and its failure when something is asked for", () => {
    const before = {
      catalogue: CATALOGUE,
      busy: undefined,
      order: waiting("http://a/x"),
      failure: { message: "x" },
    };
    expect(orderReducer(before, { type: "asked", what: "order" })).toEqual({
      catalogue: CATALOGUE,
      busy: "order",
    });
    expect(orderReducer(before, { type: "failed", failure: { message: "y" } })).toMatchObject({
      failed: "order",
      failure: { message: "y" },
    });
  });

  it("opens for the next order once one is placed", () => {
    const order = { ...waiting("http://a/x"), status: "placed" as const };
    expect(orderReducer({ busy: "order" }, { type: "order_received", order })).toEqual({
      busy: undefined,
      order,
    });
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "/relative", ""])("does not go to %j", (url) => {
    expect(interactionUrlOf(waiting(url))).toBeUndefined();
    const state = orderReducer({ busy: "order" }, { type: "order_received", order: waiting(url) });
    expect(state).toMatchObject({ busy: undefined, failure: { code: "foreign_page" } });
    expect(state).not.toHaveProperty("order");
  });

  it("opens a page on the web, only for an order that waits", () => {
    expect(interactionUrlOf(waiting("https://a/x"))).toBe("https://a/x");
    expect(interactionUrlOf({ ...waiting("https://a/x"), status: "placed" })).toBeUndefined();
  });
});
