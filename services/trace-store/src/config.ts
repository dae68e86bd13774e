import { hostsSetting } from "agent-kit/service";
import {
  type Config,
  integerSetting,
  listSetting,
  portSetting,
  serviceSettings,
  setting,
  storeSettings,
  textSetting,
} from "agent-kit/settings";

const MIB = 1024 * 1024;

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  ...storeSettings,
  port: setting({
    env: "TRACE_STORE_PORT",
    flag: "port",
    schema: portSetting(16686),
    description: "TCP port of the query API and the page, the same as Jaeger's",
  }),
  otlpPort: setting({
    env: "TRACE_STORE_OTLP_PORT",
    flag: "otlp-port",
    schema: portSetting(4318),
    description: "TCP port for spans, OTLP/HTTP",
  }),
  hosts: setting({
    env: "TRACE_STORE_HOSTS",
    schema: hostsSetting(),
    description:
      "Further host names of both ports, besides localhost, *.localhost, IP addresses, names without a dot and HOST; separated by commas",
  }),
  pageFolder: setting({
    env: "TRACE_STORE_PAGE_FOLDER",
    schema: textSetting(""),
    description: "Folder of the built page; unset: ui/dist of this repository",
  }),
  maxBytes: setting({
    env: "TRACE_STORE_MAX_BYTES",
    schema: integerSetting(64 * MIB, { minimum: 64 * 1024 }),
    description:
      "Memory for all spans in bytes; the oldest traces are dropped, those of signed-in users only beyond three quarters",
  }),
  allowedOrigins: setting({
    env: "CORS_ALLOWED_ORIGINS",
    schema: listSetting(["http://localhost:3050"]),
    description: "Origins of pages that may send spans",
  }),
};

export type TraceStoreConfig = Config<typeof settings>;

/** Limits that no deployment has needed to change. */
export const LIMITS = {
  /** Largest accepted span. */
  maxSpanBytes: MIB / 4,
  maxSpansPerTrace: 5000,
  maxAgeSeconds: 2 * 24 * 3600,
  /** Largest export request, both compressed and decompressed. */
  maxBodyBytes: 4 * MIB,
  maxInflatedBytes: 16 * MIB,
};
