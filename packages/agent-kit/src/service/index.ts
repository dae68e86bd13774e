/**
 * Shared by all services of the demo: start and stop, stores and keys, logs, traces, name lookup.
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
export { answerTunnels, type PlainAnswer } from "./http/answer-tunnels.ts";
export { createBoundedServer, nameProxies } from "./http/bounded-server.ts";
export { networkOf } from "./http/connection-limit.ts";
export { createService, type ServiceOptions } from "./http/create-service.ts";
export { displayText } from "./http/display-text.ts";
export { hostsSetting, knowsHost, requireKnownHost } from "./http/known-hosts.ts";
export { installLocalhostLookup, localhostLookup } from "./http/localhost-lookup.ts";
export { AnswerTooLargeError, readBounded } from "./http/read-bounded.ts";
export type { KeyKind, RingOptions } from "./keys/kept-ring.ts";
export { removeMadeKeys } from "./keys/remove-made-keys.ts";
export { memoryKeys, openKeys, type ServiceKeys } from "./keys/service-keys.ts";
export {
  createLogger,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
} from "./log/logger.ts";
export { listenOn } from "./run/listen-on.ts";
export { prepareProcess } from "./run/prepare-process.ts";
export { type RotatableKeys, rotateKeys } from "./run/rotate-keys.ts";
export {
  describeError,
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
export { startTelemetry, type Telemetry } from "./telemetry/start-telemetry.ts";
export {
  currentPlace,
  inTrace,
  markFailed,
  type SpanOptions,
  type TracePlace,
  withSpan,
} from "./telemetry/with-span.ts";
