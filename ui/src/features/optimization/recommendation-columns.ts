import type { Recommendation } from "backend-api";
import { formatDollars, formatStatedText, notStated } from "../../components/format-amount.ts";

export interface RecommendationColumn {
  title: string;
  isNumber: boolean;
  cell: (row: Recommendation) => string;
}

const columns: RecommendationColumn[] = [
  { title: "Item", isNumber: false, cell: (row) => row.item },
  { title: "Supplier", isNumber: false, cell: (row) => formatStatedText(row.supplier) },
  { title: "Lead time", isNumber: false, cell: (row) => formatStatedText(row.lead_time) },
  {
    title: "Quantity",
    isNumber: true,
    cell: (row) => (row.quantity === 0 ? notStated : String(row.quantity)),
  },
  { title: "Unit price", isNumber: true, cell: (row) => formatDollars(row.unit_price) },
  { title: "Total", isNumber: true, cell: (row) => formatDollars(row.total) },
];

/** The columns of which at least one row says something. */
export function recommendationColumns(rows: readonly Recommendation[]): RecommendationColumn[] {
  return columns.filter(({ cell }) => rows.some((row) => cell(row) !== notStated));
}
