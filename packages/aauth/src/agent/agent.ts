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
import { AAuthAgentError } from "../errors.ts";
import { requireBoolean, requireText } from "../keys/option-checks.ts";
import type { GrantContext, GrantRequest } from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { isUrl } from "../shapes.ts";
import { createMemoryRecordStore } from "../store/record-store.ts";
import type { SigningKey } from "../types.ts";
import { agentKeysOf, keyWith } from "./agent-keys.ts";
import { type CallOptions, createCall, resumeCall } from "./call.ts";
import { combineObservers, ignoreEvents } from "./events.ts";
import { createTokenCache, type Grant } from "./grant-cache.ts";
import { createGrantClient, type GrantCircumstances } from "./grant-client.ts";
import { createGrantSource } from "./grant-source.ts";
import { createOwnServer } from "./own-server.ts";
import { createSender } from "./sender.ts";
import type { Agent, AgentOptions, CallControl, FetchContext, KeepInput } from "./types.ts";

/**
 * Creates an agent. It keeps no state of a call; tokens it has got itself are cached until shortly before they expire,
 * and a token that speaks for a user is never used for another one.
 *
 * Does NOT verify what a resource answers, nor retry failed connections.
 *
 * @throws TypeError for an option that could never work, such as an `id` that is not a canonical identifier.
 *
 * @example
 * const agent = createAgent({ id, key, signatureScheme: "jwks", trustedAuthServers: [issuer], discovery });
 * const response = await agent.fetchFor({ state })("http://supply-chain-agent.localhost:3000/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  checkAgentOptions(options);
  const { id, trustedAuthServers: trustedServers, discovery, agentToken, redirectUri, parent } = options;
  const { revealTokens = false, profile = defaultAgentProfile, timeouts = {} } = options;
  const { pendingMs = 120_000 } = timeouts;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const keys = agentKeysOf(options.key);
  const { ownIdentity } = profile.grants;
  async function identity(key: SigningKey): Promise<Credential> {
    if (agentToken !== undefined) return { scheme: "jwt", jwt: await agentToken(key) };
    return ownIdentity === undefined
      ? { scheme: "jwks", id }
      : ownIdentity({ id, key, server: trustedServers[0], now });
  }

  const { serverProfile = profile, transport = pooledTransport } = options;
  const send = createSender({ profile, transport, now });
  // Where tokens name the servers, and servers their endpoints, untrusted callers choose the address.
  const toServers =
    serverProfile.grants.serverOf === undefined
      ? transport
      : (options.transport ?? createGuardedTransport({ development: false }));
  const client = createGrantClient({
    profile: serverProfile,
    trustedServers,
    discovery,
    send: createSender({ profile: serverProfile, transport: toServers, now }),
    sendToResource: send,
    now,
    revealTokens,
    timeoutMs: timeouts.tokenRequestMs ?? 10_000,
    pendingMs,
  });
  const cache = createTokenCache(options.tokenStore ?? createMemoryRecordStore<Grant>({ now }), now);
  const tokens = createGrantSource({
    profile: serverProfile,
    id,
    client,
    cache,
    now,
    identity,
    redirectUri,
    parent:
      parent &&
      (async ({ resource, resourceToken }, presentedToken, { key, observe, signal }) => {
        const { jwt: subagentToken = "" } = (await identity(key)) as { jwt?: string };
        const shown = resourceToken === undefined ? {} : { resourceToken, presentedToken };
        return parent({ subagentToken, resource, ...shown, observer: observe, signal });
      }),
  });
  const shared: CallOptions = {
    profile,
    id,
    keys,
    isAnonymous: options.signatureScheme === "hwk",
    identity,
    mayIdentify: options.raiseScheme ?? true,
    trustedServers,
    isSubAgent: parent !== undefined,
    discovery,
    send,
    client,
    tokens,
    observer: options.observer,
    revealTokens,
    now,
    timeoutMs: timeouts.requestMs ?? 120_000,
    pendingMs,
    maxRequestBodyBytes: options.maxRequestBodyBytes ?? 1_048_576,
  };

  const { grants } = profile;
  return {
    fetchFor(context = {}) {
      checkFetchContext(context, profile);
      return createCall(shared, context);
    },

    requestOwnToken: ({ authServer, scope, ...input }) =>
      ask(client.request, { key: keys.current(), resource: id, ...input }, (context) =>
        grants.own?.(authServer, scope, context),
      ),

    async redeemCode({ authServer, code, cacheKey, keyThumbprint, ...input }) {
      const key = keyWith(keyThumbprint, keys);
      const grant = await ask(client.request, { key, ...input }, (context) =>
        grants.code?.(authServer, code, context),
      );
      if (cacheKey !== undefined) await keep({ grant, cacheKey });
      return grant;
    },

    keep,

    async revoke({ authServer, refreshToken, kept, ...input }) {
      await ask(client.revoke, { key: keys.current(), ...input }, (context) =>
        grants.revoke?.(authServer, refreshToken, context),
      );
      if (kept !== undefined) await tokens.drop(kept, keys.usable());
    },

    async resume(waiting, context = {}) {
      if (typeof waiting?.call?.url !== "string" || waiting.profile !== profile.name) {
        throw new TypeError(`waiting must be that of an AnswerPendingError, of profile ${profile.name}`);
      }
      const kept = { ...waiting.call.context, ...context };
      checkFetchContext(kept, profile);
      return resumeCall(shared, kept, waiting);
    },

    ...createOwnServer({
      profile,
      id,
      keys,
      identity,
      trustedServers,
      client,
      tokens,
      now,
      observer: options.observer,
    }),
  };

  /** A request of the agent itself, beside any call. */
  async function ask<T>(
    send: (request: GrantRequest, circumstances: GrantCircumstances) => Promise<T>,
    asked: Asked,
    make: (context: GrantContext) => GrantRequest | undefined,
  ): Promise<T> {
    const { key, resource, state, observer, signal } = asked;
    try {
      const context: GrantContext = {
        identity: await identity(key),
        upstreamToken: undefined,
        presented: undefined,
        redirectUri: asked.redirectUri ?? redirectUri,
        state,
      };
      const request = make(context);
      if (request === undefined) throw new TypeError(`profile ${profile.name} has no such grant`);
      const observe = combineObservers(options.observer, observer);
      return await send(request, { key, resource, context, signal, observe });
    } catch (error) {
      throw AAuthAgentError.from(error);
    }
  }

  async function keep({ grant, cacheKey }: KeepInput): Promise<void> {
    const { resource, thumbprint } = grant;
    const key = keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
    if (key === undefined || resource === undefined) return;
    const outsideCall = {
      upstreamToken: undefined,
      state: undefined,
      signal: undefined,
      observe: ignoreEvents,
    };
    await tokens.keep(grant, { key, resource, cacheKey, ...outsideCall });
  }
}

