import { useMemo, useState } from "react";
import { constraintProblems } from "./constraint-problems.ts";
import { problemFieldId } from "./constraints-editor.tsx";
import type { ConstraintRow } from "./draft.ts";

const NONE: ReadonlyMap<number, string> = new Map();

/**
 * Starts a run, whichever button asks for it, only when every constraint can be sent. Else the focus goes to the first that cannot: the
 * button may be far from it.
 */
export function useCheckedStart(rows: readonly ConstraintRow[], start: (prompt: string) => void) {
  const problems = useMemo(() => constraintProblems(rows), [rows]);
  const [areShown, setShown] = useState(false);
  const checkedStart = (prompt: string) => {
    const [first] = problems.keys();
    setShown(first !== undefined);
    if (first === undefined) start(prompt);
    else document.getElementById(problemFieldId(first))?.focus();
  };
  return { checkedStart, problems: areShown ? problems : NONE };
}
