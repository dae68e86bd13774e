import type { InventoryAnalysis, InventoryGap } from "./analyze-inventory.ts";
import { type LaptopModel, UNIT_COST } from "./company-data.ts";

export interface ProcurementStep {
  readonly model: LaptopModel;
  readonly units: number;
  readonly timeline: string;
  /** US dollars. */
  readonly estimatedCost: number;
}

export interface ProcurementPlan {
  readonly immediateActions: readonly ProcurementStep[];
  readonly shortTermPlanning: readonly ProcurementStep[];
  /** US dollars, both lists together. */
  readonly totalEstimatedCost: number;
}

/** Converts gaps to orders: high priority now, medium priority soon. */
export function planProcurement({ gaps }: InventoryAnalysis): ProcurementPlan {
  const stepsFor = (priority: InventoryGap["priority"], timeline: string) =>
    gaps
      .filter((gap) => gap.priority === priority)
      .map(({ model, missing }) => ({
        model,
        units: missing,
        timeline,
        estimatedCost: missing * UNIT_COST[model],
      }));
  const immediateActions = stepsFor("high", "2-4 weeks");
  const shortTermPlanning = stepsFor("medium", "1-2 months");
  const totalEstimatedCost = [...immediateActions, ...shortTermPlanning].reduce(
    (sum, step) => sum + step.estimatedCost,
    0,
  );
  return { immediateActions, shortTermPlanning, totalEstimatedCost };
}
