/**
 * Shared by all services of the demo: configuration, start and stop, stores and keys, logs, traces,
 * name lookup.
 *
 * @module
 */

export {
  mapMembers,
  type RedactionOptions,
  redactFields,
  redactText,
  visibleFields,
  visibleLines,
  visibleText,
} from "protocol-trace/redact";
export { ConfigError, type ConfigProblem, HelpRequested } from "./config/config-error.ts";
export { KNOWN_NAMES } from "./config/known-names.ts";
export { loadConfig } from "./config/load-config.ts";
export { readFlags } from "./config/read-flags.ts";
export {
  authServerSettings,
  canonicalSpelling,
  DRAFT_11_MODES,
  issuerOf,
  keyRotationSettings,
  PROFILES,
  type ProfileName,
  profileSettings,
  proxySettings,
  publishedPeersSettings,
  serviceSettings,
  tokenLogSettings,
} from "./config/service-settings.ts";
export { type Config, type Setting, type Settings, setting } from "./config/setting.ts";
export { settingsHelp } from "./config/settings-help.ts";
export {
  booleanSetting,
  choiceSetting,
  integerSetting,
  listSetting,
  portSetting,
  textSetting,
  urlSetting,
} from "./config/value-schemas.ts";
export { answerTunnels, type PlainAnswer } from "./http/answer-tunnels.ts";
export { createBoundedServer, nameProxies } from "./http/bounded-server.ts";
export { networkOf } from "./http/connection-limit.ts";
export { createService, type ServiceOptions } from "./http/create-service.ts";
export { displayText } from "./http/display-text.ts";
export { hostsSetting, knowsHost, requireKnownHost } from "./http/known-hosts.ts";
export { installLocalhostLookup, localhostLookup } from "./http/localhost-lookup.ts";
export { sendProblem } from "./http/problem.ts";
export { AnswerTooLargeError, readBounded } from "./http/read-bounded.ts";
export type { KeyKind, RingOptions } from "./keys/kept-ring.ts";
export { removeMadeKeys } from "./keys/remove-made-keys.ts";
export { memoryKeys, openKeys, type ServiceKeys } from "./keys/service-keys.ts";
export {
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
} from "./log/logger.ts";
export { listenOn } from "./run/listen-on.ts";
export { prepareProcess } from "./run/prepare-process.ts";
export { type RotatableKeys, rotateKeys } from "./run/rotate-keys.ts";
export {
  describeError,
  EXIT_STATUS,
  failedStart,
  type RunningService,
  readyLine,
  runService,
  type StartOptions,
  type StartService,
} from "./run/run-service.ts";
export { buildTraced, startService } from "./run/start-service.ts";
export { isInTimeWait, timeWaitText, waitForTimeWait } from "./run/time-wait.ts";
export { PARENT_PID_VARIABLE, watchParent } from "./run/watch-parent.ts";
export { digestOf, newSecret } from "./secrets.ts";
export { openState, type ServiceState } from "./state/open-state.ts";
export { type StateConfig, statePlaces } from "./state/state-places.ts";
export { storeSettings } from "./state/store-settings.ts";
export { startTelemetry, type Telemetry } from "./telemetry/start-telemetry.ts";
export { type TelemetryConfig, telemetrySettings } from "./telemetry/telemetry-settings.ts";
export { endWithAnswer } from "./telemetry/trace-requests.ts";
export {
  currentPlace,
  inTrace,
  markFailed,
  type SpanOptions,
  type TracePlace,
  withSpan,
} from "./telemetry/with-span.ts";
