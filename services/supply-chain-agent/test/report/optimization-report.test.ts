import { expect, test } from "vitest";
import { analyzeRequest } from "../../src/domain/analyze-request.ts";
import type { MarketAnalysis } from "../../src/domain/market-analysis.ts";
import { recommend } from "../../src/domain/recommend.ts";
import { renderOptimizationReport } from "../../src/report/optimization-report.ts";

function report(text: string, market: MarketAnalysis = { status: "not-asked" }): string {
  const analysis = analyzeRequest(text);
  return renderOptimizationReport({ analysis, recommendations: recommend(analysis), market });
}

const UI_DEFAULT =
  "optimize laptop supply chain. with the following constraints: budget_limit: 500000, delivery_time: 2 weeks, quality_requirement: enterprise_grade";

test("headings come in the order of the published demo", () => {
  const headings = report(UI_DEFAULT, { status: "answered", text: "# Market Analysis Report" })
    .split("\n")
    .filter((line) => line.startsWith("#"));
  expect(headings).toEqual([
    "# Supply Chain Optimization Analysis",
    "## Request Analysis",
    "## Business Policies Applied",
    "## Optimization Recommendations",
    "### 1. Cost Optimization",
    "### 2. Vendor Management",
    "### 3. Approval Workflow",
    "## Market Analysis",
    "# Market Analysis Report",
    "## Next Steps",
  ]);
});

test("without a question to the market there is no such section", () => {
  expect(report(UI_DEFAULT)).not.toContain("Market Analysis");
});

test("a failed second hop is named with its text of the published demo", () => {
  const failure = {
    reason: "token exchange failed",
    hop: "supply-chain-agent -> auth server",
    code: "token_request_refused",
    message: "auth server refused: access_denied",
  } as const;
  expect(report("x", { status: "failed", failure })).toContain(
    [
      "## Market Analysis",
      "",
      "No market analysis provided (token exchange failed)",
      "",
      "- **Hop**: supply-chain-agent -> auth server",
      "- **Code**: token_request_refused",
      "- **Reason**: auth server refused: access_denied",
    ].join("\n"),
  );
});

test("the request cannot add headings, and is cut", () => {
  const markdown = report(`a\n\n# Forged\n${"x".repeat(1000)}`);
  expect(markdown).not.toMatch(/^# Forged/m);
  expect(markdown).toMatch(/- \*\*Context\*\*: a # Forged x{489}…\n/);
});

test("the whole report", () => {
  expect(report(`${UI_DEFAULT}. inventory`)).toMatchSnapshot();
});
