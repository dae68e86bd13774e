import type { Reasoning, Recommendation, Results } from "backend-api";

const UNKNOWN_TEXT = "TBD";
const SHORT_RATIONALE_CHARACTERS = 200;

// A line may be as long as the answer, and the answer is another party's: every pattern takes time linear in it. None looks for a second
// place where the first one found does not lead to the line's end; hence `s`, with which `.` stops at nothing.
/** `### 2. Vendor Management`: one recommendation of the supply-chain agent. */
const RECOMMENDATION_HEADING = /^###\s+\d+\.\s+(.+)$/s;
/** `- **Priority**: high` or `**Total Estimated Cost**: $25,000.00`. */
const FIELD = /^(?:[-*]\s+)?\*\*(.+?):?\*\*:?\s*(.*)$/s;
/** `- Procure 10 MacBook Pro units within 1-2 months ($25,000.00)`: one order the market-analysis agent advises. In three steps. */
const ORDER = /^[-*]\s+Procure\s+(\d+)\s+(.+)$/is;
const UNITS_WITHIN = /\sunits?\s+within\s+/i;
const ORDER_TOTAL = /\s\(\$([\d,]+(?:\.\d+)?)\)$/;
/** The second hop failed. Hop, code and reason follow as fields. */
const NO_MARKET_ANALYSIS = /^No market analysis provided \(.+\)$/;
const EXECUTIVE_SUMMARY = /^##\s+Executive Summary$/i;

interface Section {
  readonly title: string;
  readonly fields: Map<string, string>;
}

/**
 * Reads the results object out of the agent's Markdown. Figures the agent did not state are 0, words `TBD`; nothing is
 * made up. An answer in another form yields no recommendations and its own beginning as the only rationale.
 *
 * @param answer.completedAt Unix seconds
 */
export function resultsFrom(answer: { requestId: string; report: string; completedAt: number }): Results {
  const lines = answer.report.split(/\r?\n/).map((line) => line.trim());
  const sections = recommendationSections(lines);
  const orders = lines.flatMap(orderOf);
  const stated = fieldAmount(lines, "Total Estimated Cost");
  const ordered = orders.reduce((sum, { total }) => sum + total, 0);

  return {
    request_id: answer.requestId,
    summary: {
      total_cost: stated ?? ordered,
      expected_delivery: orders.at(-1)?.lead_time ?? UNKNOWN_TEXT,
      cost_savings: 0,
      efficiency: 0,
    },
    recommendations: [...sections.map(({ title }) => withoutFigures(title)), ...orders],
    reasoning: reasoningFrom(sections, lines, answer.report),
    completed_at: new Date(answer.completedAt * 1000).toISOString(),
  };
}

function recommendationSections(lines: readonly string[]): Section[] {
  const sections: Section[] = [];
  let current: Section | undefined;
  for (const line of lines) {
    const title = RECOMMENDATION_HEADING.exec(line)?.[1];
    if (title !== undefined) {
      current = { title, fields: new Map() };
      sections.push(current);
    } else if (line.startsWith("#")) {
      current = undefined;
    } else {
      const field = FIELD.exec(line);
      if (field) current?.fields.set(field[1]!.toLowerCase(), field[2]!);
    }
  }
  return sections;
}

function orderOf(line: string): Recommendation[] {
  const [, count, rest = ""] = ORDER.exec(line) ?? [];
  const between = UNITS_WITHIN.exec(rest);
  if (count === undefined || between === null) return [];
  const when = rest.slice(between.index + between[0].length);
  const figure = ORDER_TOTAL.exec(when);
  const quantity = Number(count);
  const total = figure === null ? 0 : amount(figure[1]!);
  return [
    {
      item: rest.slice(0, between.index).trimEnd(),
      quantity,
      unit_price: quantity > 0 ? Math.round((total / quantity) * 100) / 100 : 0,
      supplier: UNKNOWN_TEXT,
      lead_time: when.slice(0, figure?.index).trimEnd(),
      total,
    },
  ];
}

function withoutFigures(item: string): Recommendation {
  return { item, quantity: 0, unit_price: 0, supplier: UNKNOWN_TEXT, lead_time: UNKNOWN_TEXT, total: 0 };
}

function reasoningFrom(sections: readonly Section[], lines: readonly string[], report: string): Reasoning[] {
  const reasons = sections.map(({ title, fields }) => {
    const description = fields.get("description");
    const impact = fields.get("expected impact");
    const sentences = [
      ...(description ? [description] : []),
      ...(impact ? [`Expected impact: ${impact}`] : []),
    ];
    const rationale = sentences.map((text) => text.replace(/\.?$/, ".")).join(" ");
    return { decision: title, agent: "supply-chain-agent", rationale: rationale || UNKNOWN_TEXT };
  });
  const summaryAt = lines.findIndex((line) => EXECUTIVE_SUMMARY.test(line));
  const summary = summaryAt < 0 ? undefined : lines.slice(summaryAt + 1).find((line) => line !== "");
  if (summary && !summary.startsWith("#")) {
    reasons.push({ decision: "Market Analysis", agent: "market-analysis-agent", rationale: summary });
  }
  const failedAt = lines.findIndex((line) => NO_MARKET_ANALYSIS.test(line));
  if (failedAt >= 0) {
    const why = lines.slice(failedAt + 1).filter((line) => line !== "");
    const end = why.findIndex((line) => !FIELD.test(line));
    const facts = why.slice(0, end < 0 ? undefined : end).map((line) => line.replace(FIELD, "$1: $2."));
    const rationale = [`${lines[failedAt]}.`, ...facts].join(" ");
    reasons.push({ decision: "Market Analysis", agent: "supply-chain-agent", rationale });
  }
  if (reasons.length === 0) {
    reasons.push({
      decision: "Supply Chain Optimization",
      agent: "supply-chain-agent",
      rationale: shortened(report),
    });
  }
  return reasons;
}

function fieldAmount(lines: readonly string[], name: string): number | undefined {
  for (const line of lines) {
    const field = FIELD.exec(line);
    const figure = field?.[1] === name ? /^\$([\d,]+(?:\.\d+)?)/.exec(field[2]!)?.[1] : undefined;
    if (figure !== undefined) return amount(figure);
  }
  return undefined;
}

function amount(figure: string): number {
  return Number(figure.replaceAll(",", ""));
}

function shortened(text: string): string {
  return text.length > SHORT_RATIONALE_CHARACTERS ? `${text.slice(0, SHORT_RATIONALE_CHARACTERS)}...` : text;
}
