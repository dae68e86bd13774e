import type { StartRequest } from "backend-api";
import type { ConstraintRow } from "./draft.ts";

/** Builds the body of a start call. Rows must have no problems; empty ones are omitted. */
export function startRequest(prompt: string, constraints: readonly ConstraintRow[]): StartRequest {
  const named = constraints
    .map(({ name, value }) => [name.trim(), value.trim()] as const)
    .filter(([name]) => name !== "");
  return {
    scenario: "laptop_procurement",
    custom_prompt: prompt.trim(),
    ...(named.length > 0 ? { constraints: Object.fromEntries(named) } : {}),
  };
}
