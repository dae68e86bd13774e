import { expect, test } from "vitest";
import { analyzeRequest } from "../../src/domain/analyze-request.ts";
import { recommend } from "../../src/domain/recommend.ts";

const rows = (text: string) =>
  recommend(analyzeRequest(text)).map(({ type, priority, action, expectedImpact }) => [
    type,
    priority,
    action,
    expectedImpact,
  ]);

const INVENTORY = [
  "inventory_optimization",
  "high",
  "review_current_stock_levels_and_forecast_demand",
  "reduce_stockouts_by_80%",
];
const COST = [
  "cost_optimization",
  "medium",
  "batch_orders_quarterly_and_negotiate_bulk_pricing",
  "reduce_costs_by_15-20%",
];
const VENDOR = [
  "vendor_management",
  "medium",
  "prioritize_orders_with_approved_vendors",
  "ensure_compliance_and_quality",
];
const APPROVAL = [
  "approval_workflow",
  "low",
  "implement_automated_approval_routing",
  "streamline_procurement_process",
];

// the published demo, the table of recommendations
test.each([
  ["", [VENDOR, APPROVAL]],
  ["stock", [INVENTORY, VENDOR, APPROVAL]],
  ["budget", [COST, VENDOR, APPROVAL]],
  ["cost of inventory", [INVENTORY, COST, VENDOR, APPROVAL]],
])("%j", (text, expected) => {
  expect(rows(text)).toEqual(expected);
});
