import { type ClauseName, changedClauses, clauseOf } from "../manifest/clauses.ts";
import { type Check, type Finding, failed, type Role, type Row, verdictOf } from "./check.ts";

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

/** A finding, or the problem for which the check fails; passed without one. */
export type Outcome = Finding | string | false | undefined;

/** Makes a row. */
export type RowOf<Bench> = (
  number: string,
  clause: ClauseName,
  title: string,
  run: (bench: Bench) => Promise<Outcome> | Outcome,
) => Check<Bench>;

/** Rows of one table: what they have in common. */
export const rowsOf =
  <Bench>(
    role: Role,
    prefix: string,
    polarity: Row["polarity"],
    needs: readonly string[] = [],
    level: Row["level"] = "must",
  ): RowOf<Bench> =>
  (number, clause, title, run) =>
    checkOf({
      id: `${prefix}-${number}`,
      role,
      clause,
      title,
      polarity,
      needs,
      level,
      async run(bench) {
        const result = await run(bench);
        return typeof result === "object" ? result : verdictOf(result);
      },
    });

/** Rows of both polarities that need the same. */
export const pairOf = <Bench>(
  role: Role,
  prefix: string,
  needs: readonly string[] = [],
  level: Row["level"] = "must",
): { readonly accepts: RowOf<Bench>; readonly refuses: RowOf<Bench> } => ({
  accepts: rowsOf<Bench>(role, prefix, "accept", needs, level),
  refuses: rowsOf<Bench>(role, prefix, "refuse", needs, level),
});

let known: ReadonlyMap<string, string> | undefined;
const stale = () => {
  known ??= changedClauses();
  return known;
};
