import type { Tag } from "../store/stored-span.ts";
import { integerOf, listOf, type Members, malformed, membersOf, textOf } from "./members.ts";

/** Converts attributes to tags in the same order. @throws OtlpError invalid_request */
export function tagsOf(attributes: unknown): Tag[] {
  return listOf(attributes, "attributes").map((entry) => {
    const { key, value } = membersOf(entry, "an attribute");
    return { key: textOf(key, "an attribute's key"), ...typedValue(membersOf(value, "a value")) };
  });
}

/** Converts lists and maps to JSON and bytes to base64, as Jaeger does. */
function typedValue(any: Members): Pick<Tag, "type" | "value"> {
  if (any.boolValue !== undefined) return { type: "bool", value: any.boolValue === true };
  if (any.intValue !== undefined) return { type: "int64", value: int64(any.intValue) };
  if (any.doubleValue !== undefined) return { type: "float64", value: double(any.doubleValue) };
  if (any.bytesValue !== undefined) return { type: "binary", value: textOf(any.bytesValue, "bytesValue") };
  if (any.arrayValue !== undefined || any.kvlistValue !== undefined)
    return { type: "string", value: JSON.stringify(plainValue(any)) };
  return { type: "string", value: textOf(any.stringValue, "stringValue") };
}

/** Recursion is safe because the decoder bounds the depth. */
function plainValue(any: Members): unknown {
  if (any.arrayValue !== undefined) {
    const values = listOf(membersOf(any.arrayValue, "arrayValue").values, "arrayValue");
    return values.map((value) => plainValue(membersOf(value, "a value")));
  }
  if (any.kvlistValue !== undefined) {
    const entries = listOf(membersOf(any.kvlistValue, "kvlistValue").values, "kvlistValue");
    // fromEntries defines own properties, so a key named __proto__ is an ordinary key.
    return Object.fromEntries(
      entries.map((entry) => {
        const { key, value } = membersOf(entry, "an entry");
        return [textOf(key, "a key"), plainValue(membersOf(value, "a value"))];
      }),
    );
  }
  return Object.keys(any).length === 0 ? null : typedValue(any).value;
}

function int64(value: unknown): number | string {
  const integer = integerOf(value, "intValue");
  if (BigInt.asIntN(64, integer) !== integer) throw malformed("intValue", "a 64-bit integer");
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : String(integer);
}

function double(value: unknown): number | string {
  if (typeof value === "number") return value;
  // proto3's JSON mapping for values that JSON numbers cannot represent.
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return value;
  throw malformed("doubleValue", "a number");
}
