/** One line of the closing table. */
export interface Row {
  readonly what: string;
  /** As it is shown, with its unit. */
  readonly value: string;
}

/** A figure of a run. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** `x` for a ratio, which is the default, or the unit of the value. */
  readonly unit?: "x" | "ms";
}

/** Figures as they are shown; without those that could not be measured here. */
export function rowsOf(figures: readonly Figure[]): Row[] {
  return figures
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ what, value, unit = "x" }) => ({ what, value: `${value.toFixed(2)} ${unit}` }));
}

/** Prints rows in aligned columns. */
export function printRows(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, value } of rows) console.log(`  ${what.padEnd(width)}  ${value.padStart(9)}`);
}

/** Hands rows to `main.ts`, where it has started this program; does nothing otherwise. */
export function publishRows(rows: readonly Row[]): void {
  process.send?.(rows);
}

/** Rows as a Markdown table. */
export function markdownTable(rows: readonly Row[]): string {
  return [
    "| measured | value |",
    "|---|---|",
    ...rows.map(({ what, value }) => `| ${what} | ${value} |`),
  ].join("\n");
}
