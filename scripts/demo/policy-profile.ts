import type { StackModes } from "./stack.ts";
import { POLICY_FILES } from "./stack.ts";

type Profile = StackModes["profile"];

/**
 * Refuses a gateway file whose routes take only messages of the other profile: the gateway would
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

/** Profile that the routes pass to the check; undefined if they pass none. */
function profilesIn(text: string): readonly string[] | undefined {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  const valuesOf = (field: string) =>
    lines.flatMap((line) => new RegExp(`\\b${field}:\\s*'?"([^"]*)"`).exec(line)?.[1] ?? []);
  const named = valuesOf("x-aauth-profiles").flatMap((value) => value.split(/[ ,]+/));
  if (named.length > 0) return [...new Set(named)];
  // Only names of February's profile have a port.
  const isFebruary = valuesOf("x-aauth-authority").some((authority) => authority.includes(":"));
  return isFebruary ? ["february-2026"] : undefined;
}
