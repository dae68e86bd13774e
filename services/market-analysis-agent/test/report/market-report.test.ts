import { expect, test } from "vitest";
import { analyzeMarket } from "../../src/domain/analyze-market.ts";
import { readRequest } from "../../src/domain/read-request.ts";
import { marketFigures } from "../../src/report/market-figures.ts";
import { renderMarketReport, summary } from "../../src/report/market-report.ts";

const NOW = Date.parse("2026-09-01T12:00:00Z") / 1000;
const report = (text: string) => renderMarketReport(analyzeMarket(readRequest(text), NOW));

test.each([
  ["", "Procure 10 MacBook Pro units. 40 MacBook Air units are surplus. Inventory risk is medium."],
  ["next quarter", "57 MacBook Air units are surplus. Inventory risk is low."],
  ["this year", "Procure 51 MacBook Pro units. Inventory risk is high."],
])("summary of %j", (text, expected) => {
  expect(summary(analyzeMarket(readRequest(text), NOW))).toBe(expected);
});

test("the figures are those of the report", () => {
  const figures = (text: string) => marketFigures(analyzeMarket(readRequest(text), NOW));
  expect(figures("this year")).toEqual({
    summary: "Procure 51 MacBook Pro units. Inventory risk is high.",
    orders: [{ item: "MacBook Pro", quantity: 51, leadTime: "2-4 weeks", total: 127_500 }],
    totalCost: 127_500,
  });
  expect(report("this year")).toContain("- Procure 51 MacBook Pro units within 2-4 weeks ($127,500.00)");
  expect(figures("next quarter")).toMatchObject({ orders: [], totalCost: 0 });
});

test("trends and patterns show only their own part", () => {
  expect(headings(report("forecast trends"))).toContain("## Market Trends");
  expect(headings(report("forecast trends"))).not.toContain("## Inventory Analysis");
  expect(headings(report("model demand"))).toContain("## Demand Patterns");
  expect(headings(report("model demand"))).not.toContain("## Recommendations");
});

test("an empty list of purchases is stated", () => {
  expect(report("quarter")).toContain("No procurement is needed");
  expect(report("quarter")).not.toContain("Total Estimated Cost");
});

test.each(["", "comprehensive, 12 months"])("the whole report for %j", (text) => {
  expect(report(text)).toMatchSnapshot();
});

function headings(markdown: string): string[] {
  return markdown.split("\n").filter((line) => line.startsWith("#"));
}
