/**
 * Checks that are marked in the code: `// hole T7` at the end of the line that a check begins with,
 * or alone on the line above. A mark moves with its check, so that no table has to follow the code.
 * The page names the tests.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listedFiles } from "../listed-files.ts";
import { type Mutation, runOf } from "./mutation.ts";

/** The code that a mark stands for. */
export interface MarkedCheck {
  /** A row of docs/reference/known-holes.md, with a letter if the row has several. */
  readonly id: string;
  /** From the line of the mark to the end of the statement, operand, property or call. */
  readonly text: string;
}

const PAGE = "docs/reference/known-holes.md";
const ROW = /^\| \[([A-Z]\d+[a-z]?)\]\(\.\.\/\.\.\/([^)]+)\)/gm;
const MARK = /^(.*)\/\/ hole ([A-Z]\d+[a-z]?)$/;
const SOURCES = /^(?:packages|services)\/[^/]+\/src\/.+\.ts$/;
const MAX_SUMMARY_CHARACTERS = 64;
const CLOSES = /^\s*[)\]}]/;

/**
 * Test run for each row of the page: the tests of its file that have the row's id in their title.
 */
export function testsOfRows(root: string): (id: string) => readonly string[] | undefined {
  const page = readFileSync(join(root, PAGE), "utf8");
  const files = new Map([...page.matchAll(ROW)].map(([, id = "", file = ""]) => [id, file]));
  return (id) => {
    const row = files.has(id) ? id : rowOf(id);
    // The gateway's contract takes some of its cases from another file.
    const file = files.get(row)?.replace(/\/identities\.ts$/, "/gateway.test.ts");
    return file === undefined ? undefined : runOf(file, `\\b${row}(?:, \\w+)*: `);
  };
}

/**
 * One mutation for each mark: its check is removed, and a test of the row must fail.
 *
 * @param instead by id: code that replaces the check if nothing works without any
 */
export function markedMutations(
  root: string,
  instead: Readonly<Record<string, string>>,
): readonly Mutation[] {
  const testOf = testsOfRows(root);
  return markedChecks(root).flatMap(({ id, file, text }): Mutation[] => {
    const run = testOf(id);
    const edits = [[file, text, instead[id] ?? ""]] as const;
    return run === undefined ? [] : [{ id, without: summaryOf(text), runs: [run], edits }];
  });
}

/** The marked checks of all sources. */
export function markedChecks(root: string): readonly (MarkedCheck & { readonly file: string })[] {
  return listedFiles(root)
    .filter((file) => SOURCES.test(file))
    .flatMap((file) => checksIn(readFileSync(join(root, file), "utf8")).map((check) => ({ ...check, file })));
}

export function checksIn(source: string): readonly MarkedCheck[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    const [, code = "", id] = MARK.exec(line) ?? [];
    if (id === undefined) return [];
    const isAbove = code.trim() === "";
    const first = isAbove ? index + 1 : startOf(lines, index);
    return [{ id, text: lines.slice(isAbove ? index : first, endOf(lines, first) + 1).join("\n") }];
  });
}

/** The first line of the code, truncated. */
export function summaryOf(text: string): string {
  const code = text.split("\n").find((line) => !/^\s*\/\//.test(line)) ?? "";
  return code
    .replace(/\s*\/\/ hole .*/, "")
    .trim()
    .slice(0, MAX_SUMMARY_CHARACTERS);
}

/** Row of a mark with a letter. */
export const rowOf = (id: string): string => id.replace(/[a-z]$/, "");

/** First line of a statement that ends on a line with a closing bracket. */
function startOf(lines: readonly string[], last: number): number {
  let first = last;
  while (CLOSES.test(lines[first] ?? "") || indentOf(lines[first]) > indentOf(lines[last])) first -= 1;
  return first;
}

/**
 * Last line of a statement. The formatter indents the following lines deeper, or begins them with a
 * closing bracket.
 */
function endOf(lines: readonly string[], first: number): number {
  const indent = indentOf(lines[first]);
  let last = first;
  while (indentOf(lines[last + 1]) > indent) {
    while (indentOf(lines[last + 1]) > indent) last += 1;
    const next = lines[last + 1] ?? "";
    if (CLOSES.test(next) && indentOf(next) === indent) last += 1;
  }
  return last;
}

/** Columns; an empty line belongs to the lines around it. */
function indentOf(line: string | undefined): number {
  if (line === undefined) return -1;
  return line === "" ? Number.POSITIVE_INFINITY : line.length - line.trimStart().length;
}
