/**
 * The agent's side of the protocol.
 *
 * @module
 */

import { pooledTransport } from "#http";
import type { SignatureEncoding } from "../headers/signature.ts";
import type { Discovery } from "../metadata/discovery.ts";
import type { Transport } from "../metadata/transport.ts";
import { isIdentifier } from "../metadata/url-guard.ts";
import type { SignatureKeyChoice } from "../signing/sign-request.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, combineObservers } from "./events.ts";
import { createSender } from "./sender.ts";
import { createSignedFetch, type FetchContext } from "./signed-fetch.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";
import { createTokenClient, type OpenedGrant } from "./token-client.ts";
import type { TokenGrant } from "./token-grant.ts";
import { createTokenSource } from "./token-source.ts";

export interface AgentOptions {
  /** Own identifier, published by `/.well-known/aauth-agent`. */
  readonly id: string;
  /** Signs everything. A function, where keys are rotated; one call uses one key throughout. */
  readonly key: SigningKey | (() => SigningKey);
  /** How the first request to a resource is signed: anonymous (`hwk`) or with the identity (`jwks`). */
  readonly signatureScheme: "hwk" | "jwks";
  /** For a delegate: its current agent token, which then takes the place of scheme jwks. */
  readonly agentToken?: () => Promise<string>;
  /** Issuer identifiers of the auth servers a challenge may send this agent to. */
  readonly trustedAuthServers: readonly string[];
  /** Where the user comes back to after consent. */
  readonly redirectUri?: string;
  readonly discovery: Discovery;
  /** Default: undici's pooled dispatcher; `fetch` in browsers. */
  readonly transport?: Transport;
  /** Default: in memory, 1000 tokens. */
  readonly tokenCache?: TokenCache;
  readonly observer?: AgentObserver;
  /** Put whole tokens into events, for demonstrations. Default false: an observer gets a short id and the claims. */
  readonly revealTokens?: boolean;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** With scheme hwk: say who it is when a resource asks. Default true. */
  readonly raiseScheme?: boolean;
  /** A body is kept in memory for its digest and for a retry. Default 1 MiB. */
  readonly maxRequestBodyBytes?: number;
  readonly timeouts?: {
    /** Until a resource's response headers are here. Default 120000. */
    readonly requestMs?: number;
    /** For a whole token request. Default 10000. */
    readonly tokenRequestMs?: number;
  };
  readonly interop?: {
    /** Sign requests to resources as the Python demo agents can verify them. Default false. */
    readonly pythonAgents?: boolean;
    /** Default `base64url`. */
    readonly signatureEncoding?: SignatureEncoding;
    /** Whether scheme jwks names the metadata document. Default true. */
    readonly wellKnown?: boolean;
  };
}

export interface RedeemCodeInput {
  readonly authServer: string;
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string;
  /** Keeps the token, and a refresh token, for calls of this user made with the same `cacheKey`. */
  readonly cacheKey?: string;
  readonly observer?: AgentObserver;
  readonly signal?: AbortSignal;
}

export interface RefreshInput {
  readonly authServer: string;
  readonly refreshToken: string;
  readonly observer?: AgentObserver;
  readonly signal?: AbortSignal;
}

export interface Agent {
  /**
   * A function to be used like `fetch`: it signs, follows a challenge that can be trusted, and gives the final response,
   * whose body streams. Redirects are not followed. A response that is no challenge comes back as it is, 401 included.
   *
   * @throws (from the fetch) ConsentRequiredError; TokenRequestError; AAuthError `malformed_challenge`,
   * `challenge_untrusted`, `challenge_repeated`, `identity_required`, `token_request_failed` or of the discovery group;
   * what the transport throws.
   */
  fetchFor(context?: FetchContext): typeof fetch;
  /**
   * Exchanges the code that came back with the user's consent for an auth token.
   *
   * @throws TokenRequestError; AAuthError `challenge_untrusted`, `token_request_failed` or of the discovery group.
   */
  redeemCode(input: RedeemCodeInput): Promise<TokenGrant>;
  /** Exchanges a refresh token for an auth token; throws like {@link Agent.redeemCode}. */
  refresh(input: RefreshInput): Promise<TokenGrant>;
}

