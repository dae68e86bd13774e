/**
 * What the calls of an agent share, and what one call brings along.
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

/** The options of an agent with their defaults, and what is made of them once. */
export interface AgentParts extends AgentOptions {
  readonly profile: AgentProfile;
  readonly serverProfile: AgentProfile;
  readonly keys: AgentKeys;
  /** How the agent says who it is, signing with this key. */
  readonly identity: (key: SigningKey) => Promise<SignatureKeyScheme>;
  readonly sendToResource: Sender;
  readonly sendToServer: Sender;
  readonly tokenCache: TokenCache;
  readonly now: () => number;
  readonly revealTokens: boolean;
  readonly timeouts: Readonly<Record<"requestMs" | "tokenRequestMs" | "pendingMs", number>>;
}

/** One call: the context of its caller, and what its requests are made with. */
export interface CallContext extends Omit<FetchContext, "onClarification" | "onWaiting"> {
  readonly key: SigningKey;
  readonly observe: AgentObserver;
  /** Servers that tokens may come from. */
  readonly trustedServers: readonly string[];
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /** The sub-agent that a token is for. Default: none. */
  readonly subagentToken?: string | undefined;
  /** Thumbprint that a token has to be bound to. Default: that of `key`. */
  readonly boundTo?: string | undefined;
  /** Answers a question. Default: none; a question ends the polling. */
  readonly clarify?: ((question: Clarification) => Promise<ClarificationAnswer>) | undefined;
  /** Receives the state of the polling each time that it begins to wait. Default: none. */
  readonly onPoll?: ((state: PollState) => Promise<void> | void) | undefined;
}

/** What the caller can do for a party, in the words that the profiles have in common. */
export function capabilitiesOf({ waiting, onInteraction, clarify }: CallContext): readonly string[] {
  const isAble = waiting === "throw";
  return [
    ...(isAble || onInteraction !== undefined ? ["interaction"] : []),
    ...(isAble || clarify !== undefined ? ["clarification"] : []),
  ];
}
