import type { ConstraintRow } from "./draft.ts";

/** The backend's JSON parser rejects objects with this name. */
const refusedName = "__proto__";

/** Problems that prevent a row from being sent, by row id. Empty rows are not sent. */
export function constraintProblems(rows: readonly ConstraintRow[]): Map<number, string> {
  const problems = new Map<number, string>();
  const seen = new Set<string>();
  for (const row of rows) {
    const name = row.name.trim();
    if (name === "") {
      if (row.value.trim() !== "") problems.set(row.id, "Give this constraint a name");
      continue;
    }
    if (name === refusedName) problems.set(row.id, "This name cannot be used");
    else if (row.value.trim() === "") problems.set(row.id, "Give this constraint a value");
    else if (seen.has(name)) problems.set(row.id, "Another constraint has this name");
    seen.add(name);
  }
  return problems;
}