/**
 * Creates an agent. It keeps no state of a call; tokens it has got itself are cached until shortly before they expire,
 * and a token that speaks for a user is never used for another one.
 *
 * Does NOT verify what a resource answers, nor retry failed connections.
 *
 * @throws TypeError when `id` is not a canonical identifier.
 *
 * @example
 * const agent = createAgent({ id, key, signatureScheme: "jwks", trustedAuthServers: [issuer], discovery });
 * const response = await agent.fetchFor({ state })("http://supply-chain-agent.localhost:3000/", { method: "POST", body });
 */
export function createAgent(options: AgentOptions): Agent {
  if (!isIdentifier(options.id)) {
    throw new TypeError("id must be an URL in canonical form, without query, fragment and trailing slash");
  }
  const { id, trustedAuthServers, discovery, interop = {}, timeouts = {}, agentToken, redirectUri } = options;
  const { revealTokens = false } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const currentKey = () => (typeof options.key === "function" ? options.key() : options.key);
  const identity = async (): Promise<SignatureKeyChoice> =>
    agentToken === undefined
      ? { scheme: "jwks", id, wellKnown: interop.wellKnown ?? true }
      : { scheme: "jwt", jwt: await agentToken() };

  const send = createSender({
    transport: options.transport ?? pooledTransport,
    now,
    signatureEncoding: interop.signatureEncoding,
  });
  const client = createTokenClient({
    trustedAuthServers,
    discovery,
    send,
    now,
    revealTokens,
    timeoutMs: timeouts.tokenRequestMs ?? 10_000,
  });
  const cache = options.tokenCache ?? createTokenCache();
  const tokens = createTokenSource({ client, cache, now, identity, redirectUri });
  const fetchOptions = {
    id,
    currentKey,
    firstCredential: async () =>
      options.signatureScheme === "hwk" ? ({ scheme: "hwk" } as const) : identity(),
    identity,
    raiseScheme: options.raiseScheme ?? true,
    trustedAuthServers,
    send,
    tokens,
    observer: options.observer,
    revealTokens,
    now,
    timeoutMs: timeouts.requestMs ?? 120_000,
    maxRequestBodyBytes: options.maxRequestBodyBytes ?? 1_048_576,
    pythonAgents: interop.pythonAgents ?? false,
  };

  return {
    fetchFor: (context = {}) => createSignedFetch(fetchOptions, context),

    async redeemCode({ authServer, code, cacheKey, observer, signal, ...input }) {
      const key = currentKey();
      const observe = combineObservers(options.observer, observer);
      const grant = await client({
        authServer,
        requestType: "code",
        parameters: { code, redirect_uri: input.redirectUri ?? redirectUri },
        credential: await identity(),
        key,
        observe,
        signal,
      });
      const { aud } = grant.claims;
      if (cacheKey !== undefined && typeof aud === "string") {
        const circumstances = { upstreamToken: undefined, state: undefined, signal, observe };
        await tokens.keep(grant, authServer, aud, { key, resource: aud, cacheKey, ...circumstances });
      }
      return publicGrant(grant);
    },

    async refresh({ authServer, refreshToken, observer, signal }) {
      const grant = await client({
        authServer,
        requestType: "refresh",
        parameters: { refresh_token: refreshToken },
        credential: await identity(),
        key: currentKey(),
        observe: combineObservers(options.observer, observer),
        signal,
      });
      return publicGrant(grant);
    },
  };
}

function publicGrant({ authToken, expiresInSeconds, refreshToken }: OpenedGrant): TokenGrant {
  return { authToken, expiresInSeconds, ...(refreshToken === undefined ? {} : { refreshToken }) };
}
