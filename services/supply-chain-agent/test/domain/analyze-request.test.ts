import { expect, test } from "vitest";
import { analyzeRequest } from "../../src/domain/analyze-request.ts";

// the published demo, the table of words
test.each([
  ["", "general_supply_chain", false, false, false],
  ["optimize LAPTOP supply chain", "laptop_inventory", false, false, false],
  ["new hardware", "laptop_inventory", false, false, false],
  ["cut the cost", "general_supply_chain", false, true, false],
  ["within the Budget", "general_supply_chain", false, true, false],
  ["inventory", "general_supply_chain", true, false, false],
  ["out of stock", "general_supply_chain", true, false, false],
  ["please Perform Market Analysis", "general_supply_chain", false, false, true],
  ["market analysis, perform it", "general_supply_chain", false, false, false],
])("reads the prompt %j", (text, focusArea, asksForInventory, asksForCost, asksForMarketAnalysis) => {
  expect(analyzeRequest(text)).toEqual({
    type: "supply_chain_optimization",
    text,
    focusArea,
    asksForInventory,
    asksForCost,
    asksForMarketAnalysis,
  });
});
