import { isoSeconds } from "../claim-meaning.ts";
import type { TracedToken } from "./attribute-names.ts";

const NAMES: Readonly<Record<string, string>> = {
  "auth+jwt": "auth token",
  "agent+jwt": "agent token",
  "aa-agent+jwt": "agent token",
  "aa-person+jwt": "person token",
  "aa-resource+jwt": "resource token",
  "aa-auth+jwt": "auth token",
};

/**
 * Describes a token with issuer, audience and scope for use in a sentence. `long`: as a separate
 * sentence, with its expiry.
 */
export function describeToken(token: TracedToken | undefined, long = false): string {
  if (token === undefined) return "token.";
  const { iss, aud, scope, exp } = token.claims ?? {};
  const name = NAMES[token.kind] ?? "token";
  const parts = [
    `${long ? name[0]!.toUpperCase() + name.slice(1) : name} ${token.id}`,
    ...(text(iss) === undefined ? [] : [`issued by ${text(iss)}`]),
    ...(text(aud) === undefined ? [] : [`for ${text(aud)}`]),
    ...(text(scope) === undefined ? [] : [`scope ${text(scope)}`]),
    ...(long && typeof exp === "number" ? [`until ${isoSeconds(exp)}`] : []),
  ];
  return `${parts.join(", ")}.`;
}

/** A claim as text; a list joined by commas. */
export function text(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "string" ? value : undefined;
}
