/**
 * State shared by the calls of an agent, and the context of one call.
 *
 * @module
 */

import type { SignatureKeyScheme } from "../profile/messages.ts";
import type { Clarification, ClarificationAnswer } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import type { AgentKeys } from "./agent-keys.ts";
import type { AgentObserver } from "./events.ts";
import type { Sender } from "./sender.ts";
import type { TokenCache } from "./token-cache.ts";
import type { AgentOptions, FetchContext } from "./types.ts";
import type { PollState } from "./waiting-call.ts";

/** Options of an agent with their defaults, and the objects created from them. */
export interface AgentParts extends AgentOptions {
  readonly profile: AgentProfile;
  readonly serverProfile: AgentProfile;
  readonly keys: AgentKeys;
  /** The agent's credential when it signs with this key. */
  readonly identity: (key: SigningKey) => Promise<SignatureKeyScheme>;
  readonly sendToResource: Sender;
  readonly sendToServer: Sender;
  readonly tokenCache: TokenCache;
  readonly now: () => number;
  readonly revealTokens: boolean;
  readonly timeouts: Readonly<Record<"requestMs" | "tokenRequestMs" | "pendingMs", number>>;
}

/** Context of one call: the caller's, and the facts for its requests. */
export interface CallContext extends Omit<FetchContext, "onClarification" | "onWaiting"> {
  readonly key: SigningKey;
  readonly observe: AgentObserver;
  /** Servers that may issue tokens. */
  readonly trustedServers: readonly string[];
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /** Agent token of the sub-agent for which a token is requested. Default: none. */
  readonly subagentToken?: string | undefined;
  /** Thumbprint that a token must be bound to. Default: that of `key`. */
  readonly boundTo?: string | undefined;
  /** Answers a question. Default: none; a question ends the polling. */
  readonly clarify?: ((question: Clarification) => Promise<ClarificationAnswer>) | undefined;
  /** Receives the polling state before each wait. Default: none. */
  readonly onPoll?: ((state: PollState) => Promise<void> | void) | undefined;
}

/** Capabilities of the caller, by the names that all profiles share. */
export function capabilitiesOf({ waiting, onInteraction, clarify }: CallContext): readonly string[] {
  const isAble = waiting === "throw";
  return [
    ...(isAble || onInteraction !== undefined ? ["interaction"] : []),
    ...(isAble || clarify !== undefined ? ["clarification"] : []),
  ];
}
