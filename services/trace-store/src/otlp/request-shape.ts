/** One span cannot be kept; the others of its request can. The message is for the exporter's log and repeats no value. */
export class SpanRefused extends Error {
  override name = "SpanRefused";
}

/** An object; empty when it is left out. @throws SpanRefused */
export function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new SpanRefused(`${what} is not an object`);
  return value as Record<string, unknown>;
}

/** A list; empty when it is left out. @throws SpanRefused */
export function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SpanRefused(`${what} is not a list`);
  return value;
}

/** A text; empty when it is left out. @throws SpanRefused */
export function textOf(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new SpanRefused(`${what} is not a string`);
  return value;
}
