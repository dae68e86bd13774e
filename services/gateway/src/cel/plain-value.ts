import { mapMembers } from "agent-kit/service";

/** What `json()` makes of a caller's text may be so deep that a walk through it runs out of stack. */
const MAX_DEPTH = 100;

/**
 * A CEL value as plain JSON data: integers become numbers (text when they would lose digits), bytes base64, times ISO 8601, maps
 * objects. What is deeper than 100 levels is `…`.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const below = (item: unknown) => (depth < MAX_DEPTH ? plainValue(item, depth + 1) : "…");
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), below(item)]));
  }
  if (Array.isArray(value)) return value.map(below);
  return typeof value === "object" && value !== null ? mapMembers(value, below) : value;
}
