/**
 * Records observer events of verifier and agent on OpenTelemetry spans. Uses only OpenTelemetry's
 * API, so a process that has not started the SDK creates no spans at almost no cost.
 *
 * @module
 */

export { ATTRIBUTE, EVENT, SERVICE_NAME, SPAN } from "aauth-explain/trace-names";
export { type AgentTrace, createAgentTrace } from "./agent-trace.ts";
export { traceDiscovery } from "./discovery-trace.ts";
export { traceMessages } from "./message-trace.ts";
export { readChallenge } from "./profiles.ts";
export { createServerTrace, type ServerTrace } from "./server-trace.ts";
export {
  recordIssuedToken,
  recordSkippedExchange,
  recordTokenRefusal,
  recordTokenRequest,
  recordUpstreamToken,
} from "./token-issue.ts";
export { type JudgedRequest, type RefusalAnswer, recordRefused, recordVerified } from "./verification.ts";
export { verificationTrace } from "./verification-trace.ts";
