import { mapMembers } from "agent-kit/service";
import { FURTHER_LINES, type RequestFields } from "../proxy/request-head.ts";

/** What `json()` makes of a caller's text may be so deep that whoever walks through it runs out of stack. */
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
  if (typeof value === "object" && value !== null) {
    const further = (value as Partial<RequestFields>)[FURTHER_LINES];
    if (further !== undefined) return withFurtherLines(value as RequestFields, further);
    return mapMembers(value, below);
  }
  return value;
}

/** The whole of a field map: a list for each name with several lines. */
function withFurtherLines(fields: RequestFields, further: readonly [string, string][]): unknown {
  const whole: Record<string, string | string[]> = { ...fields };
  for (const [name, value] of further) {
    if (whole[name] !== undefined) whole[name] = [whole[name], value].flat();
  }
  return Object.fromEntries(Object.entries(whole));
}
