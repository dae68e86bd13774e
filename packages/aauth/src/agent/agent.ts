/**
 * The agent's side of the protocol.
 *
 * @module
 */

import { createGuardedTransport, pooledTransport } from "#http";
import { defaultAgentProfile } from "../default-profile.ts";
import { requireAgentIdentifier, requireIdentifier } from "../discovery/checked-options.ts";
import { createDiscovery } from "../discovery/create-discovery.ts";
import { mappedTransport } from "../discovery/transport.ts";
import { isUrl } from "../json-guards.ts";
import { keyRingOf } from "../keys/key-option.ts";
import {
  checkOptions,
  type OptionChecks,
  requireBoolean,
  requireFunction,
  requireMade,
  requireString,
  unchecked,
} from "../keys/option-checks.ts";
import type { ObtainedToken } from "../profile/token-requests.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { createMemoryRecordStore } from "../store/record-store.ts";
import { createCall, resumeCall } from "./call.ts";
import type { AgentParts, CallInput } from "./context.ts";
import { createMissions, type KeptMission, KeptMissions } from "./missions.ts";
import { createSubAgentTokens } from "./person-server-requests.ts";
import { createSender } from "./sender.ts";
import { createTokenCache } from "./token-cache.ts";
import { TokenSource } from "./token-source.ts";
import type { Agent, AgentOptions, FetchContext } from "./types.ts";

/**
 * Creates an agent. It keeps no state between calls except a cache of tokens, each kept until
 * shortly before it expires. A token for one user is never used for another.
 *
 * Does NOT verify responses of resources, or retry failed connections.
 *
 * @throws TypeError for an invalid option, such as an `id` that is not a canonical identifier.
 *
 * @example
 * const agent = createAgent({ id, key, personServer: "https://ps.example" });
 * const response = await agent.fetchFor()("https://resource.example/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  requireAgentProfile("profile", options.profile);
  checkOptions(options, checksOf(options.profile ?? defaultAgentProfile));
  const parts = partsOfOptions(options);
  const { profile } = parts;
  const tokens = new TokenSource(parts);
  const contextChecks = contextChecksOf(profile);
  const agent: Agent = {
    fetchFor(context = {}) {
      checkOptions(context, contextChecks);
      return createCall(parts, tokens, context);
    },

    async resume(waiting, context = {}) {
      if (typeof waiting?.call?.url !== "string" || waiting.profile !== profile.name) {
        throw new TypeError(`waiting must be the value of a StillWaitingError of profile ${profile.name}`);
      }
      const kept = { ...waiting.call.context, ...context };
      checkOptions(kept, contextChecks);
      return resumeCall(parts, tokens, kept, waiting);
    },

    ...createSubAgentTokens(parts),
    ...createMissions(parts, tokens),
  };
  AGENTS.set(agent, { parts, tokens });
  return agent;
}

const AGENTS = new WeakMap<Agent, { readonly parts: AgentParts; readonly tokens: TokenSource }>();

/**
 * The parts of an agent, for extensions of a dialect. Undefined unless {@link createAgent} made the
 * agent.
 */
export const partsOf = (agent: Agent) => AGENTS.get(agent);

function partsOfOptions(options: AgentOptions): AgentParts {
  const { id, profile = defaultAgentProfile, timeouts = {} } = options;
  const { requestMs = 120_000, tokenRequestMs = 10_000, waitingMs = 120_000 } = timeouts;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const discovery = options.discovery ?? createDiscovery({ now });
  const { addresses } = discovery;
  const { transport = addresses?.requests ?? pooledTransport } = options;
  const { toServers = profile, tokenRequests } = profile;
  const store = options.stores?.records<ObtainedToken>(`tokens ${id}`);
  // In a dialect whose tokens name the servers, an untrusted caller chooses the address.
  const serverTransport =
    tokenRequests.trustedServers === undefined
      ? (options.transport ?? mappedTransport(addresses, createGuardedTransport({ development: false })))
      : transport;
  return {
    ...options,
    profile,
    discovery,
    keys: keyRingOf(options.key),
    sendToResource: createSender({ profile, transport, addresses, now }),
    sendToServer: createSender({ profile: toServers, transport: serverTransport, addresses, now }),
    missions: new KeptMissions(
      options.stores?.records<KeptMission>(`missions ${id}`) ?? createMemoryRecordStore({ now }),
    ),
    tokenCache: createTokenCache(store ?? createMemoryRecordStore({ now }), now),
    now,
    revealTokens: options.revealTokens ?? false,
    timeouts: { requestMs, tokenRequestMs, waitingMs },
  };
}

function checksOf(profile: AgentProfile): OptionChecks<AgentOptions> {
  return {
    id: (name, value) => requireAgentIdentifier(name, value, profile),
    profile: unchecked,
    key: (_, value) => keyRingOf(value),
    agentToken: requireFunction,
    personServer(name, value) {
      if (value === undefined) return;
      if (profile.tokenRequests.trustedServers !== undefined) throw notOf(name, profile);
      requireIdentifier(name, value, profile);
    },
    parent(name, value) {
      if (value !== undefined && profile.tokenRequests.trustedServers !== undefined)
        throw notOf(name, profile);
      requireFunction(name, value);
    },
    discovery: (name, value) => requireMade(name, value, "metadata", "createDiscovery"),
    transport: requireFunction,
    stores: unchecked,
    observer: requireFunction,
    revealTokens: requireBoolean,
    now: requireFunction,
    maxRequestBodyBytes: unchecked,
    timeouts: unchecked,
  };
}

/** A dialect for verifiers has no rules of agents. */
function requireAgentProfile(name: string, value: AgentProfile | undefined): void {
  if (value === undefined || (value.calls && value.tokenRequests)) return;
  throw new TypeError(`${name} ${value.name} is not for agents: make it with the function of its dialect`);
}

const notOf = (name: string, profile: AgentProfile) =>
  new TypeError(`${name}: profile ${profile.name} has no person servers`);

function contextChecksOf(profile: AgentProfile): OptionChecks<CheckedContext> {
  const { contextStrings = [] } = profile.calls;
  return {
    ...CONTEXT_CHECKS,
    resource(name, value) {
      if (value !== undefined) requireIdentifier(name, value, profile);
    },
    ...Object.fromEntries(contextStrings.map((name) => [name, requireString])),
  };
}

/** Context of a call. A resumed one names its key. */
type CheckedContext = FetchContext & Pick<CallInput, "keyThumbprint">;

const CONTEXT_CHECKS: Omit<OptionChecks<CheckedContext>, "resource"> = {
  upstreamToken: requireToken,
  authToken: requireToken,
  // A null `cacheKey` would let all users without a name share the tokens of one of them.
  cacheKey: requireString,
  scope: requireString,
  mission: requireString,
  justification: requireString,
  loginHint: requireString,
  keyThumbprint: requireString,
  // A misspelled value would let a call wait that must not.
  waiting(name, value) {
    if (value !== undefined && value !== "poll" && value !== "throw")
      throw new TypeError(`${name} must be poll or throw`);
  },
  returnUrl(name, value) {
    if (value !== undefined && !isUrl(value))
      throw new TypeError(`${name} must be an absolute http or https URL`);
  },
  onInteraction: requireFunction,
  onClarification: requireFunction,
  onWaiting: requireFunction,
  observer: requireFunction,
  signal: unchecked,
};

function requireToken(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string")
    throw new TypeError(`${name} must be a compact token, such as \`grant.token\` of the verified caller`);
}
