/**
 * MCP over AAuth: a policy enforcement point in front of servers of the official SDK, for both of
 * its major versions. A client is the SDK's own, with the `fetch` of an agent.
 *
 * @module
 */

export { callerOf, type McpAuthInfo } from "./auth-info.ts";
export { type McpGateOptions, type McpHandler, protectMcp } from "./gate.ts";
