import type { MarketAnalysis } from "../domain/analyze-market.ts";
import { summary } from "./market-report.ts";

/** The report's figures for programs. Money in US dollars. */
export function marketFigures(analysis: MarketAnalysis) {
  const plan = analysis.inventory?.plan;
  const steps = plan === undefined ? [] : [...plan.immediateActions, ...plan.shortTermPlanning];
  return {
    summary: summary(analysis),
    orders: steps.map(({ model, units, timeline, estimatedCost }) => ({
      item: model,
      quantity: units,
      leadTime: timeline,
      total: estimatedCost,
    })),
    totalCost: plan?.totalEstimatedCost ?? 0,
  };
}
