/**
 * The agent's side of the protocol.
 *
 * @module
 */

import { pooledTransport } from "#http";
import { requireDiscovery, requireIdentifier, requireIdentifiers } from "../discovery/checked-options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { isUrl } from "../discovery/documents.ts";
import type { Transport } from "../discovery/transport.ts";
import type { SignatureEncoding } from "../http-signatures/signature.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  requireBoolean,
  requireBytes,
  requireFunction,
  requireMethods,
  requireText,
  requireTimeout,
} from "../keys/option-checks.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { SigningKey } from "../types.ts";
import { agentKeysOf, keyWith } from "./agent-keys.ts";
import { type AgentObserver, combineObservers, ignoreEvents } from "./events.ts";
import { createResourceTokenClient } from "./resource-token-client.ts";
import { createSender } from "./sender.ts";
import type { SignatureKeyChoice } from "./sign-request.ts";
import { createSignedFetch, type FetchContext } from "./signed-fetch.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";
import { createTokenClient, type OpenedGrant } from "./token-client.ts";
import type { TokenGrant } from "./token-grant.ts";
import { createTokenSource } from "./token-source.ts";

export interface AgentOptions {
  /** Own identifier, published by `/.well-known/aauth-agent`. */
  readonly id: string;
  /**
   * Signs everything; one call uses one key throughout. Where keys are rotated, a {@link KeyRing}: tokens and consents bound to an
   * earlier key are then used with that key for as long as it is kept.
   */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** How the first request to a resource is signed: anonymous (`hwk`) or with the identity (`jwks`). */
  readonly signatureScheme: "hwk" | "jwks";
  /** For a delegate: its current agent token, bound to this key, which then takes the place of scheme jwks. */
  readonly agentToken?: ((key: SigningKey) => Promise<string>) | undefined;
  /** Issuer identifiers of the auth servers a challenge may send this agent to. */
  readonly trustedAuthServers: readonly string[];
  /** Where the user comes back to after consent. */
  readonly redirectUri?: string | undefined;
  readonly discovery: Discovery;
  /** Default: undici's pooled dispatcher; `fetch` in browsers. */
  readonly transport?: Transport | undefined;
  /** Default: in memory, 1000 tokens. */
  readonly tokenCache?: TokenCache | undefined;
  readonly observer?: AgentObserver | undefined;
  /** Put whole tokens into events, for demonstrations. Default false: an observer gets a short id and the claims. */
  readonly revealTokens?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** With scheme hwk: say who it is when a resource asks. Default true. */
  readonly raiseScheme?: boolean | undefined;
  /** A body is kept in memory for its digest and for a retry. `Infinity` for no bound. Default 1 MiB. */
  readonly maxRequestBodyBytes?: number | undefined;
  readonly timeouts?: {
    /** Until a resource's response headers are here. `Infinity` where every call brings a signal that sees to it. Default 120000. */
    readonly requestMs?: number | undefined;
    /** For a whole token request. `Infinity` as above. Default 10000. */
    readonly tokenRequestMs?: number | undefined;
  };
  readonly interop?: {
    /** Sign requests to resources as the Python demo agents can verify them. Default false. */
    readonly pythonAgents?: boolean | undefined;
    /** Default `base64url`. */
    readonly signatureEncoding?: SignatureEncoding | undefined;
    /** Whether scheme jwks names the metadata document. Default true. */
    readonly wellKnown?: boolean | undefined;
  };
}

