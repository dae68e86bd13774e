import { analyzeInventory, type InventoryAnalysis } from "./analyze-inventory.ts";
import { DEPARTMENTS } from "./company-data.ts";
import { forecastTrends, type MarketTrend } from "./forecast-trends.ts";
import { type DemandPatterns, modelDemand } from "./model-demand.ts";
import { type ProcurementPlan, planProcurement } from "./plan-procurement.ts";
import type { AnalysisKind, MarketQuestion } from "./read-request.ts";

export interface MarketAnalysis {
  readonly kind: AnalysisKind;
  readonly timeframeMonths: number;
  readonly departments: readonly string[];
  /** Unix seconds. */
  readonly generatedAt: number;
  readonly inventory?: { readonly analysis: InventoryAnalysis; readonly plan: ProcurementPlan };
  readonly patterns?: DemandPatterns;
  readonly trends?: readonly MarketTrend[];
}

/** Answers a question: one part of the analysis, or all of them when it is comprehensive. */
export function analyzeMarket(question: MarketQuestion, nowSeconds: number): MarketAnalysis {
  const { kind, timeframeMonths } = question;
  const wants = (part: AnalysisKind) => kind === part || kind === "comprehensive";
  return {
    kind,
    timeframeMonths,
    departments: DEPARTMENTS.map(({ name }) => name),
    generatedAt: nowSeconds,
    ...(wants("inventory-demand") && { inventory: inventoryFor(timeframeMonths) }),
    ...(wants("demand-patterns") && { patterns: modelDemand() }),
    ...(wants("market-trends") && { trends: forecastTrends(timeframeMonths, nowSeconds) }),
  };
}

function inventoryFor(months: number): { analysis: InventoryAnalysis; plan: ProcurementPlan } {
  const analysis = analyzeInventory(months);
  return { analysis, plan: planProcurement(analysis) };
}
