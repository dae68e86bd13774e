import type { EndpointRole, EndpointRules, SigningRules } from "./messages.ts";

/** @throws TypeError if the profile has no rules for this kind of endpoint */
export function endpointRulesOf(
  { name, messages: { endpoints } }: { readonly name: string; readonly messages: SigningRules },
  role: EndpointRole,
): Omit<EndpointRules, "role"> {
  const rules = Object.hasOwn(endpoints, role) ? endpoints[role] : undefined;
  if (rules === undefined) throw new TypeError(`endpoint: profile ${name} has no rules for ${role}`);
  return rules;
}
