import {
  type Config,
  hostsSetting,
  integerSetting,
  listSetting,
  portSetting,
  serviceSettings,
  setting,
  textSetting,
} from "agent-kit/service";

const MIB = 1024 * 1024;

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  port: setting({
    env: "TRACE_STORE_PORT",
    flag: "port",
    schema: portSetting(16686),
    description: "TCP port of the query API and the page, Jaeger's own",
  }),
  otlpPort: setting({
    env: "TRACE_STORE_OTLP_PORT",
    flag: "otlp-port",
    schema: portSetting(4318),
    description: "TCP port that takes spans, OTLP/HTTP",
  }),
  hosts: setting({
    env: "TRACE_STORE_HOSTS",
    schema: hostsSetting(),
    description:
      "Further names that both ports answer to, besides localhost, *.localhost, IP addresses, names without a dot and HOST; without scheme and port, separated by commas",
  }),
  file: setting({
    env: "TRACE_STORE_FILE",
    flag: "file",
    schema: textSetting(""),
    description: "SQLite file that keeps the traces over a restart; unset: memory only",
  }),
  maxBytes: setting({
    env: "TRACE_STORE_MAX_BYTES",
    schema: integerSetting(64 * MIB, { minimum: 64 * 1024 }),
    description:
      "Memory for all spans together, bytes; the oldest traces make room, those of signed-in users only beyond three quarters of it",
  }),
  maxSpanBytes: setting({
    env: "TRACE_STORE_MAX_SPAN_BYTES",
    schema: integerSetting(MIB / 4, { minimum: 1024 }),
    description: "Largest span, bytes; larger ones are refused",
  }),
  maxSpansPerTrace: setting({
    env: "TRACE_STORE_MAX_SPANS_PER_TRACE",
    schema: integerSetting(5000, { minimum: 1 }),
    description: "Most spans of one trace; more are refused",
  }),
  maxAgeSeconds: setting({
    env: "TRACE_STORE_MAX_AGE_SECONDS",
    schema: integerSetting(2 * 24 * 3600, { minimum: 1 }),
    description: "How long a trace is kept after its first span, seconds",
  }),
  maxBodyBytes: setting({
    env: "TRACE_STORE_MAX_BODY_BYTES",
    schema: integerSetting(4 * MIB, { minimum: 1024 }),
    description: "Largest export request as it travels, bytes",
  }),
  maxInflatedBytes: setting({
    env: "TRACE_STORE_MAX_INFLATED_BYTES",
    schema: integerSetting(16 * MIB, { minimum: 1024 }),
    description: "Largest export request after decompression, bytes",
  }),
  allowedOrigins: setting({
    env: "CORS_ALLOWED_ORIGINS",
    schema: listSetting(["http://localhost:3050"]),
    description: "Origins of pages that may send spans and ask for traces",
  }),
};

export type TraceStoreConfig = Config<typeof settings>;
