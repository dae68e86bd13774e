/**
 * Turns the events of the verifier and the agent into log lines. Wording, symbols and logger names
 * are those of the published walk-through, so that it can be followed line by line.
 *
 * @module
 */
export { type AgentLog, createAgentLog, PARENT_REQUESTS } from "./agent-log.ts";
export type { ProtocolLogger } from "./protocol-logger.ts";
export { createVerificationLog, type VerificationLog } from "./verification-log.ts";
