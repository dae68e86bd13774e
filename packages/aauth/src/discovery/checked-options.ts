/**
 * Checks of identifiers in options, so that a mistake is reported at configuration time and not at
 * the first request.
 *
 * @module
 */

import { requireArray } from "../keys/option-checks.ts";
import type { DocumentRules } from "./discovery.ts";

/** The profile that defines the canonical form of identifiers. */
type Profile = { readonly documents: Pick<DocumentRules, "isIdentifier" | "isAgentIdentifier"> };

/**
 * @throws TypeError unless the option `name` is the canonical identifier of a party with documents.
 */
export function requireIdentifier(name: string, value: string, { documents }: Profile): void {
  if (!documents.isIdentifier(value)) throw malformedIdentifier(name, value);
}

/** @throws TypeError unless the option `name` is a canonical identifier of an agent. */
export function requireAgentIdentifier(name: string, value: string, { documents }: Profile): void {
  const { isAgentIdentifier = documents.isIdentifier } = documents;
  if (!isAgentIdentifier(value)) throw malformedIdentifier(name, value, "aauth:name@host");
}

/**
 * @throws TypeError unless the option `name` is a list of canonical identifiers of parties with
 *   documents.
 */
export function requireIdentifiers(name: string, values: readonly string[], profile: Profile): void {
  requireArray(name, values);
  for (const [index, value] of values.entries()) requireIdentifier(`${name}[${index}]`, value, profile);
}

/** @throws TypeError unless the option `name` is a list of such identifiers, or a predicate */
export function requireTrust(
  name: string,
  policy: readonly string[] | ((id: string) => boolean),
  profile: Profile,
): void {
  if (typeof policy !== "function") requireIdentifiers(name, policy, profile);
}

export const malformedIdentifier = (
  name: string,
  value: unknown,
  inDraft11 = "https://host (a local address: createAddressMap())",
): TypeError =>
  new TypeError(
    `${name} must be a canonical identifier, not ${value}: ` +
      `a URL without query, fragment and trailing slash; in draft -11 ${inDraft11}`,
  );
