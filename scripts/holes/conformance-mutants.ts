import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type Mutation, markedMutations } from "./marked-checks.ts";
import { checksOf } from "./select-mutations.ts";

/** The mutations of our library that rows of the conformance kit must catch. */
export interface MutantTable {
  /**
   * By file, and the row of the known holes or the first line of the removed check: the rows that
   * notice. Of several checks that begin alike it is the first.
   */
  readonly mutants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Beginnings of the ids of refusing *must* rows without a mutant, each with the reason. */
  readonly without: Readonly<Record<string, string>>;
}

const TABLE = "tests/conformance/mutants.json";
const FILES: Readonly<Record<string, string>> = {
  RS: "resource",
  AS: "access-server",
  PS: "person-server",
  VF: "verifier",
};
const TWELVE = 12;

export const mutantTable = (): MutantTable =>
  JSON.parse(readFileSync(join(REPOSITORY_ROOT, TABLE), "utf8")) as MutantTable;

/**
 * @param twelfth 1 to 12; default: all
 * @throws RangeError for another part, and for a check that the code no longer has
 */
export function conformanceMutations(twelfth?: string): readonly Mutation[] {
  const part = twelfth === undefined ? undefined : Number(twelfth) - 1;
  if (part !== undefined && !(Number.isInteger(part) && part >= 0 && part < TWELVE)) {
    throw new RangeError("CONFORMANCE_TWELFTH is a number from 1 to 12");
  }
  const marked = markedMutations();
  const all = Object.entries(mutantTable().mutants).flatMap(([file, checks]) => {
    const sampled = checksOf(file, readFileSync(join(REPOSITORY_ROOT, file), "utf8"));
    const known = [...marked.filter(({ edits }) => edits[0]![0] === file), ...sampled];
    return Object.entries(checks).map(([check, rows]): Mutation => {
      const mutation = known.find((own) => own.id === check || own.without === check);
      if (mutation === undefined) throw new RangeError(`${file} has no check ${check}`);
      return { ...mutation, runs: [argumentsFor(rows)], rows };
    });
  });
  return all.filter((_, index) => part === undefined || index % TWELVE === part);
}

/** Runs the rows, and all that accept, of the parties that the rows test. */
function argumentsFor(rows: readonly string[]): readonly string[] {
  const roles = [...new Set(rows.map((row) => row.slice(0, 2)))];
  const files = roles.map((role) => `tests/conformance/${FILES[role]}.test.ts`);
  const ids = rows.map((row) => row.replaceAll(".", "\\."));
  return ["run", "--project", "conformance", ...files, "-t", `(?:${ids.join("|")}) |[A-Z]{2}-\\S+ accept: `];
}
