import type { Severity } from "./analyze-inventory.ts";

export interface MarketTrend {
  readonly name: "Product Releases" | "Seasonal Demand" | "Pricing";
  readonly impact: Severity;
  readonly description: string;
}

/** `Date.getUTCMonth` of August and October, between which annual budgets are spent. */
const SEASON = { first: 7, last: 9 } as const;

/**
 * @param months how far to look ahead
 * @param nowSeconds Unix seconds; determines whether it is the season
 */
export function forecastTrends(months: number, nowSeconds: number): MarketTrend[] {
  const trends: MarketTrend[] = [];
  if (months <= 3) {
    trends.push({
      name: "Product Releases",
      impact: "medium",
      description:
        "New models are expected within the quarter; ordering now risks buying the old generation.",
    });
  }
  const month = new Date(nowSeconds * 1000).getUTCMonth();
  if (month >= SEASON.first && month <= SEASON.last) {
    trends.push({
      name: "Seasonal Demand",
      impact: "medium",
      description: "Back-to-school and year-end budgets raise demand and lengthen delivery times.",
    });
  }
  trends.push({
    name: "Pricing",
    impact: "medium",
    description: "Prices are stable; volume discounts remain the main lever.",
  });
  return trends;
}
