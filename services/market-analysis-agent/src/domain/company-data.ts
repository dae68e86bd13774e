/**
 * Data of the demo's company. Shares are whole percentages, so that truncation is not affected by
 * rounding errors.
 */

export type LaptopModel = "MacBook Pro" | "MacBook Air";

export interface Department {
  readonly name: string;
  /** New people in six months. */
  readonly hiresPerSixMonths: number;
  /** Share of new hires that receive each model. */
  readonly sharePercent: Readonly<Record<LaptopModel, number>>;
  readonly headcount: number;
  readonly growthPercent: number;
  /** Months until a laptop is replaced. */
  readonly refreshCycleMonths: number;
}

export const LAPTOP_MODELS: readonly LaptopModel[] = ["MacBook Pro", "MacBook Air"];

export const DEPARTMENTS: readonly Department[] = [
  {
    name: "engineering",
    hiresPerSixMonths: 25,
    sharePercent: { "MacBook Pro": 80, "MacBook Air": 20 },
    headcount: 100,
    growthPercent: 25,
    refreshCycleMonths: 36,
  },
  {
    name: "sales",
    hiresPerSixMonths: 15,
    sharePercent: { "MacBook Pro": 30, "MacBook Air": 70 },
    headcount: 120,
    growthPercent: 15,
    refreshCycleMonths: 42,
  },
  {
    name: "marketing",
    hiresPerSixMonths: 10,
    sharePercent: { "MacBook Pro": 50, "MacBook Air": 50 },
    headcount: 140,
    growthPercent: 10,
    refreshCycleMonths: 48,
  },
  {
    name: "operations",
    hiresPerSixMonths: 8,
    sharePercent: { "MacBook Pro": 40, "MacBook Air": 60 },
    headcount: 160,
    growthPercent: 8,
    refreshCycleMonths: 54,
  },
];

/** Units in stock. */
export const STOCK: Readonly<Record<LaptopModel, number>> = { "MacBook Pro": 45, "MacBook Air": 80 };

/** Replacement units, regardless of the timeframe. */
export const REFRESH_UNITS: Readonly<Record<LaptopModel, number>> = { "MacBook Pro": 12, "MacBook Air": 8 };

/** US dollars. */
export const UNIT_COST: Readonly<Record<LaptopModel, number>> = { "MacBook Pro": 2500, "MacBook Air": 1500 };
