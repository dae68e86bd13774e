import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from "fastify";
import type { Logger } from "pino";
import { traceRequests } from "../telemetry/trace-requests.ts";
import { answerTunnels, type PlainAnswer } from "./answer-tunnels.ts";
import { createBoundedServer, isProxy } from "./bounded-server.ts";
import { HeldBodies } from "./held-bodies.ts";
import { problem, sendProblem } from "./problem.ts";

/** Maximum incomplete bodies of full size that are held at a time. */
const BODIES_HELD = 16;
/** A Signature-Key may contain a token; Node's default is 16 KiB. */
const MAX_HEADER_BYTES = 65_536;
const RETRY_AFTER_SECONDS = 5;
/** Messages for the error codes of stores. */
const UNAVAILABLE = new Map([
  ["store_full", "Too much is being kept for others: try again later."],
  ["store_unavailable", "What this service keeps cannot be read or written: try again later."],
]);
/** Time for which a stop waits for running responses before their connections are closed. */
const DRAIN_MS = 1000;

/** Options of {@link createService}. */
export interface ServiceOptions {
  /** Shown by `GET /health` and in the log. */
  readonly name: string;
  readonly logger: Logger;
  /**
   * Maximum request body in bytes; a larger one is refused with 413. Beyond 16 incomplete bodies of
   * that size, the oldest is refused with 408. Default 1 MiB.
   */
  readonly maxBodyBytes?: number;
  /** Response to CONNECT. Default: 400, problem details. */
  readonly answerTunnel?: () => PlainAnswer;
}

/**
 * Creates a Fastify instance with the features that all services share: `GET /health`, limits of
 * header and body, deadlines and limits of connections, generated request ids, a span in the
 * caller's trace, problem details for errors and unknown paths, strict schema validation (nothing
 * dropped or coerced), and a bounded stop.
 *
 * `request.ip` is the caller's address behind the proxies that `listenOn` is passed, by their
 * `X-Forwarded-For`; their `X-Forwarded-Host` and `-Proto` are used only in spans. Those of other
 * senders are ignored, and received request ids are never used. Requests are logged at `debug`,
 * without their query.
 *
 * Does NOT authenticate callers. Register a guard inside a scope (`app.register(async (scope) =>
 * …)`), so that `/health` stays open.
 */
export function createService(options: ServiceOptions): FastifyInstance {
  const { name, logger, maxBodyBytes = 1_048_576 } = options;
  const { answerTunnel = () => problem(400, "Nothing is tunnelled here.") } = options;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    serverFactory: (handler) => createBoundedServer({ maxHeaderSize: MAX_HEADER_BYTES }, handler),
    trustProxy: (address: string | undefined) => isProxy(app.server, address), // hole A21: true
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    // Fastify refuses undecodable paths and oversized parameters before our error handler. Its
    // messages repeat the query, which may contain a code.
    frameworkErrors: (error, _request, reply) => {
      const detail = "The path is malformed or one of its parameters is too long.";
      sendProblem(reply, error.statusCode ?? 400, detail);
    },
    forceCloseConnections: "idle",
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
  });

  answerTunnels(app.server, answerTunnel);
  traceRequests(app);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    // The client has disconnected: no response, and no error to report.
    if (request.raw.destroyed && !request.raw.complete) {
      request.log.info(
        { method: request.method, path: pathOf(request.url) },
        "the caller left before the end of its request",
      );
      return sendProblem(reply, 400, "The request ended before its body.");
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return sendProblem(reply, status, error.message);
    const unavailable = UNAVAILABLE.get(error.code);
    if (unavailable !== undefined) {
      request.log.warn({ code: error.code, path: pathOf(request.url) }, "request refused");
      reply.header("retry-after", RETRY_AFTER_SECONDS);
      return sendProblem(reply, 503, unavailable, { code: error.code });
    }
    request.log.error(
      { err: error, requestId: request.id, method: request.method, path: pathOf(request.url) },
      "request failed",
    );
    return sendProblem(reply, 500, "The service could not answer; its log has the reason.", {
      requestId: request.id,
    });
  });
  app.addHook("onRequest", (request, reply, done) => {
    // Node uses the first of several; RFC 9112 section 3.2 requires a refusal.
    if (hostLines(request.raw) > 1) sendProblem(reply, 400, "The request has more than one Host.");
    else done();
  });
  const bodies = new HeldBodies(BODIES_HELD * maxBodyBytes);
  app.addHook("preParsing", (request, reply, payload, done) => {
    bodies.watch(request.raw, () => void reply.header("connection", "close"));
    done(null, payload);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 404, `Nothing is served at ${request.method} ${pathOf(request.url)}`),
  );
  app.addHook("onResponse", async (request, reply) => {
    request.log.debug(
      { method: request.method, path: pathOf(request.url), status: reply.statusCode },
      "request answered",
    );
  });
  app.get("/health", async () => ({ status: "healthy", service: name }));
  // An event stream ends only when its client leaves, and a stop must not wait for that.
  app.addHook("preClose", (done) => {
    setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref();
    done();
  });
  return app;
}

function hostLines({ rawHeaders }: IncomingMessage): number {
  let lines = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.toLowerCase() === "host") lines++;
  }
  return lines;
}

function pathOf(url: string): string {
  return url.split("?", 1)[0]!;
}
