import type { RequestAnalysis } from "./analyze-request.ts";

export interface Recommendation {
  readonly type: "inventory_optimization" | "cost_optimization" | "vendor_management" | "approval_workflow";
  readonly priority: "high" | "medium" | "low";
  readonly description: string;
  readonly action: string;
  readonly expectedImpact: string;
}

const INVENTORY: Recommendation = {
  type: "inventory_optimization",
  priority: "high",
  description: "Match stock levels to forecast demand and keep the buffer.",
  action: "review_current_stock_levels_and_forecast_demand",
  expectedImpact: "reduce_stockouts_by_80%",
};

const COST: Recommendation = {
  type: "cost_optimization",
  priority: "medium",
  description: "Buy in larger lots at better prices.",
  action: "batch_orders_quarterly_and_negotiate_bulk_pricing",
  expectedImpact: "reduce_costs_by_15-20%",
};

const VENDOR: Recommendation = {
  type: "vendor_management",
  priority: "medium",
  description: "Keep to vendors that were vetted.",
  action: "prioritize_orders_with_approved_vendors",
  expectedImpact: "ensure_compliance_and_quality",
};

const APPROVAL: Recommendation = {
  type: "approval_workflow",
  priority: "low",
  description: "Route orders to the person who may approve them.",
  action: "implement_automated_approval_routing",
  expectedImpact: "streamline_procurement_process",
};

/** Recommendations for a request, most urgent first. */
export function recommend(analysis: RequestAnalysis): Recommendation[] {
  return [
    ...(analysis.asksForInventory ? [INVENTORY] : []),
    ...(analysis.asksForCost ? [COST] : []),
    VENDOR,
    APPROVAL,
  ];
}
