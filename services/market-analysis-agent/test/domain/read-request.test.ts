import { expect, test } from "vitest";
import { readRequest } from "../../src/domain/read-request.ts";

test.each([
  ["", "inventory-demand", 6],
  ["Perform market analysis of laptops.", "inventory-demand", 6],
  ["Forecast the market TRENDS", "market-trends", 6],
  ["forecast laptop prices", "inventory-demand", 6],
  ["Model the demand of next quarter", "demand-patterns", 3],
  ["which model sells best", "inventory-demand", 6],
  ["a comprehensive report for the year", "comprehensive", 12],
  ["comprehensive forecast of trends", "market-trends", 6],
  ["inventory for 3 months", "inventory-demand", 3],
  ["inventory for 12 months", "inventory-demand", 12],
])("%j is %s over %d months", (text, kind, timeframeMonths) => {
  expect(readRequest(text)).toEqual({ kind, timeframeMonths });
});
