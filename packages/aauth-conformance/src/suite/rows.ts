import { type ClauseName, changedClauses, clauseOf } from "../manifest/clauses.ts";
import { type Check, type Finding, failed, type Role, type Row, verdictOf } from "./check.ts";

/** A finding, or the problem for which the check fails; passed without one. */
export type Outcome = Finding | string | false | undefined;

/** A row as its author writes it: without a role, the clause by name. */
export interface Spec<Bench> extends Pick<Row, "title" | "level" | "needs" | "polarity"> {
  /** Section and number; with the letters of a role the id. */
  readonly number: string;
  readonly clause: ClauseName;
  run(bench: Bench): Promise<Outcome> | Outcome;
}

type RowOf<Bench> = (
  number: string,
  clause: ClauseName,
  title: string,
  run: Spec<Bench>["run"],
) => Spec<Bench>;

/** Rows of both polarities that need the same. */
export function pairOf<Bench>(needs: readonly string[] = [], level: Row["level"] = "must") {
  const rowsOf =
    (polarity: Row["polarity"]): RowOf<Bench> =>
    (number, clause, title, run) => ({ number, clause, title, run, polarity, needs, level });
  return { accepts: rowsOf("accept"), refuses: rowsOf("refuse") };
}

const LETTERS: Readonly<Record<Role, string>> = {
  resource: "RS",
  agent: "AG",
  "person-server": "PS",
  "access-server": "AS",
  gateway: "GW",
  verify: "VF",
};

/**
 * Gives rows their role, and their clauses' words. A check whose clause was changed fails until it
 * is read again.
 */
export const checksOf = <Bench>(
  role: Role,
  specs: readonly Spec<Bench>[],
  letters = LETTERS[role],
): readonly Check<Bench>[] =>
  specs.map(({ number, clause, run, ...row }) => {
    const change = stale().get(clause);
    return {
      ...row,
      ...clauseOf(clause),
      id: `${letters}-${number}`,
      role,
      async run(bench) {
        if (change !== undefined) return failed(`read the clause again: ${change}`);
        const outcome = await run(bench);
        return typeof outcome === "object" ? outcome : verdictOf(outcome);
      },
    };
  });

let known: ReadonlyMap<string, string> | undefined;
const stale = () => {
  known ??= changedClauses();
  return known;
};
