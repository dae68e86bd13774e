import { expect, test } from "vitest";
import { priceOrder } from "../../src/domain/order.ts";

test("an order of a model that is not in the catalogue is refused", () => {
  const order = { order_id: "1", model: "abacus", quantity: 1, approver: "finance" };
  expect(() => priceOrder(order)).toThrow("The catalogue has no such model");
});
