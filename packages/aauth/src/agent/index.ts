/**
 * The agent's side: signed requests, challenges, tokens.
 *
 * @module
 */

export { pooledTransport } from "#http";
export type { Transport, TransportRequest } from "../discovery/transport.ts";
export { createAgent } from "./agent.ts";
export type { AgentEvent, AgentObserver, RetryReason, ShownToken, TokenRequestType } from "./events.ts";
export type { Grant, MemoryTokenCache, TokenCache } from "./grant-cache.ts";
export { createTokenCache } from "./grant-cache.ts";
export type {
  Agent,
  AgentOptions,
  CallControl,
  FetchContext,
  KeepInput,
  OwnTokenInput,
  RedeemCodeInput,
  RevokeInput,
} from "./types.ts";
