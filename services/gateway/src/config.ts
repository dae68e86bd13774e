import { fileURLToPath } from "node:url";
import { booleanSetting, type Config, serviceSettings, setting } from "agent-kit/service";
import { z } from "zod";

const DEFAULT_FILE = fileURLToPath(new URL("../../../agentgateway/config.yaml", import.meta.url));

/**
 * Everything that is not in the configuration file. The names and flags of Agentgateway are kept.
 */
export const settings = {
  ...serviceSettings,
  file: setting({
    flag: "file",
    shortFlag: "f",
    schema: z.string().default(DEFAULT_FILE),
    description: "Agentgateway configuration file",
  }),
  validateOnly: setting({
    flag: "validate-only",
    schema: booleanSetting(false),
    description: "Check the configuration and exit",
  }),
  otlpEndpoint: setting({
    env: "OTLP_ENDPOINT",
    schema: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    description: "Overrides config.tracing.otlpEndpoint",
  }),
  tracesDisabled: setting({
    env: "OTEL_SDK_DISABLED",
    schema: booleanSetting(false),
    description: "Disable spans, whatever config.tracing says; a caller's trace is still passed on",
  }),
  traceServiceName: setting({
    env: "OTEL_SERVICE_NAME",
    schema: z.string().default("agentgateway"),
    description: "service.name of the spans",
  }),
};

export type GatewaySettings = Config<typeof settings>;

/** Bounds that no deployment has changed. */
export const LIMITS = {
  /**
   * Largest request body; a larger one is answered with 413, from a caller that the check has not
   * named beyond 64 KiB.
   */
  maxBodyBytes: 2_097_152,
  /**
   * Request bodies held at a time; what is too much is answered with 503. One agent's callers get
   * half, which has to take a body. Beside it an eighth is for callers that a check has not named,
   * half of that for one address.
   */
  maxHeldBodyBytes: 67_108_864,
  /**
   * Connections of callers, an eighth of them from one address. A further one closes the oldest
   * that waits for its caller, or is closed itself.
   */
  maxConnections: 2048,
  /**
   * To one agent at a time, those included that wait for one of its 256 connections; a further one
   * is answered with 503.
   */
  maxUpstreamRequests: 1024,
  /**
   * How long an address that could not be reached comes after the others of its route;
   * Agentgateway's default eviction time.
   */
  backendDownMs: 3000,
  /** Largest request head; a larger one is answered with 431. */
  maxHeaderBytes: 65_536,
  /** Time a caller has to send a whole request. */
  requestReadTimeoutMs: 30_000,
  /** Time an agent has to begin its answer. */
  upstreamHeadersTimeoutMs: 300_000,
  /** Longest silence inside a response, from the agent or of a caller that does not read. */
  idleTimeoutMs: 300_000,
};
