/**
 * The budget of a mission: a line of its description, so that the mission's digest covers it. The
 * protocol has no member for it.
 *
 * @module
 */

import type { AskedRequest, Mission, MissionEntry } from "aauth/server";

const LINE = /^Budget: (\d{1,9}) USD$/m;

/** Entries of a mission's log from a number on; none after the last. */
export type ReadLog = (
  mission: Pick<Mission, "person" | "s256">,
  from: number,
) => Promise<readonly MissionEntry[]>;

/** The budget in a description, in whole US dollars; undefined if it names none. */
export function budgetOf(description: string): number | undefined {
  const amount = LINE.exec(description)?.[1];
  return amount === undefined ? undefined : Number(amount);
}

/** A description with another budget. It must name one already. */
export const withBudget = (description: string, budget: number): string =>
  description.replace(LINE, `Budget: ${budget} USD`);

/** A description without its budget, which a page shows apart. */
export const withoutBudget = (description: string): string => description.replace(LINE, "").trim();

/** The sum that an agent wants to spend, as it says itself; undefined for another request. */
export function totalOf({ kind, action }: AskedRequest): number | undefined {
  const total = action?.parameters?.total;
  return kind === "permission" && typeof total === "number" && total >= 0 ? total : undefined;
}

/** Sum of the permissions that were requested under a mission and not denied. */
export async function spentUnder(
  mission: Pick<Mission, "person" | "s256">,
  readLog: ReadLog,
): Promise<number> {
  const sums = new Map<number, number>();
  for (let from = 0; ; ) {
    const entries = await readLog(mission, from);
    for (const entry of entries) {
      const total = entry.type === "requested" ? totalOf(entry.request) : undefined;
      if (total !== undefined) sums.set(entry.n, total);
      if (entry.type === "decided" && entry.decision === "denied") sums.delete(entry.of);
    }
    if (entries.length === 0) return [...sums.values()].reduce((sum, total) => sum + total, 0);
    from += entries.length;
  }
}
