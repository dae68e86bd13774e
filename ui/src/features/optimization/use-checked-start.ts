import { useMemo, useState } from "react";
import { constraintProblems } from "./constraint-problems.ts";
import { problemFieldId } from "./constraints-editor.tsx";
import type { ConstraintRow } from "./draft.ts";

const NONE: ReadonlyMap<number, string> = new Map();

/**
 * Starts a run only when every constraint can be sent. Otherwise the focus moves to the first
 * invalid one: the button may be out of its view.
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
