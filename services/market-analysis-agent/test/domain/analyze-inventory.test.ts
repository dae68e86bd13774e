import { expect, test } from "vitest";
import { analyzeInventory } from "../../src/domain/analyze-inventory.ts";
import { planProcurement } from "../../src/domain/plan-procurement.ts";

// the published demo, the table of months
test.each([
  {
    months: 6,
    gaps: [{ model: "MacBook Pro", stock: 45, required: 55, missing: 10, priority: "medium" }],
    surpluses: [{ model: "MacBook Air", stock: 80, required: 40, excess: 40 }],
    risk: "medium",
    cost: 25_000,
  },
  {
    months: 3,
    gaps: [],
    surpluses: [{ model: "MacBook Air", stock: 80, required: 22, excess: 57 }],
    risk: "low",
    cost: 0,
  },
  {
    months: 12,
    gaps: [{ model: "MacBook Pro", stock: 45, required: 96, missing: 51, priority: "high" }],
    surpluses: [],
    risk: "high",
    cost: 127_500,
  },
])("analyzes the inventory for $months months", ({ months, gaps, surpluses, risk, cost }) => {
  const analysis = analyzeInventory(months);
  expect(analysis).toEqual({ gaps, surpluses, risk });
  expect(planProcurement(analysis).totalEstimatedCost).toBe(cost);
});
