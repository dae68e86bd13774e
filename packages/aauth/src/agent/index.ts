/**
 * The agent's side: signed requests, challenges, tokens.
 *
 * @module
 */

export { pooledTransport } from "#http";
export type { Transport, TransportRequest } from "../discovery/transport.ts";
export type { ApprovedMission, MissionProposal } from "../profile/grants.ts";
export type { Clarification, Interaction } from "../profile/waiting.ts";
export { createAgent } from "./agent.ts";
export type { AgentEvent, AgentObserver, RetryReason, ShownToken, TokenRequestType } from "./events.ts";
export type { Grant } from "./grant-cache.ts";
export type {
  Agent,
  AgentOptions,
  CallControl,
  ClarificationReply,
  FetchContext,
  InteractionRequest,
  KeepInput,
  OwnTokenInput,
  ProposeMissionInput,
  RedeemCodeInput,
  ResumeContext,
  RevokeInput,
  SubAgentTokenInput,
  WaitingControl,
} from "./types.ts";
