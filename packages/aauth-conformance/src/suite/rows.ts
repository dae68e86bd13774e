import { type ClauseName, changedClauses, clauseOf } from "../manifest/clauses.ts";
import { type Check, type Finding, failed, type Row } from "./check.ts";

/** A check as its author writes it: the clause by name. */
export interface Spec<Bench> extends Omit<Row, "section" | "quote" | "needs" | "level"> {
  readonly clause: ClauseName;
  /** Default: `must`. */
  readonly level?: Row["level"];
  /** Default: nothing. */
  readonly needs?: readonly string[];
  run(bench: Bench): Promise<Finding> | Finding;
}

/**
 * Resolves the clause of a check. A check whose clause was changed fails until it is read again.
 */
export function checkOf<Bench>(spec: Spec<Bench>): Check<Bench> {
  const { clause, level = "must", needs = [], ...rest } = spec;
  const { section, quote } = clauseOf(clause);
  const change = stale().get(clause);
  const run = change === undefined ? spec.run : () => failed(`read the clause again: ${change}`);
  return { ...rest, level, needs, section, quote, run };
}

let known: ReadonlyMap<string, string> | undefined;
const stale = () => {
  known ??= changedClauses();
  return known;
};
