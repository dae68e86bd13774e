import { useMemo, useState } from "react";
import { constraintProblems } from "./constraint-problems.ts";
import { problemFieldId } from "./constraints-editor.tsx";
import type { ConstraintRow } from "./draft.ts";

const NONE: ReadonlyMap<number, string> = new Map();

/**
 * Starts a run only if every constraint is valid. Otherwise opens the settings and focuses the
 * first invalid one.
 *
 * @returns `checkedStart`, which reports whether a run was started
 */
export function useCheckedStart(rows: readonly ConstraintRow[], start: (prompt: string) => void) {
  const problems = useMemo(() => constraintProblems(rows), [rows]);
  const [areShown, setShown] = useState(false);
  const checkedStart = (prompt: string) => {
    const [first] = problems.keys();
    setShown(first !== undefined);
    if (first === undefined) start(prompt);
    else focusInFold(document.getElementById(problemFieldId(first)));
    return first === undefined;
  };
  return { checkedStart, problems: areShown ? problems : NONE };
}

/** Opens the fold first, because hidden fields cannot be focused. */
function focusInFold(field: HTMLElement | null) {
  const fold = field?.closest("details");
  if (fold) fold.open = true;
  field?.focus();
}
