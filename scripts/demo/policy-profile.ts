import type { ProfileName } from "agent-kit/settings";
import { DEMO_DIALECTS } from "./demo-dialect.ts";

/**
 * Refuses a gateway file whose routes take only messages of the other profile: the gateway would
 * refuse every call.
 *
 * @throws Error
 */
export function requireProfile(file: string, text: string, profile: ProfileName): void {
  const taken = profilesIn(text);
  if (taken === undefined || taken.includes(profile)) return;
  const { policyFile } = DEMO_DIALECTS[profile];
  throw new Error(
    `${file} is for ${taken.join(" and ")}, and this is ${profile}: take a file such as ${policyFile}, or ${policyFile.replace(".yaml", "-policy.yaml")}`,
  );
}

/** Profile that the routes pass to the check; undefined if they pass none. */
function profilesIn(text: string): readonly string[] | undefined {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  const valuesOf = (field: string) =>
    lines.flatMap((line) => new RegExp(`\\b${field}:\\s*'?"([^"]*)"`).exec(line)?.[1] ?? []);
  const named = valuesOf("x-aauth-profiles").flatMap((value) => value.split(/[ ,]+/));
  if (named.length > 0) return [...new Set(named)];
  const hasPort = valuesOf("x-aauth-authority").some((authority) => authority.includes(":"));
  const withPorts = Object.entries(DEMO_DIALECTS).filter(([, dialect]) => dialect.identifiersAreAddresses);
  return hasPort ? withPorts.map(([name]) => name) : undefined;
}
