import { expect, test } from "vitest";
import { analyzeRequest } from "../../src/domain/analyze-request.ts";
import type { MarketAnalysis } from "../../src/domain/market-analysis.ts";
import { recommend } from "../../src/domain/recommend.ts";
import { optimizationData, renderOptimizationReport } from "../../src/report/optimization-report.ts";

function report(text: string, market: MarketAnalysis = { status: "not-asked" }): string {
  const analysis = analyzeRequest(text);
  return renderOptimizationReport({ analysis, recommendations: recommend(analysis), market });
}

const UI_DEFAULT =
  "optimize laptop supply chain. with the following constraints: budget_limit: 500000, delivery_time: 2 weeks, quality_requirement: enterprise_grade";

test("omits the section without a question to the market", () => {
  expect(report(UI_DEFAULT)).not.toContain("Market Analysis");
});

test("a failed second hop is named with its text of the published demo", () => {
  const failure = {
    reason: "token exchange failed",
    hop: "supply-chain-agent -> auth server",
    code: "token_request_refused",
    section: "profile 6",
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
      "- **Section**: profile 6",
      "- **Reason**: auth server refused: access_denied",
    ].join("\n"),
  );
});

test("the data equals the report", () => {
  const analysis = analyzeRequest(UI_DEFAULT);
  const dataOf = (market: MarketAnalysis) =>
    optimizationData({ analysis, recommendations: recommend(analysis), market });
  expect(dataOf({ status: "not-asked" })).toEqual({
    recommendations: [
      {
        title: "Cost Optimization",
        description: "Buy in larger lots at better prices.",
        expectedImpact: "Reduce costs by 15-20%",
      },
      expect.objectContaining({ title: "Vendor Management" }),
      expect.objectContaining({ title: "Approval Workflow" }),
    ],
  });
  const figures = { summary: "none" };
  expect(dataOf({ status: "answered", text: "# x", figures }).marketAnalysis).toEqual({
    status: "answered",
    figures,
  });
  const failure = { reason: "request failed", hop: "a -> b", code: "http_503", message: "down" } as const;
  expect(dataOf({ status: "failed", failure }).marketAnalysis).toEqual({ status: "failed", ...failure });
});

test("the request cannot add headings, and is cut", () => {
  const markdown = report(`a\n\n# Forged\n${"x".repeat(1000)}`);
  expect(markdown).not.toMatch(/^# Forged/m);
  expect(markdown).toMatch(/- \*\*Context\*\*: a # Forged x{489}…\n/);
});

test("the whole report", () => {
  expect(report(`${UI_DEFAULT}. inventory`)).toMatchSnapshot();
});
