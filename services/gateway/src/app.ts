import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { answerTunnels, createBoundedServer, exemptAddresses } from "agent-kit/service";
import type { GatewaySettings } from "./config.ts";
import type {
  Bind,
  GatewayConfiguration,
  Route,
  TracingConfiguration,
} from "./configuration/configuration.ts";
import { loadConfiguration } from "./configuration/load-configuration.ts";
import { accessLogLine } from "./observe/access-log.ts";
import { RequestMetrics } from "./observe/request-metrics.ts";
import type { RequestRecord } from "./observe/request-record.ts";
import { requestSpan } from "./observe/request-span.ts";
import { traceUrl } from "./observe/trace-url.ts";
import { createWallClock } from "./observe/wall-clock.ts";
import { LocalRateLimit } from "./policies/local-rate-limit.ts";
import { closeServer, listen, serverUrl } from "./ports/listen.ts";
import { openOwnPort } from "./ports/own-port.ts";
import { BodyBudget } from "./proxy/body-budget.ts";
import { handleRequest } from "./proxy/handle-request.ts";
import { enterPipeline, leavePipeline } from "./proxy/pipelining.ts";
import { MAX_HEADER_LINES } from "./proxy/request-head.ts";
import { UpstreamPools } from "./proxy/upstream-pools.ts";
import type { Telemetry } from "./telemetry.ts";

const DRAIN_MS = 1000;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_UPSTREAM_CONNECTIONS = 256;
/** Of the bytes that may be held, for callers that the check has not named: an eighth, and half of that for one address. */
const UNNAMED_SHARE = 1 / 8;

/** What a running gateway needs from outside. */
export interface GatewayDependencies {
  /** Variables for `${NAME:-default}` references in the file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: {
    info(message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Takes one access-log line, without its end. */
  readonly accessLog: (line: string) => void;
  /** Default: spans go to the file's OTLP endpoint, if it has a `tracing` section. */
  readonly telemetry?: Telemetry;
  /** Unix milliseconds. Default the system's clock. */
  readonly nowMs?: () => number;
}

/** A gateway that listens. */
export interface Gateway {
  /** One per bind, in the file's order. */
  readonly urls: readonly string[];
  readonly adminUrl: string;
  readonly statsUrl: string;
  readonly readinessUrl: string;
  /**
   * Takes a new text of the file. Binds, listeners and routes change; the `config` section does not, as in Agentgateway.
   *
   * @throws ConfigurationError or the system's error; the old configuration then stays as it is
   */
  reload(text: string): Promise<void>;
  close(): Promise<void>;
}

type GatewayLimits = Pick<
  GatewaySettings,
  | "host"
  | "adminAddress"
  | "statsAddress"
  | "readinessAddress"
  | "otlpEndpoint"
  | "otlpProtocol"
  | "tracesDisabled"
  | "traceServiceName"
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
  Partial<Pick<GatewaySettings, "adminHosts" | "proxyAddresses">>;

/**
 * Composition root: loads the configuration, opens its ports and serves.
 *
 * @param source name of the configuration in messages
 * @throws ConfigurationError before any port is opened
 */
