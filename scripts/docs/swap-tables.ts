import { readFileSync } from "node:fs";
import { MODES, RESULTS, type Results, SECTIONS } from "../../tests/interop/swaps.ts";
import { table } from "./table.ts";

const MARKED = /(<!-- swaps:begin[^>]*-->\n)[\s\S]*?(<!-- swaps:end -->)/;

/**
 * A page whose tables of swaps, between its markers, are those of tests/interop/results.json.
 *
 * @throws Error without the markers
 */
export function withSwapTables(page: string): string {
  if (!MARKED.test(page)) throw new Error("there are no markers swaps:begin and swaps:end");
  const results = JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
  const tables = Object.entries(results).map(([section, { versions, verdicts }]) => {
    const rows = Object.entries(verdicts).flatMap(([named, byMode]) => rowsOf(named, byMode));
    return `### ${section}\n\n${versions.join(", ")}.\n\n${table(["Replaced", "Named", ...Object.keys(MODES)], rows)}`;
  });
  const names = Object.keys(results);
  const notRun = SECTIONS.filter((section) => !names.some((name) => name.includes(section)));
  const text = [...tables, `Not run: ${notRun.join("; ")}.\n`].join("\n");
  return page.replace(MARKED, (_, begin: string, end: string) => begin + text + end);
}

function rowsOf(
  named: string,
  byMode: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string[][] {
  const swaps = [...new Set(Object.values(byMode).flatMap((bySwap) => Object.keys(bySwap)))];
  return swaps.map((swap) => [
    swap,
    named,
    ...Object.keys(MODES).map((mode) => shortened(byMode[mode]?.[swap] ?? "-")),
  ]);
}

/** Without the schemes, and once where both hops came to the same. */
function shortened(verdict: string): string {
  const [first, second] = verdict.split("; ").map((hop) => hop.replace(/ \(.*| ?, consent given/, ""));
  return first === second || second === undefined ? first! : `${first}; ${second}`;
}
