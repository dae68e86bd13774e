import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { basename } from "node:path";
import {
  buildTraced,
  createLogger,
  HelpRequested,
  loadConfig,
  type StartService,
  startTelemetry,
} from "agent-kit/service";
import { buildGateway } from "./app.ts";
import { type GatewaySettings, requireConsistency, settings } from "./config.ts";
import type { ConfigSection } from "./configuration/document-schema.ts";
import { loadConfiguration } from "./configuration/load-configuration.ts";
import { ConfigurationError } from "./configuration/problem.ts";
import { lineWriter } from "./observe/line-writer.ts";

/** Looking at the file's times works with every editor and every container mount. */
const RELOAD_INTERVAL_MS = 500;

export const start: StartService = async ({ env, argv, output }) => {
  const config = loadConfig({ service: "gateway", settings, env, argv });
  requireConsistency(config);
  const isWatched = config.inline === undefined && config.file !== "-";
  const source = config.inline === undefined ? basename(config.file) : "inline";
  const read = () => config.inline ?? readFileSync(config.file === "-" ? 0 : config.file, "utf8");
  const load = () => {
    try {
      return loadConfiguration({ text: read(), source, env });
    } catch (error) {
      throw withoutStack(source, error);
    }
  };
  const configuration = load();
  // A question that has been answered, as --help is: printed, status 0.
  if (config.validateOnly) throw new HelpRequested("Configuration is valid!");

  const format = config.logFormat === undefined ? {} : { format: config.logFormat };
  const logger = createLogger({
    service: "gateway",
    level: config.logLevel,
    destination: output,
    ...format,
  });
  const telemetry = await startTelemetry(telemetryOf(configuration.config.tracing, config), { logger });
  return buildTraced(telemetry, async () => {
    const accessLog = lineWriter((text) => output.write(text));
    const gateway = await buildGateway(config, configuration, { logger, accessLog: accessLog.write });

    const reload = () => {
      try {
        gateway.reload(load());
        logger.info(`configuration reloaded from ${source}`);
      } catch (error) {
        const problems = (error as Error).message.split("\n");
        logger.error({ problems }, `${source} changed and cannot be used; the old configuration stays`);
      }
    };
    if (isWatched) watchFile(config.file, { interval: RELOAD_INTERVAL_MS, persistent: false }, reload);
    return {
      url: gateway.urls.join(", "),
      close: async () => {
        if (isWatched) unwatchFile(config.file, reload);
        await gateway.close();
        accessLog.flush();
      },
    };
  });
};

/** The file's `tracing` section for OpenTelemetry. A path in the endpoint itself wins over `path`, as in Agentgateway. */
function telemetryOf(tracing: ConfigSection["tracing"], config: GatewaySettings) {
  const endpoint = new URL(config.otlpEndpoint ?? tracing?.otlpEndpoint ?? "http://localhost:4318");
  const url = endpoint.pathname === "/" ? new URL(tracing?.path ?? "/v1/traces", endpoint) : endpoint;
  return {
    tracesDisabled: config.tracesDisabled || tracing === undefined,
    tracesEndpoint: endpoint.origin,
    tracesUrl: url.href,
    tracesExporter: "otlp" as const,
    tracesServiceName: config.traceServiceName,
    tracesSampler: "parentbased_traceidratio" as const,
    tracesSamplerArg: tracing?.randomSampling ?? 0,
    logTraceIds: false,
  };
}

/**
 * A file that cannot be used, for the terminal: every problem, and no stack, which would only say where it was found. Its exit status is
 * 1, as Agentgateway's; 2 is for flags and variables.
 */
function withoutStack(source: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const failure = syscall
    ? new ConfigurationError(source, [{ path: "", message: `cannot be read: ${code}` }])
    : error;
  if (!(failure instanceof ConfigurationError)) return failure;
  failure.stack = `${source} cannot be used\n  ${failure.message.replaceAll("\n", "\n  ")}`;
  return failure;
}
