import type { Tag } from "../model/stored-span.ts";
import { arrayOf, recordOf, SpanRefused, textOf } from "./request-shape.ts";

/** Lists in lists in lists: nobody needs more, and a walk of unbounded depth would end in the stack's limit. */
const MAX_DEPTH = 16;

/**
 * OTLP attributes as tags, in their order. Lists and maps become JSON text, bytes base64, as Jaeger does it.
 *
 * @throws SpanRefused
 */
export function readAttributes(attributes: unknown): Tag[] {
  return arrayOf(attributes, "attributes").map((entry) => {
    const { key, value } = recordOf(entry, "an attribute");
    return { key: textOf(key, "an attribute's key"), ...typedValue(value) };
  });
}

function typedValue(anyValue: unknown): Pick<Tag, "type" | "value"> {
  const [kind, value] = variantOf(anyValue);
  switch (kind) {
    case "boolValue":
      return { type: "bool", value: value === true };
    case "intValue":
      return { type: "int64", value: readInt64(value) };
    case "doubleValue":
      return { type: "float64", value: readDouble(value) };
    case "bytesValue":
      return { type: "binary", value: textOf(value, "bytesValue") };
    case "arrayValue":
    case "kvlistValue":
      return { type: "string", value: JSON.stringify(plainValue(anyValue, 1)) };
    default:
      return { type: "string", value: textOf(value, "stringValue") };
  }
}

function plainValue(anyValue: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new SpanRefused(`a value nests deeper than ${MAX_DEPTH}`);
  const [kind, value] = variantOf(anyValue);
  if (kind === "arrayValue") {
    return arrayOf(recordOf(value, kind).values, kind).map((item) => plainValue(item, depth + 1));
  }
  if (kind === "kvlistValue") {
    const entries = arrayOf(recordOf(value, kind).values, kind).map((item) => recordOf(item, "an entry"));
    // fromEntries defines own properties, so that a key called __proto__ stays a key.
    return Object.fromEntries(
      entries.map((entry) => [textOf(entry.key, "a key"), plainValue(entry.value, depth + 1)]),
    );
  }
  return kind === undefined ? null : typedValue(anyValue).value;
}

const VARIANTS = [
  "stringValue",
  "intValue",
  "boolValue",
  "doubleValue",
  "arrayValue",
  "kvlistValue",
  "bytesValue",
] as const;

function variantOf(anyValue: unknown): [kind: (typeof VARIANTS)[number] | undefined, value: unknown] {
  const record = recordOf(anyValue, "a value");
  const kind = VARIANTS.find((variant) => record[variant] !== undefined && record[variant] !== null);
  return kind === undefined ? [undefined, undefined] : [kind, record[kind]];
}

function readInt64(value: unknown): number | string {
  const text = typeof value === "number" ? String(value) : textOf(value, "intValue");
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw new SpanRefused("intValue is not a 64-bit integer");
  }
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function readDouble(value: unknown): number | string {
  if (typeof value === "number") return value;
  // proto3's JSON mapping spells them so, and JSON has no number for them.
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return value;
  throw new SpanRefused("doubleValue is not a number");
}
