import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { basename } from "node:path";
import { buildTraced, createLogger, type StartService } from "agent-kit/service";
import { HelpRequested, loadConfig } from "agent-kit/settings";
import { buildGateway } from "./app.ts";
import { type GatewaySettings, settings } from "./config.ts";
import type { ConfigSection } from "./configuration/document-schema.ts";
import { loadConfiguration } from "./configuration/load-configuration.ts";
import { ConfigurationError } from "./configuration/problem.ts";

/** Polls the file's times, which works with every editor and every container mount. */
const RELOAD_INTERVAL_MS = 500;

export const start: StartService = async ({ env, argv, output, startTelemetry }) => {
  const config = loadConfig({ service: "gateway", settings, env, argv });
  const source = basename(config.file);
  const load = () => {
    try {
      return loadConfiguration({ text: readFileSync(config.file, "utf8"), source, env });
    } catch (error) {
      throw withoutStack(source, error);
    }
  };
  const configuration = load();
  // Handled like --help: printed, with exit status 0.
  if (config.validateOnly) throw new HelpRequested("Configuration is valid!");

  const logger = createLogger({
    service: "gateway",
    level: config.logLevel,
    format: config.logFormat,
    destination: output,
  });
  const telemetry = await startTelemetry(telemetryOf(configuration.config.tracing, config), { logger });
  return buildTraced(telemetry, async () => {
    const accessLog = logger.isLevelEnabled("info")
      ? (line: string) => void output.write(`${line}\n`)
      : undefined;
    const gateway = await buildGateway(config, configuration, { logger, accessLog });
    const reload = () => {
      try {
        gateway.reload(load());
        logger.info(`configuration reloaded from ${source}`);
      } catch (error) {
        const problems = (error as Error).message.split("\n");
        logger.error(
          { problems },
          `${source} changed but is invalid; the previous configuration remains in use`,
        );
      }
    };
    watchFile(config.file, { interval: RELOAD_INTERVAL_MS, persistent: false }, reload);
    return {
      url: gateway.url,
      close: async () => {
        unwatchFile(config.file, reload);
        await gateway.close();
      },
    };
  });
};

/**
 * Converts the file's `tracing` section for OpenTelemetry. A path in the endpoint is kept, as in
 * Agentgateway.
 */
function telemetryOf(tracing: ConfigSection["tracing"], config: GatewaySettings) {
  const endpoint = new URL(config.otlpEndpoint ?? tracing?.otlpEndpoint ?? "http://localhost:4318");
  return {
    tracesDisabled: config.tracesDisabled || tracing === undefined,
    tracesEndpoint: endpoint.origin,
    tracesUrl: endpoint.pathname === "/" ? undefined : endpoint.href,
    tracesExporter: "otlp" as const,
    tracesServiceName: config.traceServiceName,
    tracesSampler: "parentbased_always_on" as const,
    tracesSamplerArg: 1,
    logTraceIds: false,
  };
}

/**
 * Error of an invalid file for the terminal: every problem, without a stack. The exit status is 1,
 * as in Agentgateway; 2 is for flags and variables.
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
