/**
 * Where a call gets its auth token from: the cache, a request another call has under way, or a request of its own.
 *
 * @module
 */

import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type { SignatureKeyChoice } from "../signing/sign-request.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import type { TrustedChallenge } from "./check-challenge.ts";
import { type AgentObserver, ignoreEvents } from "./events.ts";
import { unlessAborted } from "./timeout.ts";
import { type CachedToken, exactKey, latestKey, type TokenCache, type TokenHolder } from "./token-cache.ts";
import type { OpenedGrant, TokenClient } from "./token-client.ts";

/** A token with less than this left is replaced; one that lives shorter than a minute, at half its life. */
const RENEW_BEFORE_SECONDS = 30;
/** Says nothing about the token, only that its issuer did not answer. */
const AWAY: ReadonlySet<string> = new Set(["token_request_failed", "discovery_failed", "discovery_busy"]);

export interface TokenSourceOptions {
  readonly client: TokenClient["request"];
  readonly cache: TokenCache;
  readonly now: () => number;
  /** How the agent says who it is to an auth server, signing with this key. */
  readonly identity: (key: SigningKey) => Promise<SignatureKeyChoice>;
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

/** A token, and the key that must sign what it goes along with. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
}

export interface TokenSource {
  /**
   * A token held for this resource under the call's key or one of `keys`, first come first; renewed with the call's key if its time
   * has come and a refresh token is there.
   */
  held(context: TokenContext, keys: readonly SigningKey[]): Promise<HeldToken | undefined>;
  /** A token for what the challenge asks for. `presented` is one that has just been refused. */
  obtain(challenge: TrustedChallenge, context: TokenContext, presented: string | undefined): Promise<string>;
  /** Keeps a token that came by another way (a code), if it may be kept. */
  keep(grant: OpenedGrant, authServer: string, resource: string, context: TokenContext): Promise<void>;
  /** Never again presents the token held for this resource. A refresh token that came with it stays good. */
  discard(context: TokenContext): Promise<void>;
  /** Drops whatever is held for a user at a resource under any of `keys`, refresh tokens included. */
  drop(user: { resource: string; cacheKey: string }, keys: readonly SigningKey[]): Promise<void>;
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

  /** A store outside of the process may have `null` for nothing, or what an earlier version has written: neither is a token. */
  async function cached(name: string): Promise<CachedToken | undefined> {
    const token: Partial<CachedToken> | null | undefined = await cache.get(name);
    return isCachedToken(token) ? token : undefined;
  }

  async function held(context: TokenContext, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
    const own = await holderOf(context);
    for (const key of keys) {
      const holder = key === context.key ? own : { ...own, thumbprint: key.thumbprint };
      const token = await cached(latestKey(holder));
      if (token === undefined) continue;
      if (now() < token.renewAt) return { token: hit(token, context), key };
      const renewal = await renewed(token, own, context);
      // A refresh token belongs to the agent, not to a key: what it brings is bound to the key that signs now.
      if (holder !== own && renewal !== "issuer_away") await cache.delete(latestKey(holder));
      if (renewal === "issuer_away") {
        if (now() < token.expiresAt) return { token: hit(token, context), key };
      } else if (renewal !== undefined) {
        return { token: renewal, key: context.key };
      }
    }
    return undefined;
  }

  /** A new token for the refresh token that came with an old one; undefined where there is none that works. */
  async function renewed(
    { authServer, authToken, refreshToken }: CachedToken,
    holder: TokenHolder,
    context: TokenContext,
  ): Promise<string | "issuer_away" | undefined> {
    if (refreshToken === undefined) return undefined;
    const { key, resource } = context;
    try {
      const grant = await joined(latestKey(holder), context, async () =>
        client({
          authServer,
          requestType: "refresh",
          parameters: { refresh_token: refreshToken },
          credential: await identity(key),
          key,
          resource,
          observe: context.observe,
        }),
      );
      if (grant.claims.sub !== subjectOf(authToken)) {
        // What is kept for one user must never become another's.
        await cache.delete(latestKey(holder));
        return undefined;
      }
      await store(holder, authServer, { refreshToken, ...grant });
      return grant.authToken;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be away for a moment, and then the token is still good.
      if (AWAY.has(error.code)) return "issuer_away";
      await cache.delete(latestKey(holder));
      return undefined;
    }
  }

