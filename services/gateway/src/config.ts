import { fileURLToPath } from "node:url";
import { booleanSetting, type Config, serviceSettings, setting } from "agent-kit/settings";
import { z } from "zod";

const DEFAULT_FILE = fileURLToPath(new URL("../../../agentgateway/config.yaml", import.meta.url));

/** Settings outside the configuration file, with Agentgateway's names and flags. */
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
    description: "Disable spans regardless of config.tracing; a caller's trace is still passed on",
  }),
  traceServiceName: setting({
    env: "OTEL_SERVICE_NAME",
    schema: z.string().default("agentgateway"),
    description: "service.name of the spans",
  }),
};

export type GatewaySettings = Config<typeof settings>;

/** Limits that no deployment has needed to change. */
export const LIMITS = {
  /**
   * Largest request body. A larger one is answered with 413; for a caller that the check has not
   * identified, the limit is 64 KiB.
   */
  maxBodyBytes: 2_097_152,
  /**
   * Limit on held request bodies; beyond it the answer is 503. One agent's callers may use half,
   * which must suffice for one body. An additional eighth is for callers that a check has not
   * identified, half of that per address.
   */
  maxHeldBodyBytes: 67_108_864,
  /**
   * Limit on callers' connections, an eighth of them per address. A further connection closes the
   * oldest idle one, or else is closed itself.
   */
  maxConnections: 2048,
  /**
   * Limit on concurrent requests to one agent, including those that wait for one of its 256
   * connections. A further one is answered with 503.
   */
  maxUpstreamRequests: 1024,
  /**
   * Time for which an unreachable address is tried after the others of its route. Agentgateway's
   * default eviction time.
   */
  backendDownMs: 3000,
  /** Largest request head; a larger one is answered with 431. */
  maxHeaderBytes: 65_536,
  /** Time limit for a caller to send a complete request. */
  requestReadTimeoutMs: 30_000,
  /** Time limit for an agent to begin its answer. */
  upstreamHeadersTimeoutMs: 300_000,
  /**
   * Longest pause within a response, by an agent that does not send or a caller that does not read.
   */
  idleTimeoutMs: 300_000,
};
