import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type TracerProvider, trace } from "@opentelemetry/api";
import { answerTunnels, createBoundedServer, exemptAddresses } from "agent-kit/service";
import type { GatewaySettings } from "./config.ts";
import type { Bind, GatewayConfiguration } from "./configuration/document-schema.ts";
import { closeServer, listen, serverUrl } from "./listen.ts";
import { accessLogLine } from "./observe/access-log.ts";
import type { RequestRecord } from "./observe/request-record.ts";
import { endRequestSpan } from "./observe/request-span.ts";
import { LocalRateLimit } from "./policies/local-rate-limit.ts";
import { BodyBudget } from "./proxy/body-budget.ts";
import { handleRequest, type RequestEnvironment } from "./proxy/handle-request.ts";
import { MAX_HEADER_LINES } from "./proxy/request-head.ts";
import { Upstreams } from "./proxy/upstreams.ts";

const DRAIN_MS = 1000;
/** Of the bytes that may be held, for callers that the check has not named: an eighth, and half of that for one address. */
const UNNAMED_SHARE = 1 / 8;
/** Requests of one connection that are in progress or wait for those before them. */
const MAX_PIPELINED = 32;

/** What a running gateway needs from outside. */
export interface GatewayDependencies {
  readonly logger: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Takes one access-log line, without its end. */
  readonly accessLog: (line: string) => void;
  /** Default: OpenTelemetry's global one. */
  readonly tracerProvider?: TracerProvider;
}

/** A gateway that listens. */
export interface Gateway {
  /** One per bind, in the file's order. */
  readonly urls: readonly string[];
  /** Request bodies that are held at the moment. */
  readonly heldBodyBytes: number;
  /** Serves other listeners and routes from the next request on; new ports and a new `config` section take a restart. */
  reload(configuration: GatewayConfiguration): void;
  close(): Promise<void>;
}

type GatewayLimits = Pick<
  GatewaySettings,
  | "host"
  | "logFormat"
  | "maxBodyBytes"
  | "maxHeldBodyBytes"
  | "maxConnections"
  | "maxUpstreamRequests"
  | "maxHeaderBytes"
  | "requestReadTimeoutMs"
  | "upstreamHeadersTimeoutMs"
  | "idleTimeoutMs"
> &
  Partial<Pick<GatewaySettings, "proxyAddresses">>;

/** Composition root: opens the file's ports and serves. Rejects with the system's error for a taken port. */
export async function buildGateway(
  limits: GatewayLimits,
  configuration: GatewayConfiguration,
  dependencies: GatewayDependencies,
): Promise<Gateway> {
  const { logger, accessLog, tracerProvider = trace.getTracerProvider() } = dependencies;
  const { tracing, logging } = configuration.config;
  const spanFields = tracing?.fields?.add ?? {};
  const logged = { ...logging, format: limits.logFormat ?? logging.format };
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
  const served = configuration.binds.map((bind): RequestEnvironment => ({ ...shared, ...stateOf(bind) }));

  const finish = (record: RequestRecord) => {
    try {
      endRequestSpan(record, spanFields);
      const line = accessLogLine(logged, record);
      if (line !== undefined) accessLog(line);
    } catch (error) {
      // The request is over; the other requests go on.
      onProblem("a request could not be recorded", error);
    }
  };
  const pipelined = new WeakMap<Socket, number>();
  const serve = (message: IncomingMessage, response: ServerResponse, environment: RequestEnvironment) => {
    const { socket } = message;
    // Node would go on to read what a caller sends ahead of its answers, and hold it. What it has read of a cut connection comes here.
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
  const openServer = (_bind: Bind, index: number): Server => {
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
      (message, response) => serve(message, response, served[index]!),
    );
    // A caller with `Expect: 100-continue` gets 100 when its body is needed. A refused one never sends it.
    server.on("checkContinue", (...exchange) => server.emit("request", ...exchange));
    exemptAddresses(server, limits.proxyAddresses);
    answerTunnels(server, () => ({ status: 400 }));
    // node would drop further lines without a word; one more than allowed is kept, so that the handler can refuse.
    server.maxHeadersCount = MAX_HEADER_LINES + 1;
    return server;
  };

  const servers = configuration.binds.map(openServer);
  const close = async (drainMs: number) => {
    await Promise.all(servers.map((server) => closeServer(server, drainMs)));
    await shared.upstreams.close();
  };
  try {
    for (const [index, { port }] of configuration.binds.entries()) {
      await listen(servers[index]!, { host: limits.host, port });
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    urls: servers.map(serverUrl),
    get heldBodyBytes() {
      return shared.bodyBudget.heldBytes + shared.unnamedBodyBudget.heldBytes;
    },
    reload({ binds, config }) {
      for (const [index, { port }] of configuration.binds.entries()) {
        const bind = binds.find((other) => other.port === port);
        if (bind !== undefined) served[index] = { ...shared, ...stateOf(bind) };
      }
      const fixed = (next: Pick<GatewayConfiguration, "config" | "binds">) =>
        JSON.stringify([next.config, next.binds.map(({ port }) => port)], (key, value) =>
          key === "ast" ? undefined : value,
        );
      if (fixed({ config, binds }) === fixed(configuration)) return;
      logger.warn({}, "the ports or the config section of the file have changed: that takes a restart");
    },
    close: () => close(DRAIN_MS),
  };
}

/** What is served of a bind. Rate limits start again with it. */
function stateOf(bind: Bind): Pick<RequestEnvironment, "bind" | "rateLimits"> {
  const routes = bind.listeners.flatMap((listener) => listener.routes);
  const limited = routes.filter(({ policies }) => policies.localRateLimit.length > 0);
  return {
    bind,
    rateLimits: new Map(limited.map((route) => [route, new LocalRateLimit(route.policies.localRateLimit)])),
  };
}
