import { resultsSchema } from "backend-api";
import { describe, expect, it } from "vitest";
import { resultsFrom } from "../../src/runs/results.ts";
import { complete, createRun } from "../../src/runs/run.ts";

const RECOMMENDED = {
  recommendations: [
    {
      title: "Cost Optimization",
      description: "Optimize procurement costs",
      expectedImpact: "Reduce costs by 15-20%",
    },
    { title: "Vendor Management", description: "Use approved vendors." },
  ],
};
const FIGURES = {
  summary: "Procure 10 MacBook Pro units. Inventory risk is medium.",
  orders: [
    { item: "MacBook Pro", quantity: 51, leadTime: "2-4 weeks", total: 127_500 },
    { item: "MacBook Air", quantity: 10, leadTime: "1-2 months", total: 15_000.5 },
  ],
  totalCost: 142_500.5,
};
const answered = (figures?: unknown) => ({
  ...RECOMMENDED,
  marketAnalysis: { status: "answered", ...(figures !== undefined && { figures }) },
});

const resultsOf = (data: unknown, text = "# Report") => ({
  ...resultsFrom(complete(createRun({ userId: "alice", prompt: "p" }, 1), { text, data }, 1_730_217_600)),
  request_id: "r",
});

describe("the results of a report", () => {
  it("contain the agent's reasons and no figure that it does not state", () => {
    const results = resultsOf(RECOMMENDED);
    expect(results).toEqual({
      request_id: "r",
      recommendations: [],
      reasoning: [
        {
          decision: "Cost Optimization",
          agent: "supply-chain-agent",
          rationale: "Optimize procurement costs. Expected impact: Reduce costs by 15-20%.",
        },
        { decision: "Vendor Management", agent: "supply-chain-agent", rationale: "Use approved vendors." },
      ],
      completed_at: "2024-10-29T16:00:00.000Z",
    });
    expect(resultsSchema.parse(results)).toEqual(results);
  });

  it("take orders and cost from the market analysis", () => {
    const results = resultsOf(answered(FIGURES));
    expect(results.summary).toEqual({ total_cost: 142500.5, expected_delivery: "1-2 months" });
    expect(results.recommendations).toEqual([
      {
        item: "MacBook Pro",
        quantity: 51,
        unit_price: 2500,
        lead_time: "2-4 weeks",
        total: 127500,
      },
      {
        item: "MacBook Air",
        quantity: 10,
        unit_price: 1500.05,
        lead_time: "1-2 months",
        total: 15000.5,
      },
    ]);
    expect(results.reasoning.at(-1)).toEqual({
      decision: "Market Analysis",
      agent: "market-analysis-agent",
      rationale: "Procure 10 MacBook Pro units. Inventory risk is medium.",
    });
  });

  it.each([
    ["none", undefined],
    ["other ones", { orders: "many" }],
    ["an endless list", { ...FIGURES, orders: Array(1_001).fill(FIGURES.orders[0]) }],
  ])("of a market analysis with %s for figures have the recommendations only", (_name, figures) => {
    const results = resultsOf(answered(figures));
    expect(results).toEqual(resultsOf(RECOMMENDED));
  });

  it.each([undefined, { recommendations: [{ title: "x" }] }])(
    "of an answer without such data are its beginning only: %j",
    (data) => {
      const results = resultsOf(data, "x".repeat(300));
      expect(results.recommendations).toEqual([]);
      expect(results.reasoning).toEqual([
        {
          decision: "Supply Chain Optimization",
          agent: "supply-chain-agent",
          rationale: `${"x".repeat(200)}...`,
        },
      ]);
      expect(resultsOf(data, "short").reasoning[0]?.rationale).toBe("short");
    },
  );

  it("state why the market analysis is missing", () => {
    const marketAnalysis = {
      status: "failed",
      reason: "request failed",
      hop: "supply-chain-agent -> market-analysis-agent",
      code: "http_503",
      message: "it answered with status 503",
    };
    expect(resultsOf({ ...RECOMMENDED, marketAnalysis }).reasoning.at(-1)).toEqual({
      decision: "Market Analysis",
      agent: "supply-chain-agent",
      rationale:
        "No market analysis provided (request failed). Hop: supply-chain-agent -> market-analysis-agent. Code: http_503. Reason: it answered with status 503.",
    });
  });
});

it("of a run without a report are not found", () => {
  expect(() => resultsFrom({ id: "r", report: undefined } as never)).toThrow("not completed");
});
