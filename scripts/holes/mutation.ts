/** One check taken out of the code, and the tests that must notice. */
export interface Mutation {
  /** Row of docs/reference/known-holes.md, or `X` for a check that no published implementation lacks by name. */
  readonly id: string;
  /** What the code no longer does. */
  readonly without: string;
  /** Each text is there exactly once, so that a table that no longer fits the code says so. */
  readonly edits: readonly Edit[];
  /** The file of tests, and how the name begins of those that are run; all of them without. */
  readonly test: readonly [file: string, name?: string];
}

/** One replacement in one file. */
export type Edit = readonly [file: string, search: string, replacement: string];
