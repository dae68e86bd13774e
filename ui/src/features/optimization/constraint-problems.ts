import type { ConstraintRow } from "./draft.ts";

/** A name that no JSON object may have on its way to the backend, whose reader refuses it. */
const refusedName = "__proto__";

/** What keeps a row from being sent, by row id. A row left empty is simply not sent. */
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
