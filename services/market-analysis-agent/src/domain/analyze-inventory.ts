import { DEPARTMENTS, LAPTOP_MODELS, type LaptopModel, REFRESH_UNITS, STOCK } from "./company-data.ts";

export type Severity = "low" | "medium" | "high";

export interface InventoryGap {
  readonly model: LaptopModel;
  readonly stock: number;
  /** Whole units, buffer included. */
  readonly required: number;
  /** Missing whole units. */
  readonly missing: number;
  readonly priority: "medium" | "high";
}

export interface InventorySurplus {
  readonly model: LaptopModel;
  readonly stock: number;
  readonly required: number;
  /** Whole units above the requirement. */
  readonly excess: number;
}

export interface InventoryAnalysis {
  readonly gaps: readonly InventoryGap[];
  readonly surpluses: readonly InventorySurplus[];
  readonly risk: Severity;
}

/** Buffer of a quarter of the need. */
const BUFFER_FACTOR = 1.25;
/** Stock beyond this many times the required units is surplus. */
const SURPLUS_FACTOR = 1.5;
/** A gap of more units than this is of high priority. */
const HIGH_PRIORITY_UNITS = 20;

/**
 * Compares stock with the need for hiring and replacement in `months` months. Displayed numbers are
 * truncated, not rounded.
 */
export function analyzeInventory(months: number): InventoryAnalysis {
  const gaps: InventoryGap[] = [];
  const surpluses: InventorySurplus[] = [];
  for (const model of LAPTOP_MODELS) {
    const stock = STOCK[model];
    const required = unitsNeeded(model, months) * BUFFER_FACTOR;
    if (stock < required) {
      const missing = required - stock;
      const priority = missing > HIGH_PRIORITY_UNITS ? "high" : "medium";
      gaps.push({ model, stock, required: Math.trunc(required), missing: Math.trunc(missing), priority });
    } else if (stock > required * SURPLUS_FACTOR) {
      surpluses.push({ model, stock, required: Math.trunc(required), excess: Math.trunc(stock - required) });
    }
  }
  return { gaps, surpluses, risk: riskOf(gaps) };
}

function unitsNeeded(model: LaptopModel, months: number): number {
  const forHires = DEPARTMENTS.map(({ hiresPerSixMonths, sharePercent }) => {
    const hires = Math.trunc((hiresPerSixMonths * months) / 6);
    return Math.trunc((hires * sharePercent[model]) / 100);
  });
  return forHires.reduce((sum, units) => sum + units, REFRESH_UNITS[model]);
}

function riskOf(gaps: readonly InventoryGap[]): Severity {
  if (gaps.some((gap) => gap.priority === "high")) return "high";
  return gaps.length > 0 ? "medium" : "low";
}
