import { expect, test } from "vitest";
import { priceOrder } from "../../src/domain/order.ts";

test("an order of a model that is not in the catalogue is refused", () => {
  expect(() => priceOrder({ model: "abacus", quantity: 1 })).toThrow("The catalogue has no such model");
});
