import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { requireFewJsonValues, requireFewProtobufValues } from "./count-values.ts";
import { OtlpError } from "./otlp-error.ts";
import { otlpMessage } from "./otlp-schema.ts";

/** An export request in the shape of OTLP/JSON, whatever it came as. Nothing about it is checked yet. */
export interface DecodedRequest {
  readonly body: unknown;
  /** How ids are written: OTLP/JSON has hex, proto3's own JSON mapping base64. */
  readonly ids: "hex" | "base64";
}

/** One of OTLP's two encodings. An answer goes out in the encoding of its request. */
export interface Encoding {
  readonly contentType: string;
  /** @throws OtlpError invalid_json, invalid_protobuf, body_too_large */
  decodeRequest(body: Uint8Array): DecodedRequest;
  /** `message` in its JSON shape. */
  encode(messageName: "ExportTraceServiceResponse" | "RpcStatus", message: JsonValue): string | Uint8Array;
}

const REQUEST = otlpMessage("ExportTraceServiceRequest");

const JSON_ENCODING: Encoding = {
  contentType: "application/json",
  decodeRequest(body) {
    requireFewJsonValues(body);
    try {
      return { body: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)), ids: "hex" };
    } catch {
      throw new OtlpError("invalid_json", "the body is not JSON in UTF-8");
    }
  },
  encode: (_messageName, message) => JSON.stringify(message),
};

const PROTOBUF_ENCODING: Encoding = {
  contentType: "application/x-protobuf",
  decodeRequest(body) {
    try {
      requireFewProtobufValues(REQUEST, body);
      const message = fromBinary(REQUEST, body, { readUnknownFields: false, recursionLimit: 64 });
      return { body: toJson(REQUEST, message), ids: "base64" };
    } catch (error) {
      if (error instanceof OtlpError) throw error;
      // The library's own message may repeat what it read.
      throw new OtlpError("invalid_protobuf", "the body is not an ExportTraceServiceRequest");
    }
  },
  encode(messageName, message) {
    const schema = otlpMessage(messageName);
    return toBinary(schema, fromJson(schema, message));
  },
};

/** The encoding a `Content-Type` names, parameters aside; undefined for any other. */
export function encodingFor(contentType: string | undefined): Encoding | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  return [JSON_ENCODING, PROTOBUF_ENCODING].find((encoding) => encoding.contentType === type);
}

/** For answers to requests whose encoding is not known. */
export const FALLBACK_ENCODING: Encoding = JSON_ENCODING;
