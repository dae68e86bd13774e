import { expect, test } from "vitest";
import { analyzeRequest } from "../../src/domain/analyze-request.ts";
import { recommend } from "../../src/domain/recommend.ts";

// the published demo, the table of recommendations; their words are in the report's snapshot
test.each([
  ["", []],
  ["stock", ["inventory_optimization"]],
  ["budget", ["cost_optimization"]],
  ["cost of inventory", ["inventory_optimization", "cost_optimization"]],
])("recommends by the prompt %j", (text, expected) => {
  const types = recommend(analyzeRequest(text)).map(({ type }) => type);
  expect(types).toEqual([...expected, "vendor_management", "approval_workflow"]);
});
