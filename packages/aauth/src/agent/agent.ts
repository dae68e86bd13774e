/**
 * The agent's side of the protocol.
 *
 * @module
 */

import { pooledTransport } from "#http";
import {
  requireAgentIdentifier,
  requireDiscovery,
  requireIdentifier,
  requireIdentifiers,
} from "../discovery/checked-options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { isUrl } from "../discovery/key-set.ts";
import type { Transport } from "../discovery/transport.ts";
import { AAuthAgentError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  requireBoolean,
  requireBytes,
  requireFunction,
  requireMethods,
  requireText,
  requireTimeout,
} from "../keys/option-checks.ts";
import { february2026 } from "../profiles/february-2026/index.ts";
import type { Credential, GrantContext, GrantRequest, WireProfile } from "../profiles/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import { agentKeysOf, keyWith } from "./agent-keys.ts";
import { type CallControl, createCall, type FetchContext } from "./call.ts";
import { type AgentObserver, combineObservers, ignoreEvents } from "./events.ts";
import { createTokenCache, type Grant, type TokenCache } from "./grant-cache.ts";
import { createGrantClient } from "./grant-client.ts";
import { createGrantSource } from "./grant-source.ts";
import { createSender } from "./sender.ts";

/** Who an agent is, whom it trusts, and what it calls with. */
export interface AgentOptions {
  /** Own identifier, published by the agent's document. */
  readonly id: string;
  /** The dialect it speaks. Default `february2026`. An agent with peers of several dialects creates one agent for each. */
  readonly profile?: WireProfile | undefined;
  /**
   * Signs everything; one call uses one key throughout. Where keys are rotated, a {@link KeyRing}: tokens and consents bound to an
   * earlier key are then used with that key for as long as it is kept.
   */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** How the first request to a resource is signed: anonymous (`hwk`) or with the identity (`jwks`). */
  readonly signatureScheme: "hwk" | "jwks";
  /** For a delegate: its current agent token, bound to this key, which then takes the place of scheme jwks. Default: none; the agent is itself. */
  readonly agentToken?: ((key: SigningKey) => Promise<string>) | undefined;
  /** Issuer identifiers of the auth servers a challenge may send this agent to. */
  readonly trustedAuthServers: readonly string[];
  /** Where the user comes back to after consent. Default: none; an auth server that needs consent refuses. */
  readonly redirectUri?: string | undefined;
  /** Finds the endpoints of auth servers and resources: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Default: undici's pooled dispatcher; `fetch` in browsers. */
  readonly transport?: Transport | undefined;
  /** Default: in memory, 1000 tokens. */
  readonly tokenCache?: TokenCache | undefined;
  /** Receives what happens in every call. What it throws is ignored. Default: none. */
  readonly observer?: AgentObserver | undefined;
  /** Put whole tokens into events, for demonstrations. Default false: an observer gets a short id and the claims. */
  readonly revealTokens?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** With scheme hwk: say who it is when a resource asks. Default true. */
  readonly raiseScheme?: boolean | undefined;
  /** A body is kept in memory for its digest and for a retry. `Infinity` for no bound. Default 1 MiB. */
  readonly maxRequestBodyBytes?: number | undefined;
  /** Milliseconds each. */
  readonly timeouts?: {
    /** Until a resource's response headers are here. `Infinity` where every call brings a signal that sees to it. Default 120000. */
    readonly requestMs?: number | undefined;
    /** For a whole token request. `Infinity` as above. Default 10000. */
    readonly tokenRequestMs?: number | undefined;
    /** How long to poll for a grant, or for the answer of a resource, that is pending. `Infinity` where a signal sees to it. Default 120000. */
    readonly pendingMs?: number | undefined;
  };
}

/** A code that came back with the user's consent. */
export interface RedeemCodeInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. `authServer` of the {@link ConsentRequiredError}. */
  readonly authServer: string;
  /** From the query of the redirect. */
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /** Keeps the token, and a refresh token, for calls of this user made with the same `cacheKey`. See {@link Agent.keep}. Default: neither is kept. */
  readonly cacheKey?: string | undefined;
  /** `keyThumbprint` of the {@link ConsentRequiredError}: no other key can redeem the code. Default: the current key. */
  readonly keyThumbprint?: string | undefined;
}

/** A grant, and for whom it is kept. */
export interface KeepInput {
  /** As a method of the agent returned it. */
  readonly grant: Grant;
  /** Names the user it is kept for. */
  readonly cacheKey: string;
}

/** A refresh token to give back. */
export interface RevokeInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** As a grant has it. */
  readonly refreshToken: string;
  /** Whose tokens are dropped, too: those kept for this user at this resource. Default: nothing is dropped. */
  readonly kept?: { readonly resource: string; readonly cacheKey: string };
}

/** A token for the agent itself. */
export interface OwnTokenInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** Space-separated: `openid`, `profile`, `email`, scopes of the agent itself. */
  readonly scope: string;
  /** Sent along and back with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
}

/** A refresh token to exchange. */
export interface RefreshInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** As a grant has it. */
  readonly refreshToken: string;
}

