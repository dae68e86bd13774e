/**
 * The one spelling of a trace id: lower case, 32 digits, or 16 when the upper half is zero (as Jaeger prints it). Shorter ids are
 * padded with zeros on the left. Undefined when `text` is not 1 to 32 hex digits.
 */
export function canonicalTraceId(text: string): string | undefined {
  if (!/^[0-9a-f]{1,32}$/i.test(text)) return undefined;
  const full = text.toLowerCase().padStart(32, "0");
  return full.startsWith("0".repeat(16)) ? full.slice(16) : full;
}
