import { BinaryReader } from "@bufbuild/protobuf/wire";
import { OtlpError } from "./otlp-error.ts";
import { MAX_DEPTH, ValueCounter } from "./value-counter.ts";

interface Decoding {
  readonly reader: BinaryReader;
  readonly values: ValueCounter;
  depth: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads one value of a field. */
type Read = (decoding: Decoding) => unknown;
interface Field {
  readonly name: string;
  readonly read: Read;
  readonly isList: boolean;
}

const one = (name: string, read: Read): Field => ({ name, read, isList: false });
const list = (name: string, read: Read): Field => ({ name, read, isList: true });

const text: Read = ({ reader }) => reader.string();
const hex: Read = ({ reader }) => Buffer.from(reader.bytes()).toString("hex");
const base64: Read = ({ reader }) => Buffer.from(reader.bytes()).toString("base64");
const int32: Read = ({ reader }) => reader.int32();
const int64: Read = ({ reader }) => String(reader.int64());
const fixed64: Read = ({ reader }) => String(reader.fixed64());

/** OTLP/JSON uses strings for non-finite values, which JSON numbers cannot represent. */
const double: Read = ({ reader }) => {
  const value = reader.double();
  return Number.isFinite(value) ? value : String(value);
};

/**
 * Messages of a trace export: field numbers and types of opentelemetry-proto 1.x, names of
 * OTLP/JSON. Fields that are not stored are skipped (schema URLs, counts of dropped items, flags).
 */
const keyValue = message(() => ({ 1: one("key", text), 2: one("value", anyValue) }));
const anyValue: Read = message(() => ({
  1: one("stringValue", text),
  2: one("boolValue", ({ reader }) => reader.bool()),
  3: one("intValue", int64),
  4: one("doubleValue", double),
  5: one("arrayValue", arrayValue),
  6: one("kvlistValue", keyValueList),
  7: one("bytesValue", base64),
}));
const arrayValue = message(() => ({ 1: list("values", anyValue) }));
const keyValueList = message(() => ({ 1: list("values", keyValue) }));
const event = message(() => ({
  1: one("timeUnixNano", fixed64),
  2: one("name", text),
  3: list("attributes", keyValue),
}));
const link = message(() => ({ 1: one("traceId", hex), 2: one("spanId", hex) }));
const status = message(() => ({ 2: one("message", text), 3: one("code", int32) }));
const span = message(() => ({
  1: one("traceId", hex),
  2: one("spanId", hex),
  3: one("traceState", text),
  4: one("parentSpanId", hex),
  5: one("name", text),
  6: one("kind", int32),
  7: one("startTimeUnixNano", fixed64),
  8: one("endTimeUnixNano", fixed64),
  9: list("attributes", keyValue),
  11: list("events", event),
  13: list("links", link),
  15: one("status", status),
}));
const scope = message(() => ({ 1: one("name", text), 2: one("version", text) }));
const scopeSpans = message(() => ({ 1: one("scope", scope), 2: list("spans", span) }));
const resource = message(() => ({ 1: list("attributes", keyValue) }));
const resourceSpans = message(() => ({ 1: one("resource", resource), 2: list("scopeSpans", scopeSpans) }));
const exportRequest: Readonly<Record<number, Field>> = { 1: list("resourceSpans", resourceSpans) };

/**
 * Decodes an ExportTraceServiceRequest to the shape of OTLP/JSON. Stops at the first value beyond
 * the limits.
 *
 * @throws OtlpError invalid_protobuf, body_too_large
 */
export function decodeProtobuf(body: Uint8Array): unknown {
  try {
    const decoding = {
      reader: new BinaryReader(body, (bytes) => utf8.decode(bytes)),
      values: new ValueCounter(),
      depth: 0,
    };
    return readFields(decoding, exportRequest, body.length);
  } catch (error) {
    if (error instanceof OtlpError) throw error;
    // The library's own message may quote the input.
    throw new OtlpError("invalid_protobuf", "the body is not an ExportTraceServiceRequest");
  }
}

/** @param fields called when the first message is read, so that messages can be recursive */
function message(fields: () => Readonly<Record<number, Field>>): Read {
  let known: Readonly<Record<number, Field>> | undefined;
  return (decoding) => {
    known ??= fields();
    const { reader } = decoding;
    const length = reader.uint32();
    if (++decoding.depth > MAX_DEPTH) throw new RangeError("too many levels");
    const read = readFields(decoding, known, reader.pos + length);
    decoding.depth--;
    return read;
  };
}

function readFields(decoding: Decoding, fields: Readonly<Record<number, Field>>, end: number): unknown {
  const { reader, values } = decoding;
  if (end > reader.len) throw new RangeError("a message ends beyond the body");
  const message: Record<string, unknown> = {};
  while (reader.pos < end) {
    values.add();
    const [number, wireType] = reader.tag();
    const field = fields[number];
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const { name, read, isList } = field;
    const value = read(decoding);
    const items = message[name];
    if (Array.isArray(items)) items.push(value);
    else message[name] = isList ? [value] : value;
  }
  if (reader.pos !== end) throw new RangeError("a field ends beyond its message");
  return message;
}
