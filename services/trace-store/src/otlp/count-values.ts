import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { OtlpError } from "./otlp-error.ts";

/**
 * Values of one request, members and elements of any kind. Decoding takes microseconds and hundreds of bytes for each, however few bytes
 * it has in the request. A span of 60 attributes has about 250.
 */
const MAX_VALUES = 200_000;

/** Deeper ones are skipped: the decoder refuses them. */
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, COMMA, BRACE, BRACKET] = Buffer.from('"\\,{[') as unknown as [
  number,
  number,
  number,
  number,
  number,
];

/** Counts before anything is decoded. Does NOT check that the body is JSON. @throws OtlpError body_too_large */
export function requireFewJsonValues(body: Uint8Array): void {
  let count = 0;
  let isInString = false;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index];
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) {
      if (byte === BACKSLASH) index++;
    } else if (byte === COMMA || byte === BRACE || byte === BRACKET) {
      if (++count > MAX_VALUES) throw tooMany();
    }
  }
}

/**
 * Counts before anything is decoded. Does NOT check that the body is a message of the kind.
 *
 * @throws OtlpError body_too_large; the library's error where a field ends beyond its message
 */
export function requireFewProtobufValues(message: DescMessage, body: Uint8Array): void {
  const reader = new BinaryReader(body);
  let count = 0;
  const walk = (kind: DescMessage, end: number, depth: number): void => {
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      if (++count > MAX_VALUES) throw tooMany();
      const inner = kind.fields.find((known) => known.number === number)?.message;
      if (inner && wireType === WireType.LengthDelimited && depth < MAX_DEPTH) {
        const length = reader.uint32();
        walk(inner, reader.pos + length, depth + 1);
      } else {
        reader.skip(wireType, number);
      }
    }
  };
  walk(message, body.length, 0);
}

const tooMany = () =>
  new OtlpError("body_too_large", `the body has too many values, more than ${MAX_VALUES}`);
