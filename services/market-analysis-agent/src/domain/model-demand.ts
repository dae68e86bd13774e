import { DEPARTMENTS, LAPTOP_MODELS, type LaptopModel } from "./company-data.ts";

export interface DepartmentDemand {
  readonly department: string;
  readonly headcount: number;
  readonly projectedHeadcount: number;
  readonly refreshCycleMonths: number;
  /** Units per model for the projected headcount. */
  readonly units: Readonly<Record<LaptopModel, number>>;
}

export interface DemandPatterns {
  readonly departments: readonly DepartmentDemand[];
  readonly totalUnits: Readonly<Record<LaptopModel, number>>;
}

/**
 * Projects each department's headcount by its growth, and the laptops it needs. Fractions are
 * truncated.
 */
export function modelDemand(): DemandPatterns {
  const departments = DEPARTMENTS.map((department) => {
    const projectedHeadcount = Math.trunc((department.headcount * (100 + department.growthPercent)) / 100);
    const share = (model: LaptopModel) =>
      Math.trunc((projectedHeadcount * department.sharePercent[model]) / 100);
    return {
      department: department.name,
      headcount: department.headcount,
      projectedHeadcount,
      refreshCycleMonths: department.refreshCycleMonths,
      units: perModel(share),
    };
  });
  const total = (model: LaptopModel) => departments.reduce((sum, { units }) => sum + units[model], 0);
  return { departments, totalUnits: perModel(total) };
}

function perModel(units: (model: LaptopModel) => number): Record<LaptopModel, number> {
  return Object.fromEntries(LAPTOP_MODELS.map((model) => [model, units(model)])) as Record<
    LaptopModel,
    number
  >;
}
