import { describe, expect, it } from "vitest";
import {
  forgetOrderReturn,
  keepLeftOrder,
  noteOrderReturn,
  readLeftOrder,
  readOrderReturn,
} from "../../../src/features/interaction/order-return.ts";
import { memoryStore } from "../../memory-store.ts";

describe("the way back from the agent's page", () => {
  it("is noted and read once", () => {
    const store = memoryStore();
    expect(noteOrderReturn("?order=o-1", store)).toBe(true);
    expect(readOrderReturn(store)).toEqual({ kind: "order", orderId: "o-1" });
    forgetOrderReturn(store);
    expect(readOrderReturn(store)).toEqual({ kind: "none" });
  });

  it("may be the Back button, with only the order for which the user left", () => {
    const store = memoryStore();
    expect(readLeftOrder(store)).toBeUndefined();
    keepLeftOrder("o-2", store);
    expect(readOrderReturn(store)).toEqual({ kind: "none" });
    expect(readLeftOrder(store)).toBe("o-2");
    forgetOrderReturn(store);
    expect(store.names()).toEqual([]);
  });

  it("may match no order", () => {
    const store = memoryStore();
    expect(noteOrderReturn("?order_error=unknown_request", store)).toBe(true);
    expect(readOrderReturn(store)).toEqual({ kind: "unknown" });
  });

  it.each(["", "?order=", "?code=c&state=s", "?request_id=r"])("is not %j", (search) => {
    const store = memoryStore();
    expect(noteOrderReturn(search, store)).toBe(false);
    expect(readOrderReturn(store)).toEqual({ kind: "none" });
  });
});
