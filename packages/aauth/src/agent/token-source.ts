/**
 * Where a call gets its auth token from: the cache, a request another call has under way, or a request of its own.
 *
 * @module
 */

import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type { SignatureKeyChoice } from "../signing/sign-request.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import type { TrustedChallenge } from "./check-challenge.ts";
import type { AgentObserver } from "./events.ts";
import { type CachedToken, exactKey, latestKey, type TokenCache, type TokenHolder } from "./token-cache.ts";
import type { OpenedGrant, TokenClient } from "./token-client.ts";

/** A token with less than this left is replaced; one that lives shorter than a minute, at half its life. */
const RENEW_BEFORE_SECONDS = 30;
/** Says nothing about the token, only that its issuer did not answer. */
const AWAY: ReadonlySet<string> = new Set(["token_request_failed", "discovery_failed"]);

export interface TokenSourceOptions {
  readonly client: TokenClient;
  readonly cache: TokenCache;
  readonly now: () => number;
  /** How the agent says who it is to an auth server. */
  readonly identity: () => Promise<SignatureKeyChoice>;
  readonly redirectUri: string | undefined;
}

/** What a call brings along. */
export interface TokenContext {
  readonly key: SigningKey;
  readonly resource: string;
  readonly upstreamToken: string | undefined;
  readonly cacheKey: string | undefined;
  readonly state: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly observe: AgentObserver;
}

export interface TokenSource {
  /** A token held for this resource, renewed if its time has come and a refresh token is there. */
  held(context: TokenContext): Promise<string | undefined>;
  /** A token for what the challenge asks for. `presented` is one that has just been refused. */
  obtain(challenge: TrustedChallenge, context: TokenContext, presented: string | undefined): Promise<string>;
  /** Keeps a token that came by another way (a code), if it may be kept. */
  keep(grant: OpenedGrant, authServer: string, resource: string, context: TokenContext): Promise<void>;
  /** Drops the token held for this resource. */
  discard(context: TokenContext): Promise<void>;
  /** Drops a token that a resource has refused for what it asks. */
  forget(challenge: TrustedChallenge, context: TokenContext): Promise<void>;
}

interface Underway {
  readonly grant: Promise<OpenedGrant>;
  readonly state: string | undefined;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { client, cache, now, identity } = options;
  const underway = new Map<string, Underway>();

  async function held(context: TokenContext): Promise<string | undefined> {
    const holder = await holderOf(context);
    const token = cache.get(latestKey(holder));
    if (token === undefined) return undefined;
    if (now() < token.renewAt) return hit(token, context);
    if (token.refreshToken !== undefined) return renewed(token, token.refreshToken, holder, context);
    return undefined;
  }

  async function renewed(
    token: CachedToken,
    refreshToken: string,
    holder: TokenHolder,
    context: TokenContext,
  ) {
    const { authServer } = token;
    const { key, resource } = context;
    try {
      const grant = await joined(latestKey(holder), context, async () =>
        client({
          authServer,
          requestType: "refresh",
          parameters: { refresh_token: refreshToken },
          credential: await identity(),
          key,
          resource,
          observe: context.observe,
        }),
      );
      store(holder, authServer, { refreshToken, ...grant });
      return grant.authToken;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be away for a moment, and then the token is still good.
      if (AWAY.has(error.code) && now() < token.expiresAt) return hit(token, context);
      cache.delete(latestKey(holder));
      return undefined;
    }
  }

  async function obtain(challenge: TrustedChallenge, context: TokenContext, presented: string | undefined) {
    const { authServer, resourceToken, claims } = challenge;
    const holder = await holderOf(context);
    const wanted = exactKey(holder, authServer, scopeOf(challenge));
    const known = cache.get(wanted);
    if (known !== undefined && known.authToken !== presented && now() < known.renewAt) {
      cache.set(latestKey(holder), known);
      return hit(known, context);
    }
    const request = async () => {
      const { upstreamToken, key, observe, state } = context;
      const common = { authServer, key, resource: claims.iss, observe };
      // At an exchange the upstream token is in Signature-Key, and the signature is still this agent's (section 7.6).
      return upstreamToken === undefined
        ? client({
            ...common,
            requestType: "auth",
            parameters: { resource_token: resourceToken, redirect_uri: options.redirectUri, state },
            credential: await identity(),
          })
        : client({
            ...common,
            requestType: "exchange",
            parameters: { resource_token: resourceToken },
            credential: { scheme: "jwt", jwt: upstreamToken },
          });
    };
    const grant = await joined(wanted, context, request);
    if (mayKeep(grant, context)) store(holder, authServer, grant, scopeOf(challenge));
    return grant.authToken;
  }

  /** One request for all calls that want the same token at the same time, unless the answer is a user's own. */
  async function joined(
    wanted: string,
    context: TokenContext,
    request: () => Promise<OpenedGrant>,
  ): Promise<OpenedGrant> {
    const other = underway.get(wanted);
    if (other !== undefined) {
      try {
        const grant = await unlessAborted(other.grant, context.signal);
        if (mayKeep(grant, context)) return grant;
      } catch (error) {
        // A consent is asked for under one state: whoever has another must ask for itself.
        if (!(error instanceof ConsentRequiredError) || other.state === context.state) throw error;
      }
    }
    const own: Underway = { grant: request(), state: context.state };
    underway.set(wanted, own);
    const done = () => {
      if (underway.get(wanted) === own) underway.delete(wanted);
    };
    own.grant.then(done, done);
    return unlessAborted(own.grant, context.signal);
  }

  function store(holder: TokenHolder, authServer: string, grant: OpenedGrant, scope?: string): void {
    const { authToken, expiresAt, expiresInSeconds, refreshToken } = grant;
    const margin = Math.min(RENEW_BEFORE_SECONDS, expiresInSeconds / 2);
    const token: CachedToken = {
      authToken,
      authServer,
      expiresAt,
      renewAt: expiresAt - margin,
      ...(refreshToken === undefined ? {} : { refreshToken }),
    };
    cache.set(latestKey(holder), token);
    if (scope !== undefined) cache.set(exactKey(holder, authServer, scope), token);
  }

  function hit(token: CachedToken, { observe, resource }: TokenContext): string {
    const { authServer, authToken } = token;
    observe({ type: "token_cache_hit", authServer, resource, tokenId: tokenId(authToken) });
    return authToken;
  }

  return {
    held,
    obtain,
    async keep(grant, authServer, resource, context) {
      const holder = await holderOf({ ...context, resource });
      if (mayKeep(grant, context)) store(holder, authServer, grant);
    },
    async discard(context) {
      cache.delete(latestKey(await holderOf(context)));
    },
    async forget(challenge, context) {
      const holder = await holderOf(context);
      cache.delete(latestKey(holder));
      cache.delete(exactKey(holder, challenge.authServer, scopeOf(challenge)));
    },
  };
}

/**
 * A token that speaks for a user is only kept or shared where the caller has said which user, or where an upstream
 * token stands for one. Anything else could hand one user's authority to another.
 */
function mayKeep(grant: OpenedGrant, context: TokenContext): boolean {
  return (
    grant.claims.sub === undefined || context.cacheKey !== undefined || context.upstreamToken !== undefined
  );
}

function scopeOf({ claims }: TrustedChallenge): string {
  return claims.scope ?? claims.auth_request_url ?? "";
}

async function holderOf({ key, resource, upstreamToken, cacheKey }: TokenContext): Promise<TokenHolder> {
  const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
  return { thumbprint: key.thumbprint, resource, upstreamHash, cacheKey };
}

/** One call giving up must not end the request the others wait for. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