export interface RedeemCodeInput {
  readonly authServer: string;
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /** Keeps the token, and a refresh token, for calls of this user made with the same `cacheKey`. See {@link Agent.keep}. */
  readonly cacheKey?: string | undefined;
  /** `keyThumbprint` of the {@link ConsentRequiredError}: no other key can redeem the code. Default: the current key. */
  readonly keyThumbprint?: string | undefined;
  readonly observer?: AgentObserver | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface KeepInput {
  readonly authServer: string;
  readonly grant: TokenGrant;
  /** Names the user it is kept for. */
  readonly cacheKey: string;
}

export interface RevokeInput {
  readonly authServer: string;
  readonly refreshToken: string;
  /** Whose tokens are dropped, too: those kept for this user at this resource. */
  readonly kept?: { readonly resource: string; readonly cacheKey: string };
  readonly observer?: AgentObserver | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OwnTokenInput {
  readonly authServer: string;
  /** Space-separated: `openid`, `profile`, `email`, scopes of the agent itself. */
  readonly scope: string;
  /** Sent along and back with the user's consent. */
  readonly state?: string | undefined;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  readonly observer?: AgentObserver | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RefreshInput {
  readonly authServer: string;
  readonly refreshToken: string;
  readonly observer?: AgentObserver | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Agent {
  /**
   * A function to be used like `fetch`: it signs, follows a challenge that can be trusted, and gives the final response,
   * whose body streams. Redirects are not followed. A response that is no challenge comes back as it is, 401 included.
   *
   * @throws TypeError when `resource` is not a canonical identifier, `returnUrl` not an absolute http or https URL, a token, `state`,
   * `cacheKey`, `scope` or `keyThumbprint` not a text, `observer` not a function, or `signal` not an `AbortSignal`.
   * @throws (from the fetch) ConsentRequiredError; UserInteractionRequiredError; TokenRequestError; AAuthError
   * `malformed_challenge`, `challenge_untrusted`, `challenge_repeated`, `identity_required`, `unsupported_algorithm`,
   * `token_request_failed` or of the discovery group; `missing_component`, `malformed_signature_key` or `header_too_large` for what
   * cannot be signed; TypeError for what `fetch` refuses, too, and RangeError for a body over `maxRequestBodyBytes`; the reason of a
   * signal; what the transport throws.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Asks for an auth token for this agent itself, which is then the resource, too: to learn who a user is, or for its own
   * delegates (SPEC 3.5). With identity scopes the user is asked, and the token comes by {@link Agent.redeemCode}.
   *
   * @throws ConsentRequiredError; TokenRequestError; AAuthError `challenge_untrusted`, `token_request_failed` or of the discovery
   * group.
   */
  requestOwnToken(input: OwnTokenInput): Promise<TokenGrant>;
  /**
   * Exchanges the code that came back with the user's consent for an auth token.
   *
   * @throws TokenRequestError; AAuthError `challenge_untrusted`, `token_request_failed` or of the discovery group.
   */
  redeemCode(input: RedeemCodeInput): Promise<TokenGrant>;
  /**
   * Exchanges a refresh token for an auth token, bound to the current key; throws like {@link Agent.redeemCode}. Calls made with a
   * `cacheKey` do this by themselves.
   */
  refresh(input: RefreshInput): Promise<TokenGrant>;
  /**
   * Keeps a grant for calls made with the same `cacheKey`: they present its token, and renew it by its refresh token. For who has to
   * judge whose consent a code brought before it is used. Does nothing with a token that names no single resource, or is bound to a key
   * that is gone.
   *
   * @throws AAuthError `malformed_token`, `token_claim_missing` or `unsupported_key` for a token that says no key.
   */
  keep(input: KeepInput): Promise<void>;
  /**
   * Gives a refresh token back: the auth server forgets it, and that the user has consented (RFC 7009). An auth token already issued
   * lives on until it expires, but is not presented again where `kept` says whose it is.
   *
   * @throws TokenRequestError; AAuthError `challenge_untrusted`, `token_request_failed` or of the discovery group. What is kept stays
   * then.
   */
  revoke(input: RevokeInput): Promise<void>;
}

/**
 * Creates an agent. It keeps no state of a call; tokens it has got itself are cached until shortly before they expire,
 * and a token that speaks for a user is never used for another one.
 *
 * Does NOT verify what a resource answers, nor retry failed connections.
 *
 * @throws TypeError when `id` or one of `trustedAuthServers` is not a canonical identifier, `signatureScheme` is neither `hwk` nor `jwks`,
 * `redirectUri` is not an absolute http or https URL, a switch is neither true nor false, or `key`, `discovery`,
 * `transport`, `tokenCache`, `observer`, `agentToken` or `now` is none; RangeError for a timeout that no timer can wait, and for a `maxRequestBodyBytes` that is no number of bytes.
 *
 * @example
 * const agent = createAgent({ id, key, signatureScheme: "jwks", trustedAuthServers: [issuer], discovery });
 * const response = await agent.fetchFor({ state })("http://supply-chain-agent.localhost:3000/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  checkAgentOptions(options);
  const { id, trustedAuthServers, discovery, interop = {}, timeouts = {}, agentToken, redirectUri } = options;
  const { revealTokens = false } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const keys = agentKeysOf(options.key);
  const identity = async (key: SigningKey): Promise<SignatureKeyChoice> =>
    agentToken === undefined
      ? { scheme: "jwks", id, wellKnown: interop.wellKnown ?? true }
      : { scheme: "jwt", jwt: await agentToken(key) };

  const send = createSender({
    transport: options.transport ?? pooledTransport,
    now,
    signatureEncoding: interop.signatureEncoding,
  });
  const tokenRequestMs = timeouts.tokenRequestMs ?? 10_000;
  const { request: client, revoke } = createTokenClient({
    trustedAuthServers,
    discovery,
    send,
    now,
    revealTokens,
    timeoutMs: tokenRequestMs,
  });
  const cache = options.tokenCache ?? createTokenCache();
  const tokens = createTokenSource({ client, cache, now, identity, redirectUri });
  const resourceToken = createResourceTokenClient({
    id,
    trustedAuthServers,
    discovery,
    send,
    now,
    revealTokens,
    timeoutMs: tokenRequestMs,
  });
  const fetchOptions = {
    id,
    keys,
    firstCredential: async (key: SigningKey) =>
      options.signatureScheme === "hwk" ? ({ scheme: "hwk" } as const) : identity(key),
    identity,
    raiseScheme: options.raiseScheme ?? true,
    trustedAuthServers,
    send,
    tokens,
    resourceToken,
    observer: options.observer,
    revealTokens,
    now,
    timeoutMs: timeouts.requestMs ?? 120_000,
    maxRequestBodyBytes: options.maxRequestBodyBytes ?? 1_048_576,
    pythonAgents: interop.pythonAgents ?? false,
  };

  return {
    fetchFor(context = {}) {
      checkFetchContext(context);
      return createSignedFetch(fetchOptions, context);
    },

    async requestOwnToken({ authServer, scope, state, observer, signal, ...input }) {
      const key = keys.current();
      const grant = await client({
        authServer,
        requestType: "auth",
        parameters: { scope, redirect_uri: input.redirectUri ?? redirectUri, state },
        credential: await identity(key),
        key,
        resource: id,
        observe: combineObservers(options.observer, observer),
        signal,
      });
      return publicGrant(grant);
    },

    async redeemCode({ authServer, code, cacheKey, observer, signal, ...input }) {
      const key = keyWith(input.keyThumbprint, keys);
      const observe = combineObservers(options.observer, observer);
      const grant = await client({
        authServer,
        requestType: "code",
        parameters: { code, redirect_uri: input.redirectUri ?? redirectUri },
        credential: await identity(key),
        key,
        observe,
        signal,
      });
      const { aud } = grant.claims;
      if (cacheKey !== undefined && typeof aud === "string") {
        await tokens.keep(grant, authServer, aud, { key, resource: aud, cacheKey, ...NO_CIRCUMSTANCES });
      }
      return publicGrant(grant);
    },

    async refresh({ authServer, refreshToken, observer, signal }) {
      const key = keys.current();
      const grant = await client({
        authServer,
        requestType: "refresh",
        parameters: { refresh_token: refreshToken },
        credential: await identity(key),
        key,
        observe: combineObservers(options.observer, observer),
        signal,
      });
      return publicGrant(grant);
    },

    async keep({ authServer, grant, cacheKey }) {
      const { claims } = decodeJwt(grant.authToken);
      const { thumbprint } = await confirmationKey(claims);
      const key = keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
      const { aud } = claims;
      if (key === undefined || typeof aud !== "string") return;
      const opened = { ...grant, claims, expiresAt: now() + grant.expiresInSeconds };
      const context = { key, resource: aud, cacheKey, ...NO_CIRCUMSTANCES };
      await tokens.keep(opened, authServer, aud, context);
    },

    async revoke({ authServer, refreshToken, kept, observer, signal }) {
      const key = keys.current();
      await revoke({
        authServer,
        token: refreshToken,
        credential: await identity(key),
        key,
        observe: combineObservers(options.observer, observer),
        signal,
      });
      if (kept !== undefined) await tokens.drop(kept, keys.usable());
    },
  };
}

function checkAgentOptions(options: AgentOptions): void {
  const { id, trustedAuthServers, signatureScheme, redirectUri } = options;
  requireIdentifier("id", id);
  requireIdentifiers("trustedAuthServers", trustedAuthServers);
  if (signatureScheme !== "hwk" && signatureScheme !== "jwks") {
    throw new TypeError("signatureScheme must be hwk or jwks");
  }
  // `localhost:8000/callback` is an URL, too, of the scheme `localhost`.
  if (redirectUri !== undefined && !isUrl(redirectUri)) {
    throw new TypeError("redirectUri must be an absolute http or https URL");
  }
  requireDiscovery(options.discovery);
  requireMethods("tokenCache", options.tokenCache, ["get", "set", "delete"]);
  for (const name of ["transport", "observer", "agentToken", "now"] as const) {
    requireFunction(name, options[name]);
  }
  for (const name of ["revealTokens", "raiseScheme"] as const) requireBoolean(name, options[name]);
  for (const name of ["pythonAgents", "wellKnown"] as const) {
    requireBoolean(`interop.${name}`, options.interop?.[name]);
  }
  requireTimeout("timeouts.requestMs", options.timeouts?.requestMs);
  requireTimeout("timeouts.tokenRequestMs", options.timeouts?.tokenRequestMs);
  requireBytes("maxRequestBodyBytes", options.maxRequestBodyBytes);
}

function checkFetchContext({ resource, returnUrl, observer, signal, ...texts }: FetchContext): void {
  for (const name of ["upstreamToken", "authToken"] as const) {
    if (texts[name] !== undefined && typeof texts[name] !== "string") {
      throw new TypeError(`${name} must be the compact token: \`rawAuthToken\` of the verified agent`);
    }
  }
  // A `cacheKey` that is null is not undefined: all who are nobody would share the tokens of one of them.
  for (const name of ["state", "cacheKey", "scope", "keyThumbprint"] as const) requireText(name, texts[name]);
  requireFunction("observer", observer);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal must be an AbortSignal");
  }
  if (resource !== undefined) requireIdentifier("resource", resource);
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

function publicGrant({ authToken, expiresInSeconds, refreshToken }: OpenedGrant): TokenGrant {
  return { authToken, expiresInSeconds, ...(refreshToken === undefined ? {} : { refreshToken }) };
}
