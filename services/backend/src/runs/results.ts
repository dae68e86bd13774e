import type { AgentAnswer } from "aauth-a2a";
import {
  type Failure,
  failedPartOf,
  failedPartSchema,
  type Hop,
  hopSchema,
  type Reasoning,
  type Recommendation,
  type Results,
} from "backend-api";
import { z } from "zod";
import { BackendError } from "../errors.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Run } from "./run.ts";

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

/**
 * Data part of the supply-chain agent's report. Invalid figures of the market analysis are omitted.
 */
const reportSchema = z.object({
  recommendations: z
    .array(z.object({ title: text, description: text, expectedImpact: text.optional() }))
    .max(MAX_ENTRIES),
  marketAnalysis: z
    .discriminatedUnion("status", [
      z.object({ status: z.literal("answered"), figures: figuresSchema.optional().catch(undefined) }),
      failedPartSchema,
    ])
    .optional(),
});
type ReportData = z.infer<typeof reportSchema>;

/**
 * Failure of a run whose second hop failed although the supply-chain agent answered; undefined if
 * nothing failed, or if the report has no data, as from the published demo's agent.
 */
export function secondHopFailure(report: AgentAnswer): Failure | undefined {
  const failed = failedPartOf(report);
  if (failed === undefined) return undefined;
  const { reason, hop, code, section, message } = failed;
  return {
    hop: endOf(hop),
    code: oneLine(code),
    ...(section !== undefined && { section: oneLine(section) }),
    message: oneLine(`No market analysis provided (${reason}): ${message}`),
    advice:
      "The report contains the rest. The supply-chain agent's log has the reason why its own call failed.",
  };
}

/** The target of a connection, `from -> to`. */
function endOf(connection: string): Hop {
  const to = connection.split(" -> ").at(-1)!.replace(" ", "-");
  return hopSchema.catch("supply-chain-agent").parse(to);
}

/**
 * Results of a run, as far as the agents state them in data. A report without data, as from the
 * published demo's agents, only yields its beginning as the rationale.
 */
export function resultsFrom({ id, report, endedAt }: Run): Results {
  if (report === undefined) throw new BackendError("not_found", "The optimization is not completed");
  const data = reportSchema.safeParse(report.data).data;
  const market = data?.marketAnalysis;
  const figures = market?.status === "answered" ? market.figures : undefined;
  const delivery = figures?.orders.at(-1)?.leadTime;
  return {
    request_id: id,
    ...(figures && {
      summary: {
        total_cost: figures.totalCost,
        ...(delivery !== undefined && { expected_delivery: delivery }),
      },
    }),
    recommendations: (figures?.orders ?? []).map(recommendationFrom),
    reasoning: data === undefined ? [beginningOf(report.text)] : reasoningFrom(data),
    completed_at: endedAt!,
  };
}

type Order = z.infer<typeof figuresSchema>["orders"][number];

function recommendationFrom({ item, quantity, leadTime, total }: Order): Recommendation {
  const unitPrice = Math.round((total / quantity) * 100) / 100;
  return { item, quantity, ...(quantity > 0 && { unit_price: unitPrice }), lead_time: leadTime, total };
}

function reasoningFrom({ recommendations, marketAnalysis: market }: ReportData): Reasoning[] {
  const reasons = recommendations.map(({ title, description, expectedImpact: impact }) => {
    const sentences = [description, ...(impact === undefined ? [] : [`Expected impact: ${impact}`])];
    const rationale = sentences.map((sentence) => sentence.replace(/\.?$/, ".")).join(" ");
    return { decision: title, agent: "supply-chain-agent", rationale };
  });
  const decision = "Market Analysis";
  if (market?.status === "failed") {
    const { reason, hop, code, section, message } = market;
    const demandedBy = section === undefined ? "" : ` Section: ${section}.`;
    const rationale = `No market analysis provided (${reason}). Hop: ${hop}. Code: ${code}.${demandedBy} Reason: ${message}.`;
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
