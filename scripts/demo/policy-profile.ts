import type { StackModes } from "./stack.ts";
import { POLICY_FILES } from "./stack.ts";

type Profile = StackModes["profile"];

/**
 * Refuses a gateway's file whose routes take messages of the other profile alone: the gateway would
 * refuse every call.
 *
 * @throws Error
 */
export function requireProfile(file: string, text: string, profile: Profile): void {
  const taken = profilesIn(text);
  if (taken === undefined || taken.includes(profile)) return;
  throw new Error(
    `${file} is for ${taken.join(" and ")}, and this is ${profile}: take a file such as ${POLICY_FILES[profile]}, or ${POLICY_FILES[profile].replace(".yaml", "-policy.yaml")}`,
  );
}

/** By what its routes tell the check; undefined where they tell nothing of it. */
function profilesIn(text: string): readonly string[] | undefined {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  const valuesOf = (field: string) =>
    lines.flatMap((line) => new RegExp(`\\b${field}:\\s*'?"([^"]*)"`).exec(line)?.[1] ?? []);
  const named = valuesOf("x-aauth-profiles").flatMap((value) => value.split(/[ ,]+/));
  if (named.length > 0) return [...new Set(named)];
  // Names have a port in February's profile alone.
  const isFebruary = valuesOf("x-aauth-authority").some((authority) => authority.includes(":"));
  return isFebruary ? ["february-2026"] : undefined;
}