export async function buildGateway(
  limits: GatewayLimits,
  configuration: { source: string; text: string },
  dependencies: GatewayDependencies,
): Promise<Gateway> {
  const { env, logger, nowMs = createWallClock() } = dependencies;
  const { source } = configuration;
  const load = (text: string): GatewayConfiguration =>
    loadConfiguration({ text, source, env, overrides: limits });
  const first = load(configuration.text);
  const { tracing, logging, admin, stats, readiness } = first;
  let current = first;

  const telemetry = dependencies.telemetry ?? (tracing && (await openTelemetry(tracing, limits, logger)));
  const metrics = new RequestMetrics();
  const pools = new UpstreamPools({
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    headersTimeoutMs: limits.upstreamHeadersTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    maxHeaderBytes: limits.maxHeaderBytes,
    maxConnections: MAX_UPSTREAM_CONNECTIONS,
    maxRequests: limits.maxUpstreamRequests,
  });
  const bodyBudget = new BodyBudget(limits.maxHeldBodyBytes);
  const unnamedBodyBudget = new BodyBudget(UNNAMED_SHARE * limits.maxHeldBodyBytes);
  const onProblem = (message: string, error?: unknown) => logger.error(error ? { err: error } : {}, message);

  const finish = (record: RequestRecord) => {
    const endedAtMs = nowMs();
    metrics.count(record);
    try {
      const line = accessLogLine(logging, record, endedAtMs);
      if (line !== undefined) dependencies.accessLog(line);
      const span = requestSpan(tracing, record, endedAtMs);
      if (span !== undefined) telemetry?.exportSpan(span);
    } catch (error) {
      // The request is over, and nobody is left to be told; the other requests go on.
      onProblem("a request could not be recorded", error);
    }
  };

  /** Open servers by bind, and what each serves at the moment. */
  const ports = new Map<string, { server: Server; serve: BindState }>();
  const openBind = async (bind: Bind) => {
    const port = { serve: bindState(bind, nowMs) } as { server: Server; serve: BindState };
    const serve = (message: IncomingMessage, response: ServerResponse) => {
      const { socket } = message;
      if (!enterPipeline(socket)) return;
      const record: RequestRecord = { startedAtMs: nowMs(), protocol: "http" };
      response.on("close", () => {
        leavePipeline(socket);
        finish(record);
      });
      const { bind: served, rateLimits } = port.serve;
      void handleRequest(
        message,
        response,
        {
          configuration: current,
          bind: served,
          rateLimits,
          pools,
          maxBodyBytes: limits.maxBodyBytes,
          bodyBudget,
          unnamedBodyBudget,
          stallTimeoutMs: limits.idleTimeoutMs,
          onProblem,
        },
        record,
      );
    };
    port.server = createBoundedServer(
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
    // A caller that waits is told to go on when its body is wanted, and sends none where it is refused before.
    port.server.on("checkContinue", (...exchange) => port.server.emit("request", ...exchange));
    exemptAddresses(port.server, limits.proxyAddresses);
    answerTunnels(port.server, () => ({ status: 400 }));
    // node would drop further lines without a word; one more than allowed is kept, so that the handler can refuse.
    port.server.maxHeadersCount = MAX_HEADER_LINES + 1;
    await listen(port.server, { host: limits.host, port: bind.port });
    return port;
  };

  /** Opens what is new, and only when all of it is open swaps what is served and closes what is gone. */
  const apply = async (next: GatewayConfiguration) => {
    const keys = bindKeys(next.binds);
    const opened = new Map<string, { server: Server; serve: BindState }>();
    try {
      for (const [index, bind] of next.binds.entries()) {
        const key = keys[index]!;
        if (!ports.has(key)) opened.set(key, await openBind(bind));
      }
    } catch (error) {
      await Promise.all([...opened.values()].map(({ server }) => closeServer(server, 0)));
      throw error;
    }
    current = withConfigOf(first, next);
    for (const [index, bind] of next.binds.entries()) {
      const existing = ports.get(keys[index]!);
      if (existing) existing.serve = bindState(bind, nowMs);
    }
    for (const [key, port] of opened) ports.set(key, port);
    for (const [key, { server }] of ports) {
      if (keys.includes(key)) continue;
      ports.delete(key);
      void closeServer(server, DRAIN_MS);
    }
  };

  const own: Server[] = [];
  const close = async () => {
    await Promise.all(
      [...[...ports.values()].map(({ server }) => server), ...own].map((server) =>
        closeServer(server, DRAIN_MS),
      ),
    );
    await pools.close();
    await telemetry?.close?.();
  };
  try {
    await apply(current);
    const text = "text/plain; charset=utf-8";
    const { adminHosts = [] } = limits;
    const dump = {
      contentType: "application/json",
      render: () => JSON.stringify(current.resolved, undefined, 2),
    };
    own.push(await openOwnPort(admin, { "/config_dump": dump }, adminHosts));
    const numbers = {
      contentType: `${text}; version=0.0.4`,
      render: () => metrics.render(telemetry?.counts?.(), bodyBudget.heldBytes + unnamedBodyBudget.heldBytes),
    };
    own.push(await openOwnPort(stats, { "/metrics": numbers }, adminHosts));
    // Says nothing that a web page must not know; who probes it may name it anything.
    own.push(
      await openOwnPort(readiness, { "/healthz/ready": { contentType: text, render: () => "ready\n" } }),
    );
  } catch (error) {
    await close();
    throw error;
  }
  const [adminUrl, statsUrl, readinessUrl] = own.map(serverUrl) as [string, string, string];
  const reload = async (text: string) => {
    const next = load(text);
    await apply(next);
    logger.info(`configuration reloaded from ${source}`);
    if (configText(next) !== configText(first)) {
      logger.warn({}, `the config section of ${source} has changed: that takes a restart`);
    }
  };
  let reloads: Promise<void> = Promise.resolve();
  return {
    get urls() {
      return [...ports.values()].map(({ server }) => serverUrl(server));
    },
    adminUrl,
    statsUrl,
    readinessUrl,
    reload(text) {
      // One after the other, or else an older file whose ports took longer to open would stay.
      const turn = reloads.then(() => reload(text));
      reloads = turn.catch(() => {});
      return turn;
    },
    close,
  };
}

/** Loaded only where it is wanted: the SDK takes memory and a moment to load. */
async function openTelemetry(
  tracing: TracingConfiguration,
  { traceServiceName }: GatewayLimits,
  logger: GatewayDependencies["logger"],
): Promise<Telemetry> {
  const { createOtlpTelemetry } = await import("./observe/otlp-telemetry.ts");
  return createOtlpTelemetry({ url: traceUrl(tracing), serviceName: traceServiceName, logger });
}

/** What is served after a reload: all of it new but the `config` section, whose ports and exporter exist once. */
function withConfigOf(first: GatewayConfiguration, next: GatewayConfiguration): GatewayConfiguration {
  const { tracing, logging, admin, stats, readiness } = first;
  const { tracing: _, ...rest } = next;
  const resolved = { ...next.resolved, config: first.resolved.config };
  return { ...rest, ...(tracing && { tracing }), logging, admin, stats, readiness, resolved };
}

const configText = ({ resolved }: GatewayConfiguration): string => JSON.stringify(resolved.config);

/** What one bind serves: replaced as a whole by a reload. Rate limits start anew then. */
interface BindState {
  readonly bind: Bind;
  readonly rateLimits: ReadonlyMap<Route, LocalRateLimit>;
}

function bindState(bind: Bind, nowMs: () => number): BindState {
  const limited = bind.listeners
    .flatMap(({ routes }) => routes)
    .filter(({ policies }) => policies.localRateLimit.length > 0);
  return {
    bind,
    rateLimits: new Map(
      limited.map((route) => [route, new LocalRateLimit(route.policies.localRateLimit, nowMs)]),
    ),
  };
}

/** A bind keeps its server as long as its port is in the file. Port 0 (any free port) goes by its position. */
function bindKeys(binds: readonly Bind[]): string[] {
  return binds.map(({ port }, index) => (port === 0 ? `any-${index}` : String(port)));
}
