/**
 * The agent's side of the protocol: signed requests, challenges and tokens.
 *
 * @module
 */

export { pooledTransport } from "#http";
export type { Transport, TransportRequest } from "../discovery/transport.ts";
export type { RetryReason } from "../profile/calls.ts";
export type { ShownToken, TokenRequestType } from "../profile/events.ts";
export type {
  ApprovedMission,
  MissionAction,
  MissionProposal,
  ObtainedToken,
  PermissionAnswer,
} from "../profile/token-requests.ts";
export type { Clarification, Interaction } from "../profile/waiting.ts";
export { createAgent } from "./agent.ts";
export type {
  Agent,
  AgentMission,
  AgentOptions,
  CallControl,
  ClarificationReply,
  FetchContext,
  InteractionRequest,
  MissionControl,
  ProposeMissionInput,
  SubAgentTokenInput,
  WaitingControl,
} from "./types.ts";
