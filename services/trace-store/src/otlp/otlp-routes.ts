import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { TraceStore } from "../store/trace-store.ts";
import { encodingFor, FALLBACK_ENCODING } from "./encoding.ts";
import { inflateBody } from "./inflate-body.ts";
import { OtlpError } from "./otlp-error.ts";
import { readRequest } from "./read-request.ts";

/** Options of {@link otlpRoutes}. */
export interface OtlpRoutesOptions {
  readonly store: TraceStore;
  /** As it travels is bounded by the service; this is after decompression. */
  readonly maxInflatedBytes: number;
}

/** OTLP/HTTP: `POST /v1/traces`. Refusals are gRPC statuses in the request's own encoding, as OTLP wants them. */
export async function otlpRoutes(app: FastifyInstance, options: OtlpRoutesOptions): Promise<void> {
  const { store, maxInflatedBytes } = options;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler<FastifyError | OtlpError>((error, request, reply) => {
    const refusal = refusalFrom(error);
    if (refusal !== undefined) return refuse(request, reply, refusal);
    throw error;
  });

  app.post("/v1/traces", async (request, reply) => {
    const encoding = encodingFor(request.headers["content-type"]);
    if (encoding === undefined) {
      throw new OtlpError(
        "unsupported_media_type",
        "content-type must be application/json or application/x-protobuf",
      );
    }
    const body = await inflateBody(
      (request.body as Buffer | undefined) ?? Buffer.alloc(0),
      request.headers["content-encoding"],
      maxInflatedBytes,
    );
    const read = readRequest(encoding.decodeRequest(body));
    const added = store.add(read.spans);
    const refused = read.refusedSpans + added.refusedSpans;
    const reason = read.firstReason ?? added.firstReason;
    if (refused > 0) request.log.warn({ refused, reason }, "spans refused");
    return reply
      .type(encoding.contentType)
      .send(
        encoding.encode(
          "ExportTraceServiceResponse",
          refused === 0
            ? {}
            : { partialSuccess: { rejectedSpans: String(refused), errorMessage: reason ?? "" } },
        ),
      );
  });
  app.route({
    method: ["GET", "PUT", "PATCH", "DELETE"],
    url: "/v1/traces",
    handler: async (_request, reply) => {
      reply.header("allow", "POST");
      throw new OtlpError("method_not_allowed", "traces are taken by POST");
    },
  });
  for (const signal of ["logs", "metrics"]) {
    app.all(`/v1/${signal}`, async () => {
      throw new OtlpError(
        "unknown_path",
        `this store keeps traces only; switch the ${signal} exporter off (OTEL_${signal.toUpperCase()}_EXPORTER=none)`,
      );
    });
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

function refuse(request: FastifyRequest, reply: FastifyReply, error: OtlpError): FastifyReply {
  request.log.warn({ code: error.code, status: error.status }, "export refused");
  const encoding = encodingFor(request.headers["content-type"]) ?? FALLBACK_ENCODING;
  return reply
    .code(error.status)
    .type(encoding.contentType)
    .send(encoding.encode("RpcStatus", { code: error.rpcCode, message: error.message }));
}
