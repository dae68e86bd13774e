/**
 * Writes what the verifier and the agent report to their observers onto OpenTelemetry spans,
 * through OpenTelemetry's API alone: a process that has not started its SDK makes no spans and pays
 * next to nothing.
 *
 * @module
 */

export { type AgentTrace, createAgentTrace } from "./agent-trace.ts";
export { ATTRIBUTE, EVENT, SERVICE_NAME, SPAN } from "./attribute-names.ts";
export { demandIn } from "./demand.ts";
export { traceDiscovery } from "./discovery-trace.ts";
export { traceMessages } from "./message-trace.ts";
export { createServerTrace, type ServerTrace } from "./server-trace.ts";
export {
  recordIssuedToken,
  recordSkippedExchange,
  recordTokenRefusal,
  recordTokenRequest,
  recordUpstreamToken,
} from "./token-issue.ts";
export { type JudgedRequest, type RefusalAnswer, recordRefused, recordVerified } from "./verification.ts";
export { type VerificationTrace, verificationTrace } from "./verification-trace.ts";
export { traceVerifier, verifierTrace } from "./verifier-trace.ts";