  async function obtain(challenge: TrustedChallenge, context: TokenContext, presented: string | undefined) {
    const { authServer, resourceToken, claims } = challenge;
    const holder = await holderOf(context);
    const wanted = exactKey(holder, authServer, scopeOf(challenge));
    const known = await cached(wanted);
    if (known !== undefined && known.authToken !== presented && now() < known.renewAt) {
      await cache.set(latestKey(holder), known);
      return hit(known, context);
    }
    const latest = await cached(latestKey(holder));
    if (latest !== undefined && latest.authToken === presented && covers(latest, challenge)) {
      // The resource finds it too old, or no longer good. What came with it asks nobody.
      const renewal = await renewed(latest, holder, context);
      if (renewal !== undefined && renewal !== "issuer_away") return renewal;
    }
    const request = async () => {
      const { upstreamToken, key, observe, state } = context;
      const common = { authServer, key, resource: claims.iss, observe };
      // At an exchange the upstream token is in Signature-Key, and the signature is still this agent's (profile 6.1).
      return upstreamToken === undefined
        ? client({
            ...common,
            requestType: "auth",
            parameters: { resource_token: resourceToken, redirect_uri: options.redirectUri, state },
            credential: await identity(key),
          })
        : client({
            ...common,
            requestType: "exchange",
            parameters: { resource_token: resourceToken },
            credential: { scheme: "jwt", jwt: upstreamToken },
          });
    };
    const grant = await joined(wanted, context, request);
    if (mayKeep(grant, context)) await store(holder, authServer, grant, scopeOf(challenge));
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

  async function store(
    holder: TokenHolder,
    authServer: string,
    grant: OpenedGrant,
    scope?: string,
  ): Promise<void> {
    const { authToken, expiresAt, expiresInSeconds, refreshToken, claims } = grant;
    const margin = Math.min(RENEW_BEFORE_SECONDS, expiresInSeconds / 2);
    const token: CachedToken = {
      authToken,
      authServer,
      expiresAt,
      renewAt: expiresAt - margin,
      scope: typeof claims.scope === "string" ? claims.scope : "",
      ...(refreshToken === undefined ? {} : { refreshToken }),
    };
    await cache.set(latestKey(holder), token);
    if (scope !== undefined) await cache.set(exactKey(holder, authServer, scope), token);
  }

  function hit(token: CachedToken, { observe, resource }: TokenContext): string {
    const { authServer, authToken } = token;
    if (observe !== ignoreEvents) {
      observe({ type: "token_cache_hit", authServer, resource, tokenId: tokenId(authToken) });
    }
    return authToken;
  }

  return {
    held,
    obtain,
    async keep(grant, authServer, resource, context) {
      const holder = await holderOf({ ...context, resource });
      if (mayKeep(grant, context)) await store(holder, authServer, grant);
    },
    async discard(context) {
      const key = latestKey(await holderOf(context));
      const token = await cached(key);
      if (token?.refreshToken === undefined) await cache.delete(key);
      else await cache.set(key, { ...token, renewAt: 0, expiresAt: 0 });
    },
    async drop({ resource, cacheKey }, keys) {
      for (const { thumbprint } of keys) {
        await cache.delete(latestKey({ thumbprint, resource, cacheKey, upstreamHash: undefined }));
      }
    },
    async forget(challenge, context) {
      const holder = await holderOf(context);
      await cache.delete(latestKey(holder));
      await cache.delete(exactKey(holder, challenge.authServer, scopeOf(challenge)));
    },
  };
}

function isCachedToken(token: Partial<CachedToken> | null | undefined): token is CachedToken {
  if (typeof token !== "object" || token === null) return false;
  const { authToken, authServer, scope, expiresAt, renewAt } = token;
  return (
    [authToken, authServer, scope].every((text) => typeof text === "string") &&
    [expiresAt, renewAt].every((time) => typeof time === "number")
  );
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

function subjectOf(token: string): unknown {
  return decodeJwt(token).claims.sub;
}

/** Whether a token that is renewed would have every scope that a challenge asks for. */
function covers(token: CachedToken, { claims }: TrustedChallenge): boolean {
  const scopes = token.scope.split(" ");
  return claims.scope?.split(" ").every((scope) => scopes.includes(scope)) ?? false;
}

function scopeOf({ claims }: TrustedChallenge): string {
  return claims.scope ?? claims.auth_request_url ?? "";
}

async function holderOf({ key, resource, upstreamToken, cacheKey }: TokenContext): Promise<TokenHolder> {
  const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
  return { thumbprint: key.thumbprint, resource, upstreamHash, cacheKey };
}
