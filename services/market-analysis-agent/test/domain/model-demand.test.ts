import { expect, test } from "vitest";
import { modelDemand } from "../../src/domain/model-demand.ts";

// the published demo, patterns; 154 (140 plus 10 %) is why shares are whole percent
test("projected headcount and units per model", () => {
  const { departments, totalUnits } = modelDemand();
  expect(departments.map((row) => row.projectedHeadcount)).toEqual([125, 138, 154, 172]);
  expect(departments.map((row) => row.units["MacBook Pro"])).toEqual([100, 41, 77, 68]);
  expect(departments.map((row) => row.units["MacBook Air"])).toEqual([25, 96, 77, 103]);
  expect(departments.map((row) => row.refreshCycleMonths)).toEqual([36, 42, 48, 54]);
  expect(totalUnits).toEqual({ "MacBook Pro": 286, "MacBook Air": 301 });
});
