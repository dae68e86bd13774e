import { createFileRegistry, type DescMessage, fromJson } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/**
 * The messages of OTLP 1.x that a trace export needs, as descriptors: field numbers and types of opentelemetry-proto, written as
 * `name: number type`. Fields that are not kept (schema URLs, counts of what was dropped, flags) are left out: a decoder skips what it
 * does not know. Names are the lowerCamelCase ones of OTLP/JSON, so that both encodings end up in one shape.
 */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ExportTraceServiceRequest: { resourceSpans: "1 ResourceSpans*" },
  ExportTraceServiceResponse: { partialSuccess: "1 PartialSuccess" },
  PartialSuccess: { rejectedSpans: "1 int64", errorMessage: "2 string" },
  ResourceSpans: { resource: "1 Resource", scopeSpans: "2 ScopeSpans*" },
  Resource: { attributes: "1 KeyValue*" },
  ScopeSpans: { scope: "1 Scope", spans: "2 Span*" },
  Scope: { name: "1 string", version: "2 string", attributes: "3 KeyValue*" },
  Span: {
    traceId: "1 bytes",
    spanId: "2 bytes",
    traceState: "3 string",
    parentSpanId: "4 bytes",
    name: "5 string",
    kind: "6 int32",
    startTimeUnixNano: "7 fixed64",
    endTimeUnixNano: "8 fixed64",
    attributes: "9 KeyValue*",
    events: "11 Event*",
    links: "13 Link*",
    status: "15 Status",
  },
  Event: { timeUnixNano: "1 fixed64", name: "2 string", attributes: "3 KeyValue*" },
  Link: { traceId: "1 bytes", spanId: "2 bytes", attributes: "4 KeyValue*" },
  Status: { message: "2 string", code: "3 int32" },
  KeyValue: { key: "1 string", value: "2 AnyValue" },
  AnyValue: {
    stringValue: "1 string|",
    boolValue: "2 bool|",
    intValue: "3 int64|",
    doubleValue: "4 double|",
    arrayValue: "5 ArrayValue|",
    kvlistValue: "6 KeyValueList|",
    bytesValue: "7 bytes|",
  },
  ArrayValue: { values: "1 AnyValue*" },
  KeyValueList: { values: "1 KeyValue*" },
  /** google.rpc.Status: the body of a refusal. */
  RpcStatus: { code: "1 int32", message: "2 string" },
};

const PACKAGE = "otlp";
const registry = createFileRegistry(describeMessages(), () => undefined);

/** A message of {@link MESSAGES} for the protobuf library. */
export function otlpMessage(name: string): DescMessage {
  const message = registry.getMessage(`${PACKAGE}.${name}`);
  if (message === undefined) throw new TypeError(`no OTLP message is called ${name}`);
  return message;
}

function describeMessages(): FileDescriptorProto {
  return fromJson(FileDescriptorProtoSchema, {
    name: "otlp.proto",
    package: PACKAGE,
    syntax: "proto3",
    messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([fieldName, text]) => describeField(fieldName, text)),
      ...(Object.values(fields).some((text) => text.endsWith("|")) && { oneofDecl: [{ name: "value" }] }),
    })),
  });
}

/** `*` marks a list, `|` a member of the message's only oneof. */
function describeField(name: string, text: string) {
  const [, number, type, mark] = /^(\d+) (\w+)([*|]?)$/.exec(text) ?? [];
  if (number === undefined || type === undefined) throw new TypeError(`not a field: ${text}`);
  return {
    name,
    jsonName: name,
    number: Number(number),
    label: mark === "*" ? "LABEL_REPEATED" : "LABEL_OPTIONAL",
    ...(type in MESSAGES
      ? { type: "TYPE_MESSAGE", typeName: `.${PACKAGE}.${type}` }
      : { type: `TYPE_${type.toUpperCase()}` }),
    ...(mark === "|" && { oneofIndex: 0 }),
  };
}
