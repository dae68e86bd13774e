/** A check that is removed from the code, and the tests that must notice. */
export interface Mutation {
  /** Row of docs/reference/known-holes.md, or the place of the check. */
  readonly id: string;
  /** First line of the removed code. */
  readonly without: string;
  /** Each search string occurs exactly once; a table that no longer fits the code is an error. */
  readonly edits: readonly Edit[];
  /** Arguments of vitest for each run of tests that must notice, until one fails. */
  readonly runs: readonly (readonly string[])[];
}

/** A run of the tests of one file whose name matches a pattern, or of all. */
export function runOf(file: string, pattern?: string): readonly string[] {
  return ["run", file, ...(pattern === undefined ? [] : ["-t", pattern])];
}

/** One replacement in one file. */
export type Edit = readonly [file: string, search: string, replacement: string];
