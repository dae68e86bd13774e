/**
 * State shared by the calls of an agent, and the context of one call.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { identify, serverOfAgent, serverOfUpstream } from "../draft-11/person-server-requests.ts";
import { AAuthAgentError } from "../errors.ts";
import type { Observer } from "../profile/events.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import type { TokenCache } from "../profile/renewal.ts";
import type { Clarification, ClarificationAnswer } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import type { AgentKeys } from "./agent-keys.ts";
import { combineObservers } from "./events.ts";
import type { KeptMissions } from "./missions.ts";
import type { Sender } from "./sender.ts";
import type { AgentOptions, FetchContext } from "./types.ts";
import type { PollState } from "./waiting-call.ts";

/** Options of an agent with their defaults, and the objects created from them. */
export interface AgentParts extends AgentOptions {
  readonly profile: AgentProfile;
  readonly discovery: Discovery;
  readonly keys: AgentKeys;
  readonly sendToResource: Sender;
  readonly sendToServer: Sender;
  readonly tokenCache: TokenCache;
  readonly missions: KeptMissions;
  readonly now: () => number;
  readonly revealTokens: boolean;
  readonly timeouts: Readonly<Record<"requestMs" | "tokenRequestMs" | "waitingMs", number>>;
}

/** Input of a call, or of a request to a server outside of calls. */
export interface CallInput extends Omit<FetchContext, "onClarification" | "onWaiting"> {
  /** Agent token of the sub-agent for which a token is requested. Default: none. */
  readonly subagentToken?: string | undefined;
  /**
   * Thumbprint of the key with which to sign. Default: the current one, also for a key not held.
   */
  readonly keyThumbprint?: string | undefined;
  /** Thumbprint that a token must be bound to. Default: that of `key`. */
  readonly boundTo?: string | undefined;
  /** Answers a question. Default: none; a question ends the polling. */
  readonly clarify?: ((question: Clarification) => Promise<ClarificationAnswer>) | undefined;
  /** Receives the polling state before each wait. Default: none. */
  readonly onPoll?: ((state: PollState) => Promise<void> | void) | undefined;
}

/** Context of one call with one key. Immutable. */
export interface CallContext extends CallInput {
  readonly key: SigningKey;
  readonly observe: Observer<never>;
  /** The agent's credential. A long call requests it again, because an agent token expires. */
  readonly identity: () => Promise<SignatureKeyScheme>;
  /** Server of the agent's person, or of its caller's; undefined without one. */
  readonly ownServer: () => Promise<string | undefined>;
  /**
   * Servers that may issue tokens.
   *
   * @throws AAuthAgentError `person_required` if only the missing own server could
   */
  readonly trustedServers: () => Promise<readonly string[]>;
}

/** Time for which a call uses one agent token, which its provider renews before it expires. */
const IDENTITY_MS = 10_000;

/** Creates the context of a call. The only place where identity and own server are looked up. */
export function contextOf<Input extends CallInput>(
  parts: AgentParts,
  input: Input,
  key: SigningKey,
): Input & CallContext {
  const { id, agentToken, personServer, now } = parts;
  const configured = parts.profile.tokenRequests.trustedServers;
  const identity = kept<SignatureKeyScheme>(async () => {
    if (agentToken !== undefined) return { scheme: "jwt", jwt: await agentToken(key) };
    if (configured !== undefined) return { scheme: "jwks", id };
    return identify({ id, key, server: personServer, now });
  }, IDENTITY_MS);
  const ownServer = kept(async () => {
    if (configured !== undefined) return undefined;
    if (input.upstreamToken !== undefined) return serverOfUpstream(input.upstreamToken);
    return personServer ?? serverOfAgent(await identity());
  });
  const trustedServers = async () => {
    if (configured !== undefined) return configured;
    const server = await ownServer();
    if (server !== undefined) return [server];
    const reason = "a person is required, but this agent has no `personServer`";
    throw new AAuthAgentError("person_required", reason);
  };
  return {
    ...input,
    key,
    observe: combineObservers(parts.observer, input.observer),
    identity,
    ownServer,
    trustedServers,
  };
}

/** Makes a value when it is needed first, and again when it is older than `maxMs`. */
function kept<Value>(make: () => Promise<Value>, maxMs = Number.POSITIVE_INFINITY): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  let madeAt = 0;
  return () => {
    if (value !== undefined && performance.now() - madeAt < maxMs) return value;
    madeAt = performance.now();
    value = make();
    return value;
  };
}

/** Capabilities of the caller, by the names that all profiles share. */
export function capabilitiesOf({ waiting, onInteraction, clarify }: CallContext): readonly string[] {
  const isAble = waiting === "throw";
  return [
    ...(isAble || onInteraction !== undefined ? ["interaction"] : []),
    ...(isAble || clarify !== undefined ? ["clarification"] : []),
  ];
}