/** An agent: one identity that calls resources. Every method may be called at the same time as any other. */
export interface Agent {
  /**
   * A function to be used like `fetch`: it signs, follows a challenge that can be trusted, and gives the final response,
   * whose body streams. Redirects are not followed. A response that is no challenge comes back as it is, 401 included.
   *
   * Does NOT verify the response, follow redirects, or retry a connection that failed.
   *
   * @throws TypeError for a member of the context that could never work.
   * @throws ConsentRequiredError from the fetch: the auth server wants the user's consent.
   * @throws UserInteractionRequiredError from the fetch, where `returnUrl` is given.
   * @throws TokenRequestError from the fetch: the auth server refused.
   * @throws AAuthAgentError from the fetch: `malformed_challenge`, `challenge_untrusted`, `challenge_repeated`, `identity_required`,
   * `unsupported_algorithm`, `token_request_failed`, `grant_pending`, or of the discovery group; `missing_component`,
   * `malformed_signature_key` or `header_too_large` for what cannot be signed.
   * @throws TypeError from the fetch for what `fetch` refuses, too.
   * @throws RangeError from the fetch for a body over `maxRequestBodyBytes`.
   * @throws the reason of a signal, and what the transport and the token cache throw.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Asks for an auth token for this agent itself, which is then the resource, too: to learn who a user is, or for its own
   * delegates (SPEC 3.5). With identity scopes the user is asked, and the token comes by {@link Agent.redeemCode}.
   *
   * @throws ConsentRequiredError
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, `grant_pending`, or of the discovery group.
   */
  requestOwnToken(input: OwnTokenInput): Promise<Grant>;
  /**
   * Exchanges the code that came back with the user's consent for an auth token.
   *
   * Does NOT check that the `state` beside the code is the user's: the application does.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, `grant_pending`, or of the discovery group.
   */
  redeemCode(input: RedeemCodeInput): Promise<Grant>;
  /**
   * Exchanges a refresh token for an auth token, bound to the current key. Calls made with a `cacheKey` do this by themselves.
   *
   * @throws as {@link Agent.redeemCode}
   */
  refresh(input: RefreshInput): Promise<Grant>;
  /**
   * Keeps a grant for calls made with the same `cacheKey`: they present its token, and renew it by its refresh token. For an agent that
   * has to judge whose consent a code brought before it is used. Does nothing with a grant that names no single resource, or is bound to a
   * key that is gone.
   */
  keep(input: KeepInput): Promise<void>;
  /**
   * Gives a refresh token back: the auth server forgets it, and that the user has consented (RFC 7009). An auth token already issued
   * lives on until it expires, but is not presented again where `kept` says whose it is.
   *
   * @throws TokenRequestError; what is kept stays then.
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery group; what is kept stays then.
   */
  revoke(input: RevokeInput): Promise<void>;
}