function checkAgentOptions(options: AgentOptions): void {
  const { id, trustedAuthServers, signatureScheme, redirectUri, profile = defaultAgentProfile } = options;
  requireAgentIdentifier("id", id, profile);
  requireIdentifiers("trustedAuthServers", trustedAuthServers, profile);
  // With another word an agent that means to be anonymous would identify itself.
  const isNeeded = profile.calls.alwaysIdentified !== true || signatureScheme !== undefined;
  if (isNeeded && signatureScheme !== "hwk" && signatureScheme !== "jwks") {
    throw new TypeError("signatureScheme must be hwk or jwks");
  }
  for (const name of ["revealTokens", "raiseScheme"] as const) requireBoolean(name, options[name]);
  // `localhost:8000/callback` is a URL, too, of the scheme `localhost`.
  if (redirectUri !== undefined && !isUrl(redirectUri)) {
    throw new TypeError("redirectUri must be an absolute http or https URL");
  }
}

function checkFetchContext({ resource, returnUrl, ...strings }: FetchContext, profile: AgentProfile): void {
  for (const name of ["upstreamToken", "authToken"] as const) {
    if (strings[name] !== undefined && typeof strings[name] !== "string") {
      throw new TypeError(`${name} must be the compact token: \`grant.token\` of the proven caller`);
    }
  }
  // A `cacheKey` that is null is not undefined: all users without a name would share the tokens of one of them.
  for (const name of [
    "state",
    "cacheKey",
    "scope",
    "keyThumbprint",
    "mission",
    "justification",
    "loginHint",
  ] as const)
    requireText(name, strings[name]);
  // With another word a call that must not wait would wait.
  if (strings.waiting !== undefined && strings.waiting !== "poll" && strings.waiting !== "throw") {
    throw new TypeError("waiting must be poll or throw");
  }
  if (resource !== undefined) requireIdentifier("resource", resource, profile);
  if (returnUrl !== undefined && !isUrl(returnUrl)) {
    throw new TypeError("returnUrl must be an absolute http or https URL");
  }
}

interface Asked extends CallControl {
  readonly key: SigningKey;
  readonly resource?: string;
  readonly state?: string | undefined;
  readonly redirectUri?: string | undefined;
}
