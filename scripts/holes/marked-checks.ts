/**
 * Checks that are marked in the code: `// hole T7` at the end of the line that a check begins with,
 * or alone on the line above. Its mutation removes the check.
 *
 * - `// hole T7, T9`: the check of several rows.
 * - `// hole T7: CODE`: code instead of nothing. In a declaration, a property or a `return` it is
 *   the value alone.
 * - `// hole T7+`: removed together with the row's other checks with a plus, each of which
 *   suffices.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { listedFiles } from "../listed-files.ts";
import { KNOWN_HOLES, testsById } from "./known-holes.ts";

/** A check that is removed from the code, and the tests that must notice. */
export interface Mutation {
  /**
   * Row of docs/reference/known-holes.md, with a letter if the row has several; or a file and line.
   */
  readonly id: string;
  /** First line of the removed code. */
  readonly without: string;
  /** Each search string occurs exactly once. */
  readonly edits: readonly Edit[];
  /** Arguments of vitest for each run of tests that must notice, until one fails. */
  readonly runs: readonly (readonly string[])[];
  /** Rows of the conformance kit each of which must notice, while none that accepts does. */
  readonly rows?: readonly string[];
}

/** One replacement in one file. */
export type Edit = readonly [file: string, search: string, replacement: string];

/** The code that a mark stands for. */
export interface MarkedCheck {
  /** Rows; those with a plus are removed together. */
  readonly ids: readonly string[];
  /** From the line of the mark to the end of the statement, operand, property or call. */
  readonly text: string;
  /** What the mutation has instead. */
  readonly instead: string;
}

const IDS = /[A-Z]\d+[a-z]?\+?(?:, [A-Z]\d+[a-z]?\+?)*/.source;
const MARK = new RegExp(`^(.*)// hole (${IDS})(?:: (.+))?$`);
const COMMENT = /\s*\/\/ hole .*/;
/** What precedes the value in a declaration, an assignment, a property or a `return`. */
const BEFORE_VALUE = /^\s*(?:(?:export )?const [\s\S]*? =\s|return |[\w.#]+(?: = |: ))/;
const SOURCES = /^(?:(?:(?:packages|services)\/[^/]+|ui)\/src|scripts\/demo)\/.+\.tsx?$/;
const MAX_SUMMARY_CHARACTERS = 64;
const CLOSES = /^\s*[)\]}]/;

/** The mutations of all marks. */
export function markedMutations(): readonly Mutation[] {
  const mutations = new Map<string, Mutation>();
  for (const { ids, file, text, instead } of markedChecks()) {
    const edit: Edit = [file, text, instead];
    for (const name of ids) {
      const id = name.replace("+", "");
      const place = name === id ? `${id} ${file} ${text}` : name;
      const edits = [...(mutations.get(place)?.edits ?? []), edit];
      mutations.set(place, { id, without: summaryOf(text), edits, runs: runsOf(id) });
    }
  }
  return [...mutations.values()];
}

/** Row of a mark with a letter. */
export const rowOf = (id: string): string => id.replace(/[a-z]$/, "");

/** The marked checks of all sources. */
export function markedChecks(): readonly (MarkedCheck & { readonly file: string })[] {
  return listedFiles(REPOSITORY_ROOT)
    .filter((file) => SOURCES.test(file))
    .flatMap((file) =>
      checksIn(readFileSync(join(REPOSITORY_ROOT, file), "utf8")).map((check) => ({ ...check, file })),
    );
}

export function checksIn(source: string): readonly MarkedCheck[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    const [, code = "", ids, value] = MARK.exec(line) ?? [];
    if (ids === undefined) return [];
    const isAbove = code.trim() === "";
    const first = isAbove ? index + 1 : startOf(lines, index);
    const text = lines.slice(isAbove ? index : first, endOf(lines, first) + 1).join("\n");
    return [{ ids: ids.split(", "), text, instead: value === undefined ? "" : withValue(text, value) }];
  });
}

/**
 * Last line of a statement. The formatter indents its following lines, or begins them with a
 * bracket.
 */
export function endOf(lines: readonly string[], first: number): number {
  const indent = indentOf(lines[first]);
  let last = first;
  while (indentOf(lines[last + 1]) > indent) {
    while (indentOf(lines[last + 1]) > indent) last += 1;
    const next = lines[last + 1] ?? "";
    if (CLOSES.test(next) && indentOf(next) === indent) last += 1;
  }
  return last;
}

/** Runs for a mark: in each file the tests whose title has the row's id. */
function runsOf(id: string): Mutation["runs"] {
  const row = KNOWN_HOLES.some((hole) => hole.id === id) ? id : rowOf(id);
  return (testsById.get(row) ?? []).map((file) => [
    "run",
    // Some tests take their cases from another file.
    file.replace(/\/identities\.ts$/, "/gateway.test.ts").replace(/-suite\.ts$/, ".test.ts"),
    "-t",
    `\\b${row}(?:, \\w+)*: `,
  ]);
}

/** The first line of the code, truncated. */
function summaryOf(text: string): string {
  const code = text.replace(COMMENT, "").trim();
  return code.split("\n", 1)[0]!.slice(0, MAX_SUMMARY_CHARACTERS);
}

function withValue(text: string, value: string): string {
  const code = text.replace(COMMENT, "");
  const before = BEFORE_VALUE.exec(code)?.[0] ?? "";
  const end = /[;,]$/.exec(code)?.[0] ?? "";
  return `${before}${value}${value.endsWith(end) ? "" : end}`;
}

/** First line of a statement that ends on a line with a closing bracket. */
function startOf(lines: readonly string[], last: number): number {
  let first = last;
  while (CLOSES.test(lines[first] ?? "") || indentOf(lines[first]) > indentOf(lines[last])) first -= 1;
  return first;
}

/** Columns; an empty line belongs to the lines around it. */
function indentOf(line: string | undefined): number {
  if (line === undefined) return -1;
  return line === "" ? Number.POSITIVE_INFINITY : line.length - line.trimStart().length;
}