/**
 * Creates an agent. It keeps no state of a call; tokens it has got itself are cached until shortly before they expire,
 * and a token that speaks for a user is never used for another one.
 *
 * Does NOT verify what a resource answers, nor retry failed connections.
 *
 * @throws TypeError for an option that could never work: an `id` that is not a canonical identifier, a key that cannot sign, ….
 * @throws RangeError for a timeout that no timer can wait, and for a `maxRequestBodyBytes` that is not a number of bytes.
 *
 * @example
 * const agent = createAgent({ id, key, signatureScheme: "jwks", trustedAuthServers: [issuer], discovery });
 * const response = await agent.fetchFor({ state })("http://supply-chain-agent.localhost:3000/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  checkAgentOptions(options);
  const {
    id,
    trustedAuthServers: trustedServers,
    discovery,
    timeouts = {},
    agentToken,
    redirectUri,
  } = options;
  const { revealTokens = false, profile = february2026 } = options;
  const { pendingMs = 120_000 } = timeouts;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const keys = agentKeysOf(options.key);
  const identity = async (key: SigningKey): Promise<Credential> =>
    agentToken === undefined ? { scheme: "jwks", id } : { scheme: "jwt", jwt: await agentToken(key) };

  const send = createSender({ profile, transport: options.transport ?? pooledTransport, now });
  const client = createGrantClient({
    profile,
    trustedServers,
    discovery,
    send,
    now,
    revealTokens,
    timeoutMs: timeouts.tokenRequestMs ?? 10_000,
    pendingMs,
  });
  const cache = options.tokenCache ?? createTokenCache();
  const tokens = createGrantSource({ profile, client, cache, now, identity, redirectUri });
  const callOptions = {
    profile,
    id,
    keys,
    isAnonymous: options.signatureScheme === "hwk",
    identity,
    mayIdentify: options.raiseScheme ?? true,
    trustedServers,
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

  interface Asked extends CallControl {
    readonly key: SigningKey;
    readonly resource?: string;
    readonly state?: string | undefined;
    readonly redirectUri?: string | undefined;
  }

  /** A request of the agent itself, beside any call. */
  async function prepared(asked: Asked, make: (context: GrantContext) => GrantRequest | undefined) {
    const { key, resource, state, observer, signal } = asked;
    const context: GrantContext = {
      identity: await identity(key),
      upstreamToken: undefined,
      presented: undefined,
      redirectUri: asked.redirectUri ?? redirectUri,
      state,
    };
    const request = make(context);
    if (request === undefined) throw new TypeError(`profile ${profile.name} has no such grant`);
    return {
      request,
      circumstances: {
        key,
        resource,
        context,
        signal,
        observe: combineObservers(options.observer, observer),
      },
    };
  }

  async function requestGrant(
    asked: Asked,
    make: (context: GrantContext) => GrantRequest | undefined,
  ): Promise<Grant> {
    try {
      const { request, circumstances } = await prepared(asked, make);
      return await client.request(request, circumstances);
    } catch (error) {
      throw AAuthAgentError.from(error);
    }
  }

  async function keep(grant: Grant, cacheKey: string): Promise<void> {
    const { resource, thumbprint } = grant;
    const key = keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
    if (key === undefined || resource === undefined) return;
    await tokens.keep(grant, { key, resource, cacheKey, ...NO_CIRCUMSTANCES });
  }

  const { grants } = profile;
  return {
    fetchFor(context = {}) {
      checkFetchContext(context, profile);
      return createCall(callOptions, context);
    },

    requestOwnToken: ({ authServer, scope, ...input }) =>
      requestGrant({ key: keys.current(), resource: id, ...input }, (context) =>
        grants.own?.(authServer, scope, context),
      ),

    async redeemCode({ authServer, code, cacheKey, keyThumbprint, ...input }) {
      const key = keyWith(keyThumbprint, keys);
      const grant = await requestGrant({ key, ...input }, (context) =>
        grants.code?.(authServer, code, context),
      );
      if (cacheKey !== undefined) await keep(grant, cacheKey);
      return grant;
    },

    refresh: ({ authServer, refreshToken, ...input }) =>
      requestGrant({ key: keys.current(), ...input }, (context) =>
        grants.refresh?.(authServer, refreshToken, context),
      ),

    keep: ({ grant, cacheKey }) => keep(grant, cacheKey),

    async revoke({ authServer, refreshToken, kept, ...input }) {
      try {
        const { request, circumstances } = await prepared({ key: keys.current(), ...input }, (context) =>
          grants.revoke?.(authServer, refreshToken, context),
        );
        await client.revoke(request, circumstances);
      } catch (error) {
        throw AAuthAgentError.from(error);
      }
      if (kept !== undefined) await tokens.drop(kept, keys.usable());
    },
  };
}

function checkAgentOptions(options: AgentOptions): void {
  const { id, trustedAuthServers, signatureScheme, redirectUri } = options;
  const { profile = february2026 } = options;
  requireAgentIdentifier("id", id, profile);
  requireIdentifiers("trustedAuthServers", trustedAuthServers, profile);
  if (signatureScheme !== "hwk" && signatureScheme !== "jwks") {
    throw new TypeError("signatureScheme must be hwk or jwks");
  }
  // `localhost:8000/callback` is a URL, too, of the scheme `localhost`.
  if (redirectUri !== undefined && !isUrl(redirectUri)) {
    throw new TypeError("redirectUri must be an absolute http or https URL");
  }
  requireDiscovery(options.discovery);
  requireMethods("tokenCache", options.tokenCache, ["get", "set", "delete"]);
  for (const name of ["transport", "observer", "agentToken", "now"] as const) {
    requireFunction(name, options[name]);
  }
  for (const name of ["revealTokens", "raiseScheme"] as const) requireBoolean(name, options[name]);
  requireTimeout("timeouts.requestMs", options.timeouts?.requestMs);
  requireTimeout("timeouts.tokenRequestMs", options.timeouts?.tokenRequestMs);
  requireTimeout("timeouts.pendingMs", options.timeouts?.pendingMs);
  requireBytes("maxRequestBodyBytes", options.maxRequestBodyBytes);
}

function checkFetchContext(
  { resource, returnUrl, observer, signal, ...texts }: FetchContext,
  profile: WireProfile,
): void {
  for (const name of ["upstreamToken", "authToken"] as const) {
    if (texts[name] !== undefined && typeof texts[name] !== "string") {
      throw new TypeError(`${name} must be the compact token: \`grant.token\` of the proven caller`);
    }
  }
  // A `cacheKey` that is null is not undefined: all users without a name would share the tokens of one of them.
  for (const name of ["state", "cacheKey", "scope", "keyThumbprint"] as const) requireText(name, texts[name]);
  requireFunction("observer", observer);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal must be an AbortSignal");
  }
  if (resource !== undefined) requireIdentifier("resource", resource, profile);
  if (returnUrl !== undefined && !isUrl(returnUrl)) {
    throw new TypeError("returnUrl must be an absolute http or https URL");
  }
}

/** Of something that is not a call to a resource. */
const NO_CIRCUMSTANCES = {
  upstreamToken: undefined,
  state: undefined,
  signal: undefined,
  observe: ignoreEvents,
} as const;
