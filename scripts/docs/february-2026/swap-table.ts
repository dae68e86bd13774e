import { readFileSync } from "node:fs";
import { MODES, RESULTS, type Results, SECTIONS } from "../../../tests/interop/february-2026/swaps.ts";
import { table } from "../table.ts";

/** One replacement, its results by mode, and the letters of the parties that it was run with. */
interface Row {
  readonly replaced: readonly string[];
  readonly named: string;
  readonly verdicts: readonly string[];
  readonly letters: readonly string[];
}

/** Swaps of results.json: the parties by letter, and a row for equal results. */
function swapTable(): string {
  const results = Object.entries(JSON.parse(readFileSync(RESULTS, "utf8")) as Results);
  const rows = results.flatMap(([, { verdicts }], index) =>
    Object.entries(verdicts).flatMap(([named, byMode]) => rowsOf(letterOf(index), named, byMode)),
  );
  const bySwap = merged(rows, ({ replaced, named, verdicts }) => [...replaced, named, ...verdicts].join());
  const alike = merged(bySwap, ({ named, verdicts, letters }) => [named, ...verdicts, ...letters].join());
  const notRun = SECTIONS.filter((section) => !results.some(([name]) => name.includes(section)));
  const parties = results.map(
    ([name, { versions }], index) => `- ${letterOf(index)}: ${name} (${versions.join(", ")})`,
  );
  return `${parties.join("\n")}
- Not run: ${notRun.join("; ")}

${table(
  ["Replaced", "Named", "With", ...Object.keys(MODES)],
  alike.map(({ replaced, named, verdicts, letters }) => [
    replaced.join("; "),
    named,
    letters.join(", "),
    ...verdicts,
  ]),
)}`;
}

const letterOf = (index: number): string => String.fromCharCode("A".charCodeAt(0) + index);

function rowsOf(letter: string, named: string, byMode: Results[string]["verdicts"][string]): readonly Row[] {
  const swaps = [...new Set(Object.values(byMode).flatMap((bySwap) => Object.keys(bySwap)))];
  return swaps.map((swap) => ({
    replaced: [swap],
    named,
    verdicts: Object.keys(MODES).map((mode) => shortened(byMode[mode]?.[swap] ?? "-")),
    letters: [letter],
  }));
}

/** Rows of one key become one, with the replacements and letters of all. */
function merged(rows: readonly Row[], keyOf: (row: Row) => string): readonly Row[] {
  return [...Map.groupBy(rows, keyOf).values()].map((alike) => ({
    ...alike[0]!,
    replaced: [...new Set(alike.flatMap(({ replaced }) => replaced))],
    letters: [...new Set(alike.flatMap(({ letters }) => letters))],
  }));
}

/** Without the schemes, and once if both hops have one result. */
function shortened(verdict: string): string {
  const [first, second] = verdict.split("; ").map((hop) => hop.replace(/ \(.*| ?, consent given/, ""));
  return first === second || second === undefined ? first! : `${first}; ${second}`;
}

/** Tables of the page of interop that only this dialect has, by heading. */
export const februaryTables = () => ({ "Boxes swapped with the published demo": swapTable() });
