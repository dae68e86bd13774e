import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { KeptRuns } from "../store/kept-runs.ts";
import type { TraceStore } from "../store/trace-store.ts";
import { decodeJson } from "./decode-json.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { OtlpError } from "./otlp-error.ts";
import { readRequest } from "./read-request.ts";

/** Limit on compression. Similar spans in a batch compress to a tenth or a twentieth. */
const MAX_RATIO = 32;
/** Size to which any body may inflate. */
const SMALL_BYTES = 65_536;
/** Larger than Node's default of 16 KiB, each of which returns to the event loop. */
const CHUNK_BYTES = 131_072;

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";

/**
 * OTLP/HTTP: `POST /v1/traces`, JSON or protobuf. Refusals are gRPC statuses in the request's
 * encoding, as OTLP requires.
 *
 * @param options.maxInflatedBytes largest request after decompression; the service limits the
 * compressed size
 */
export async function otlpRoutes(
  app: FastifyInstance,
  options: { readonly store: TraceStore; readonly runs: KeptRuns; readonly maxInflatedBytes: number },
): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler<FastifyError | OtlpError>((error, request, reply) => {
    const refusal = refusalFrom(error);
    if (refusal === undefined) throw error;
    request.log.warn({ code: refusal.code, status: refusal.status }, "export refused");
    const { rpcCode: code, message } = refusal;
    const status = new BinaryWriter().tag(1, 0).int32(code).tag(2, 2).string(message).finish();
    return answer(request, reply.code(refusal.status), { code, message }, status);
  });

  app.post("/v1/traces", async (request, reply) => {
    const decode = { [JSON_TYPE]: decodeJson, [PROTOBUF_TYPE]: decodeProtobuf }[typeOf(request)];
    if (decode === undefined)
      throw new OtlpError("unsupported_media_type", `content-type must be ${JSON_TYPE} or ${PROTOBUF_TYPE}`);
    const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
    const inflated = await inflate(body, request.headers["content-encoding"], options.maxInflatedBytes);
    const { refusedSpans, firstReason } = options.store.add(readRequest(decode(inflated)));
    options.runs.schedule();
    if (refusedSpans === 0) return answer(request, reply, {}, new Uint8Array());
    request.log.warn({ refused: refusedSpans, reason: firstReason }, "spans refused");
    const partial = new BinaryWriter()
      .tag(1, 0)
      .int64(refusedSpans)
      .tag(2, 2)
      .string(firstReason ?? "");
    return answer(
      request,
      reply,
      { partialSuccess: { rejectedSpans: String(refusedSpans), errorMessage: firstReason } },
      new BinaryWriter().tag(1, 2).bytes(partial.finish()).finish(),
    );
  });
}

function typeOf({ headers }: FastifyRequest): string {
  return headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Answers in the encoding of the request, or in JSON if it is neither. */
function answer(request: FastifyRequest, reply: FastifyReply, json: object, protobuf: Uint8Array) {
  return typeOf(request) === PROTOBUF_TYPE
    ? reply.type(PROTOBUF_TYPE).send(protobuf)
    : reply.type(JSON_TYPE).send(JSON.stringify(json));
}

/**
 * Undoes `Content-Encoding`. Stops if the result exceeds `maxBytes`, or both 64 KiB and 32 times
 * the body, so that the cost stays proportional to the request.
 */
async function inflate(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined) return body;
  if (encoding !== "gzip") throw new OtlpError("unsupported_encoding", "content-encoding must be gzip");
  const maxOutputLength = Math.min(maxBytes, Math.max(SMALL_BYTES, body.length * MAX_RATIO));
  try {
    return await promisify(gunzip)(body, { maxOutputLength, chunkSize: CHUNK_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE")
      throw new OtlpError("invalid_gzip", "the body is not gzip, or is truncated");
    throw new OtlpError(
      "body_too_large",
      `the body inflates to more than ${maxBytes} bytes, or more than ${MAX_RATIO} times its size`,
    );
  }
}

function refusalFrom(error: FastifyError | OtlpError): OtlpError | undefined {
  if (error instanceof OtlpError) return error;
  if (error.statusCode === 413) return new OtlpError("body_too_large", "the body is too large");
  if (error.statusCode === 415) return new OtlpError("unsupported_media_type", error.message);
  return error.statusCode !== undefined && error.statusCode < 500
    ? new OtlpError("invalid_request", error.message)
    : undefined;
}
