import { OtlpError } from "./otlp-error.ts";
import { MAX_DEPTH, ValueCounter } from "./value-counter.ts";

/** @throws OtlpError invalid_json, body_too_large */
export function decodeJson(body: Uint8Array): unknown {
  requireBounded(body);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new OtlpError("invalid_json", "the body is not JSON in UTF-8");
  }
}

const byteOf = (character: string) => character.charCodeAt(0);
const QUOTE = byteOf('"');
const BACKSLASH = byteOf("\\");
const COMMA = byteOf(",");
const OPENING = new Set([byteOf("{"), byteOf("[")]);
const CLOSING = new Set([byteOf("}"), byteOf("]")]);

/** Bounds the number of values and levels before decoding. Does NOT check that the body is JSON. */
function requireBounded(body: Uint8Array): void {
  const values = new ValueCounter();
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]!;
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) {
      if (byte === BACKSLASH) index++;
    } else if (byte === COMMA) values.add();
    else if (OPENING.has(byte)) {
      values.add();
      if (++depth > MAX_DEPTH) throw new OtlpError("invalid_json", `more than ${MAX_DEPTH} levels`);
    } else if (CLOSING.has(byte)) depth--;
  }
}
