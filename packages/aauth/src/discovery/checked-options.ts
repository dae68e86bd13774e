/**
 * Options that could never work are refused where they are given: at the first request the cause would be far away.
 *
 * @module
 */

import { requireArray } from "../keys/option-checks.ts";
import type { Discovery } from "./discovery.ts";
import { isIdentifier } from "./url-guard.ts";

/** @throws TypeError unless the option `name` is a canonical identifier. */
export function requireIdentifier(name: string, value: string): void {
  if (isIdentifier(value)) return;
  throw new TypeError(`${name} must be a URL in canonical form, without query, fragment and trailing slash`);
}

/** @throws TypeError unless the option `name` is a list of canonical identifiers. */
export function requireIdentifiers(name: string, values: readonly string[]): void {
  requireArray(name, values);
  for (const [index, value] of values.entries()) requireIdentifier(`${name}[${index}]`, value);
}

/** @throws TypeError unless the option `discovery` is one. */
export function requireDiscovery(discovery: Partial<Discovery> | undefined): void {
  if (typeof discovery?.key === "function") return;
  throw new TypeError("discovery must be given: createDiscovery() makes one");
}
