/** Beyond this factor a missed target fails the run; below it the machine may be to blame. */
export const MARGIN = 1.25;

/** One line of the closing table. */
export interface Row {
  readonly what: string;
  /** As it is shown, with its unit. */
  readonly value: string;
  /** As it is shown; empty when there is none. */
  readonly target: string;
  readonly verdict: "reached" | "missed" | "";
}

/** A figure and what it should be at most. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** Default none: the figure is shown and not judged. */
  readonly target?: number;
  /** `x` for a ratio, which is the default, or the unit of the value. */
  readonly unit?: "x" | "ms" | "s" | "MiB" | "kB" | "spans/s";
}

const WHOLE: ReadonlySet<string> = new Set(["MiB", "kB", "spans/s"]);

/** Judges figures; exit code 1 when a target is missed by more than the margin for noisy machines. */
export function judge(figures: readonly Figure[]): Row[] {
  return figures.map(({ what, value, target, unit = "x" }) => {
    const shown = (number: number) =>
      unit === "x" ? `${number.toFixed(2)} x` : `${number.toFixed(WHOLE.has(unit) ? 0 : 2)} ${unit}`;
    if (target === undefined) return { what, value: shown(value), target: "", verdict: "" };
    if (value > target * MARGIN) process.exitCode = 1;
    const verdict = value <= target ? "reached" : "missed";
    return { what, value: shown(value), target: `<= ${shown(target)}`, verdict };
  });
}

/** Prints rows in aligned columns. */
export function printRows(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, value, target, verdict } of rows) {
    const goal = target === "" ? "" : `  target ${target}: ${verdict}`;
    console.log(`  ${what.padEnd(width)}  ${value.padStart(9)}${goal}`);
  }
}

/** Hands rows to `main.ts`, where it has started this program; does nothing otherwise. */
export function publishRows(rows: readonly Row[]): void {
  process.send?.(rows);
}

/** Rows as a Markdown table. */
export function markdownTable(rows: readonly Row[]): string {
  return [
    "| measured | value | target | |",
    "|---|---|---|---|",
    ...rows.map(({ what, value, target, verdict }) => `| ${what} | ${value} | ${target} | ${verdict} |`),
  ].join("\n");
}
