import { fileURLToPath } from "node:url";
import {
  booleanSetting,
  type Config,
  ConfigError,
  type ConfigProblem,
  integerSetting,
  LOG_FORMATS,
  LOG_LEVELS,
  proxySettings,
  setting,
} from "agent-kit/service";
import { z } from "zod";
import { MAX_TIMER_MS } from "./configuration/document-schema.ts";

const DEFAULT_FILE = fileURLToPath(new URL("../../../agentgateway/config.yaml", import.meta.url));

/** Everything that is not in the configuration file. The names and flags of Agentgateway are kept. */
export const settings = {
  file: setting({
    flag: "file",
    shortFlag: "f",
    schema: z.string().default(DEFAULT_FILE),
    description: "Agentgateway configuration file; - reads standard input",
  }),
  inline: setting({
    flag: "config",
    shortFlag: "c",
    schema: z.string().optional(),
    description: "The configuration itself, as YAML text, instead of a file",
  }),
  validateOnly: setting({
    flag: "validate-only",
    schema: booleanSetting(false),
    description: "Check the configuration and exit",
  }),
  host: setting({
    env: "HOST",
    flag: "host",
    schema: z.string().default("127.0.0.1"),
    description: "Address the binds listen on (Agentgateway itself always takes all)",
  }),
  otlpEndpoint: setting({
    env: "OTLP_ENDPOINT",
    schema: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    description: "Overrides config.tracing.otlpEndpoint",
  }),
  tracesDisabled: setting({
    env: "OTEL_SDK_DISABLED",
    schema: booleanSetting(false),
    description: "Make no spans, whatever config.tracing says; a caller's trace is passed on all the same",
  }),
  traceServiceName: setting({
    env: "OTEL_SERVICE_NAME",
    schema: z.string().default("agentgateway"),
    description: "service.name of the spans",
  }),
  logFormat: setting({
    env: "LOG_FORMAT",
    schema: z.enum(LOG_FORMATS).optional(),
    description: "text or json; overrides config.logging.format",
  }),
  logLevel: setting({
    env: "LOG_LEVEL",
    flag: "log-level",
    schema: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)).default("info"),
    description: "Level of the gateway's own messages; the access log follows the file",
  }),
  maxBodyBytes: setting({
    env: "GATEWAY_MAX_BODY_BYTES",
    schema: integerSetting(2_097_152, { minimum: 1024 }),
    description:
      "Largest request body, bytes, and at most 65536 from a caller that the route's check has not named; a larger one is answered with 413",
  }),
  maxHeldBodyBytes: setting({
    env: "GATEWAY_MAX_HELD_BODY_BYTES",
    schema: integerSetting(67_108_864, { minimum: 4096 }),
    description:
      "Request bodies held at a time, bytes together; at least twice GATEWAY_MAX_BODY_BYTES. What is too much is answered with 503; one agent's callers get half. Beside it an eighth of it is for callers that a check has not named, half of that for one address",
  }),
  maxConnections: setting({
    env: "GATEWAY_MAX_CONNECTIONS",
    schema: integerSetting(2048, { minimum: 1 }),
    description:
      "Connections of callers to one bind, an eighth of them from one address; for a further one the oldest that waits for its caller is closed, or the new one",
  }),
  ...proxySettings,
  maxUpstreamRequests: setting({
    env: "GATEWAY_MAX_UPSTREAM_REQUESTS",
    schema: integerSetting(1024, { minimum: 1 }),
    description:
      "Requests to one agent at a time, those included that wait for one of its 256 connections; a further one is answered with 503",
  }),
  maxHeaderBytes: setting({
    env: "GATEWAY_MAX_HEADER_BYTES",
    schema: integerSetting(65_536, { minimum: 8192, maximum: 1_048_576 }),
    description: "Largest request head, bytes; a larger one is answered with 431",
  }),
  requestReadTimeoutMs: setting({
    env: "GATEWAY_REQUEST_READ_TIMEOUT_MS",
    schema: integerSetting(30_000, { minimum: 100, maximum: MAX_TIMER_MS }),
    description: "Time a caller has to send a whole request, milliseconds",
  }),
  upstreamHeadersTimeoutMs: setting({
    env: "GATEWAY_UPSTREAM_HEADERS_TIMEOUT_MS",
    schema: integerSetting(300_000, { minimum: 100, maximum: MAX_TIMER_MS }),
    description:
      "Time an agent has to begin its answer, milliseconds; a route's timeout policy can shorten it",
  }),
  idleTimeoutMs: setting({
    env: "GATEWAY_IDLE_TIMEOUT_MS",
    schema: integerSetting(300_000, { minimum: 100, maximum: MAX_TIMER_MS }),
    description:
      "Longest silence inside a response, from the agent or of a caller that does not read, milliseconds",
  }),
};

export type GatewaySettings = Config<typeof settings>;

/** @throws ConfigError where settings that are right by themselves cannot be meant together */
export function requireConsistency(config: GatewaySettings): void {
  const { file, inline, maxBodyBytes, maxHeldBodyBytes } = config;
  const problems: ConfigProblem[] = [];
  if (inline !== undefined && file !== DEFAULT_FILE) {
    problems.push({ name: "--config", message: "only one of --config and --file" });
  }
  // One agent's callers get half, which has to take a body.
  if (maxHeldBodyBytes < 2 * maxBodyBytes) {
    const message = `expected at least twice GATEWAY_MAX_BODY_BYTES, which is ${maxBodyBytes}, got ${maxHeldBodyBytes}`;
    problems.push({ name: "GATEWAY_MAX_HELD_BODY_BYTES", message });
  }
  if (problems.length > 0) throw new ConfigError("gateway", problems);
}
