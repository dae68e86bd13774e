import { expect, it } from "vitest";
import { recommendationColumns } from "../../../src/features/optimization/recommendation-columns.ts";

const unstated = {
  item: "Vendor Management",
  quantity: 0,
  unit_price: 0,
  supplier: "TBD",
  lead_time: "TBD",
  total: 0,
};

it("leaves out a column only when no row states it", () => {
  const titles = (rows: Parameters<typeof recommendationColumns>[0]) =>
    recommendationColumns(rows).map(({ title }) => title);
  expect(titles([unstated, unstated])).toEqual(["Item"]);
  expect(titles([unstated, { ...unstated, supplier: "Dell Direct", total: 10 }])).toEqual([
    "Item",
    "Supplier",
    "Total",
  ]);
});
