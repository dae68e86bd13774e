import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type TracerProvider, trace } from "@opentelemetry/api";
import {
  answerTunnels,
  createBoundedServer,
  nameProxies,
  timeWaitText,
  waitForTimeWait,
} from "agent-kit/service";
import { type GatewaySettings, LIMITS } from "./config.ts";
import type { GatewayConfiguration } from "./configuration/document-schema.ts";
import { accessLogLine } from "./observe/access-log.ts";
import type { RequestRecord } from "./observe/request-record.ts";
import { endRequestSpan } from "./observe/request-span.ts";
import { BodyBudget } from "./proxy/body-budget.ts";
import { handleRequest, type RequestEnvironment } from "./proxy/handle-request.ts";
import { MAX_HEADER_LINES } from "./proxy/request-head.ts";
import { Upstreams } from "./proxy/upstreams.ts";

const DRAIN_MS = 1000;
/**
 * Share of the held bytes for callers that the check has not identified. One address may use half
 * of it.
 */
const UNNAMED_SHARE = 1 / 8;
/** Limit per connection on requests in progress or queued behind others. */
const MAX_PIPELINED = 32;

/** Dependencies of a running gateway. */
export interface GatewayDependencies {
  readonly logger: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Receives one access-log line without a line end. Undefined: no access log. */
  readonly accessLog: ((line: string) => void) | undefined;
  /** Default: OpenTelemetry's global one. */
  readonly tracerProvider?: TracerProvider;
  /** Default {@link LIMITS}. */
  readonly limits?: Partial<typeof LIMITS>;
}

/** A listening gateway. */
export interface Gateway {
  readonly url: string;
  /** Bytes of request bodies currently held. */
  readonly heldBodyBytes: number;
  /**
   * Replaces the listeners from the next request on. A new port or `config` section requires a
   * restart.
   */
  reload(configuration: GatewayConfiguration): void;
  close(): Promise<void>;
}

/**
 * Composition root: opens the port in the file and serves. Rejects with the system's error if the
 * port is in use.
 */
export async function buildGateway(
  settings: Pick<GatewaySettings, "host" | "logFormat"> & Partial<Pick<GatewaySettings, "proxyAddresses">>,
  configuration: GatewayConfiguration,
  dependencies: GatewayDependencies,
): Promise<Gateway> {
  const { logger, accessLog, tracerProvider = trace.getTracerProvider() } = dependencies;
  const limits = { ...LIMITS, ...dependencies.limits };
  const { tracing, logging } = configuration.config;
  const onProblem = (message: string, error?: unknown) => logger.error(error ? { err: error } : {}, message);
  const shared = {
    tracer: tracerProvider.getTracer("agentgateway"),
    upstreams: new Upstreams(limits),
    maxBodyBytes: limits.maxBodyBytes,
    bodyBudget: new BodyBudget(limits.maxHeldBodyBytes),
    unnamedBodyBudget: new BodyBudget(UNNAMED_SHARE * limits.maxHeldBodyBytes),
    idleTimeoutMs: limits.idleTimeoutMs,
    onProblem,
  };
  let environment: RequestEnvironment = { ...shared, listeners: configuration.bind.listeners };

  const finish = (record: RequestRecord) => {
    try {
      endRequestSpan(record, tracing?.fields?.add ?? {});
      accessLog?.(accessLogLine(settings.logFormat, record, logging.fields?.add ?? {}));
    } catch (error) {
      // The request has ended, and other requests continue.
      onProblem("a request could not be recorded", error);
    }
  };
  const pipelined = new WeakMap<Socket, number>();
  const serve = (message: IncomingMessage, response: ServerResponse) => {
    const { socket } = message;
    // Node would continue to read and buffer requests that a caller pipelines. Those already read
    // from a cut connection also arrive here.
    const ahead = (pipelined.get(socket) ?? 0) + 1;
    if (ahead > MAX_PIPELINED) socket.destroy();
    if (socket.destroyed) return;
    pipelined.set(socket, ahead);
    const record: RequestRecord = { startedAtMs: performance.now(), protocol: "http" };
    response.on("close", () => {
      pipelined.set(socket, pipelined.get(socket)! - 1);
      finish(record);
    });
    void handleRequest(message, response, environment, record);
  };
  const server = serverWithin(limits, serve);
  nameProxies(server, settings.proxyAddresses ?? []);
  const { host } = settings;
  const ownPort = configuration.bind.port;
  await waitForTimeWait(host, ownPort, () => logger.warn({}, `${timeWaitText(ownPort)}; waiting`));
  server.listen({ host, port: ownPort });
  try {
    await once(server, "listening");
  } catch (error) {
    await shared.upstreams.close();
    throw error;
  }
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    get heldBodyBytes() {
      return shared.bodyBudget.heldBytes + shared.unnamedBodyBudget.heldBytes;
    },
    reload({ bind, config }) {
      environment = { ...shared, listeners: bind.listeners };
      const fixed = (...parts: unknown[]) =>
        JSON.stringify(parts, (key, value) => (key === "ast" ? undefined : value));
      if (fixed(config, bind.port) === fixed(configuration.config, configuration.bind.port)) return;
      logger.warn({}, "the port or the config section of the file has changed: restart to apply it");
    },
    async close() {
      const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      server.close();
      await once(server, "close");
      clearTimeout(timer);
      await shared.upstreams.close();
    },
  };
}

function serverWithin(
  limits: typeof LIMITS,
  serve: (message: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createBoundedServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: Math.min(10_000, limits.requestReadTimeoutMs),
      requestTimeout: limits.requestReadTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, limits.requestReadTimeoutMs),
      maxConnections: limits.maxConnections,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    serve,
  );
  // Answers `Expect: 100-continue` only when the body is needed, so that a refused caller never
  // sends it.
  server.on("checkContinue", (...exchange) => server.emit("request", ...exchange));
  answerTunnels(server, () => ({ status: 400 }));
  // Node silently drops excess lines. One above the limit is kept, so that the handler can refuse.
  server.maxHeadersCount = MAX_HEADER_LINES + 1;
  return server;
}
