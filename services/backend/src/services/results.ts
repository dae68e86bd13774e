import type { Reasoning, Recommendation, Results } from "backend-api";
import { z } from "zod";

const UNKNOWN_TEXT = "TBD";
const SHORT_RATIONALE_CHARACTERS = 200;
const MAX_ENTRIES = 1_000;

const text = z.string().max(10_000);
const figuresSchema = z.object({
  summary: text,
  orders: z
    .array(z.object({ item: text, quantity: z.number(), leadTime: text, total: z.number() }))
    .max(MAX_ENTRIES),
  totalCost: z.number(),
});

/** The data part of the supply-chain agent's report. What the market-analysis agent says in it is used only where it can be read. */
const reportSchema = z.object({
  recommendations: z
    .array(z.object({ title: text, description: text, expectedImpact: text.optional() }))
    .max(MAX_ENTRIES),
  marketAnalysis: z
    .discriminatedUnion("status", [
      z.object({ status: z.literal("answered"), figures: figuresSchema.optional().catch(undefined) }),
      z.object({ status: z.literal("failed"), reason: text, hop: text, code: text, message: text }),
    ])
    .optional(),
});
type ReportData = z.infer<typeof reportSchema>;

/**
 * The results object of an agent's report. Figures the agent did not state are 0, words `TBD`. A report without data, as the published
 * demo's agents give it, yields no recommendations and its own beginning as the only rationale.
 *
 * @param answer.completedAt Unix seconds
 */
export function resultsFrom(answer: {
  requestId: string;
  report: string;
  data: unknown;
  completedAt: number;
}): Results {
  const data = reportSchema.safeParse(answer.data).data;
  const market = data?.marketAnalysis;
  const figures = market?.status === "answered" ? market.figures : undefined;
  const orders = figures?.orders ?? [];
  return {
    request_id: answer.requestId,
    summary: {
      total_cost: figures?.totalCost ?? 0,
      expected_delivery: orders.at(-1)?.leadTime ?? UNKNOWN_TEXT,
      cost_savings: 0,
      efficiency: 0,
    },
    recommendations: [
      ...(data?.recommendations ?? []).map(({ title }) => withoutFigures(title)),
      ...orders.map(recommendationFrom),
    ],
    reasoning: data === undefined ? [beginningOf(answer.report)] : reasoningFrom(data),
    completed_at: new Date(answer.completedAt * 1000).toISOString(),
  };
}

type Order = z.infer<typeof figuresSchema>["orders"][number];

function recommendationFrom({ item, quantity, leadTime, total }: Order): Recommendation {
  const unitPrice = quantity > 0 ? Math.round((total / quantity) * 100) / 100 : 0;
  return { item, quantity, unit_price: unitPrice, supplier: UNKNOWN_TEXT, lead_time: leadTime, total };
}

function withoutFigures(item: string): Recommendation {
  return { item, quantity: 0, unit_price: 0, supplier: UNKNOWN_TEXT, lead_time: UNKNOWN_TEXT, total: 0 };
}

function reasoningFrom({ recommendations, marketAnalysis: market }: ReportData): Reasoning[] {
  const reasons = recommendations.map(({ title, description, expectedImpact: impact }) => {
    const sentences = [description, ...(impact === undefined ? [] : [`Expected impact: ${impact}`])];
    const rationale = sentences.map((sentence) => sentence.replace(/\.?$/, ".")).join(" ");
    return { decision: title, agent: "supply-chain-agent", rationale };
  });
  const decision = "Market Analysis";
  if (market?.status === "failed") {
    const { reason, hop, code, message } = market;
    const rationale = `No market analysis provided (${reason}). Hop: ${hop}. Code: ${code}. Reason: ${message}.`;
    reasons.push({ decision, agent: "supply-chain-agent", rationale });
  } else if (market?.figures !== undefined) {
    reasons.push({ decision, agent: "market-analysis-agent", rationale: market.figures.summary });
  }
  return reasons;
}

function beginningOf(markdown: string): Reasoning {
  const isLong = markdown.length > SHORT_RATIONALE_CHARACTERS;
  const rationale = isLong ? `${markdown.slice(0, SHORT_RATIONALE_CHARACTERS)}...` : markdown;
  return { decision: "Supply Chain Optimization", agent: "supply-chain-agent", rationale };
}
