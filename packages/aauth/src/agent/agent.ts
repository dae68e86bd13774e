/**
 * The agent's side of the protocol.
 *
 * @module
 */

import { createGuardedTransport, pooledTransport } from "#http";
import { defaultAgentProfile } from "../default-profile.ts";
import {
  requireAgentIdentifier,
  requireIdentifier,
  requireIdentifiers,
} from "../discovery/checked-options.ts";
import { mappedTransport } from "../discovery/transport.ts";
import { requireBoolean, requireSigningKey, requireString } from "../keys/option-checks.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { isUrl } from "../shapes.ts";
import { createMemoryRecordStore } from "../store/record-store.ts";
import { agentKeysOf } from "./agent-keys.ts";
import { createCall, resumeCall } from "./call.ts";
import type { AgentParts } from "./context.ts";
import { createOwnServer } from "./own-server.ts";
import { createSender } from "./sender.ts";
import { createTokenCache, type ObtainedToken } from "./token-cache.ts";
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
 * const agent = createAgent({ id, key, trustedAuthServers: [personServer], discovery });
 * const response = await agent.fetchFor({ state })("https://resource.example/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  checkAgentOptions(options);
  const parts = partsOfOptions(options);
  const { profile } = parts;
  const tokens = new TokenSource(parts);
  const agent: Agent = {
    fetchFor(context = {}) {
      checkFetchContext(context, profile);
      return createCall(parts, tokens, context);
    },

    async resume(waiting, context = {}) {
      if (typeof waiting?.call?.url !== "string" || waiting.profile !== profile.name) {
        throw new TypeError(`waiting must be the value of an AnswerPendingError of profile ${profile.name}`);
      }
      const kept = { ...waiting.call.context, ...context };
      checkFetchContext(kept, profile);
      return resumeCall(parts, tokens, kept, waiting);
    },

    ...createOwnServer(parts, tokens),
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
  const { id, profile = defaultAgentProfile, serverProfile = profile, timeouts = {} } = options;
  const { requestMs = 120_000, tokenRequestMs = 10_000, pendingMs = 120_000 } = timeouts;
  const { endpoints } = options.discovery;
  const { transport = endpoints?.requests ?? pooledTransport } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const store = options.stores?.records<ObtainedToken>(`tokens ${id}`);
  // In a profile whose tokens name the servers, untrusted callers choose the address.
  const toServers =
    profile.tokenRequests.ownServer === undefined
      ? transport
      : (options.transport ?? mappedTransport(endpoints, createGuardedTransport({ development: false })));
  return {
    ...options,
    profile,
    serverProfile,
    keys: agentKeysOf(options.key),
    sendToResource: createSender({ profile, transport, endpoints, now }),
    sendToServer: createSender({ profile: serverProfile, transport: toServers, endpoints, now }),
    tokenCache: createTokenCache(store ?? createMemoryRecordStore({ now }), now),
    now,
    revealTokens: options.revealTokens ?? false,
    timeouts: { requestMs, tokenRequestMs, pendingMs },
  };
}

function checkAgentOptions(options: AgentOptions): void {
  const { id, trustedAuthServers, signatureScheme, redirectUri, profile = defaultAgentProfile } = options;
  requireAgentIdentifier("id", id, profile);
  requireSigningKey("key", options.key);
  requireIdentifiers("trustedAuthServers", trustedAuthServers, profile);
  // A misspelled value would identify an agent that is meant to be anonymous.
  const isNeeded = profile.calls.alwaysIdentified !== true || signatureScheme !== undefined;
  if (isNeeded && signatureScheme !== "hwk" && signatureScheme !== "jwks") {
    throw new TypeError("signatureScheme must be hwk or jwks");
  }
  // hole E11
  if (signatureScheme === "hwk" && profile.calls.alwaysIdentified === true)
    throw new TypeError(`signatureScheme: an agent of profile ${profile.name} always identifies itself`);
  for (const name of ["revealTokens", "mayIdentify"] as const) requireBoolean(name, options[name]);
  // `localhost:8000/callback` parses as a URL with the scheme `localhost`.
  if (redirectUri !== undefined && !isUrl(redirectUri)) {
    throw new TypeError("redirectUri must be an absolute http or https URL");
  }
}

function checkFetchContext({ resource, returnUrl, ...strings }: FetchContext, profile: AgentProfile): void {
  for (const name of ["upstreamToken", "authToken"] as const) {
    if (strings[name] !== undefined && typeof strings[name] !== "string") {
      throw new TypeError(`${name} must be a compact token, such as \`grant.token\` of the verified caller`);
    }
  }
  // A null `cacheKey` would let all users without a name share the tokens of one of them.
  for (const name of STRINGS) requireString(name, strings[name]);
  // A misspelled value would let a call wait that must not.
  if (strings.waiting !== undefined && strings.waiting !== "poll" && strings.waiting !== "throw") {
    throw new TypeError("waiting must be poll or throw");
  }
  if (resource !== undefined) requireIdentifier("resource", resource, profile);
  if (returnUrl !== undefined && !isUrl(returnUrl)) {
    throw new TypeError("returnUrl must be an absolute http or https URL");
  }
}

/** Members of a context that must be strings. */
const STRINGS = [
  "state",
  "cacheKey",
  "scope",
  "keyThumbprint",
  "mission",
  "justification",
  "loginHint",
] as const;
