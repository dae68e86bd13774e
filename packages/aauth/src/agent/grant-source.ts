/**
 * Where a call gets its token from: the cache, another call's request in progress, or its own request.
 *
 * @module
 */

import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type {
  Credential,
  GrantContext,
  GrantRequest,
  TokenDemand,
  WireProfile,
} from "../profiles/wire-profile.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, ignoreEvents } from "./events.ts";
import { exactKey, type Grant, type GrantOwner, isGrant, latestKey, type TokenCache } from "./grant-cache.ts";
import type { GrantClient } from "./grant-client.ts";
import { unlessAborted } from "./timeout.ts";

export interface GrantSource {
  /**
   * A token held for this resource under the call's key or one of `keys`, first come first; renewed with the call's key if its time has
   * come and a refresh token is there.
   */
  held(context: CallContext, keys: readonly SigningKey[]): Promise<HeldToken | undefined>;
  /** A token for a demand. `presented` is one that has just been refused. */
  obtain(demand: TokenDemand, context: CallContext, presented: string | undefined): Promise<string>;
  /** Keeps a grant that came by another way (a code), if it may be kept. */
  keep(grant: Grant, context: CallContext): Promise<void>;
  /** Never again presents the token held for this resource. A refresh token that came with it stays valid. */
  discard(context: CallContext): Promise<void>;
  /** Drops whatever is held for a user at a resource under any of `keys`, refresh tokens included. */
  drop(user: { resource: string; cacheKey: string }, keys: readonly SigningKey[]): Promise<void>;
  /** Drops the token held for a resource, its refresh token included, and the one for a demand: the resource has refused it. */
  forget(demand: TokenDemand | undefined, context: CallContext): Promise<void>;
}

export function createGrantSource(options: GrantSourceOptions): GrantSource {
  const { profile, client, cache, now, identity, redirectUri } = options;
  const { grants } = profile;
  const underway = new Map<string, Underway>();

  return {
    held,
    obtain,
    async keep(grant, context) {
      if (mayKeep(grant, context)) await store(await ownerOf(context), grant);
    },
    async discard(context) {
      const key = latestKey(await ownerOf(context));
      const grant = await cached(key);
      if (grant?.refreshToken === undefined) await cache.delete(key);
      else await cache.set(key, { ...grant, isRefused: true });
    },
    async drop({ resource, cacheKey }, keys) {
      for (const { thumbprint } of keys) {
        const owner = { profile: profile.name, thumbprint, resource, cacheKey, upstreamHash: undefined };
        await cache.delete(latestKey(owner));
      }
    },
    async forget(demand, context) {
      const owner = await ownerOf(context);
      await cache.delete(latestKey(owner));
      if (demand) await cache.delete(exactKey(owner, demand.server, demand.scope));
    },
  };

  async function held(context: CallContext, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
    const own = await ownerOf(context);
    for (const key of keys) {
      const owner = key === context.key ? own : { ...own, thumbprint: key.thumbprint };
      const grant = await cached(latestKey(owner));
      if (grant === undefined) continue;
      const isPresentable = grant.isRefused !== true;
      if (isPresentable && now() < grant.renewAt) return { token: hit(grant, context), key };
      const renewal = await renewed(grant, own, context);
      // A refresh token belongs to the agent, not to a key: what it brings is bound to the key that signs now.
      if (owner !== own && renewal !== "issuer_away") await cache.delete(latestKey(owner));
      if (renewal === "issuer_away") {
        if (isPresentable && now() < grant.expiresAt) return { token: hit(grant, context), key };
      } else if (renewal !== undefined) {
        return { token: renewal, key: context.key };
      }
    }
    return undefined;
  }

  async function ownerOf({ key, resource, upstreamToken, cacheKey }: CallContext): Promise<GrantOwner> {
    const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
    return { profile: profile.name, thumbprint: key.thumbprint, resource, upstreamHash, cacheKey };
  }

  async function cached(name: string): Promise<Grant | undefined> {
    const grant: Partial<Grant> | null | undefined = await cache.get(name);
    return isGrant(grant) ? grant : undefined;
  }

  function hit({ server, token }: Grant, { observe, resource }: CallContext): string {
    if (observe !== ignoreEvents) {
      observe({ type: "token_cache_hit", authServer: server, resource, tokenId: tokenId(token) });
    }
    return token;
  }

  /** A new token for the refresh token that came with an old one; undefined where there is none that works. */
  async function renewed(
    { server, subject, refreshToken }: Grant,
    owner: GrantOwner,
    context: CallContext,
  ): Promise<string | "issuer_away" | undefined> {
    const { refresh } = grants;
    if (refreshToken === undefined || refresh === undefined) return undefined;
    try {
      const grant = await requestOnce(latestKey(owner), context, (asked) =>
        refresh(server, refreshToken, asked),
      );
      if (grant.subject !== subject) {
        // What is kept for one user must never become another's.
        await cache.delete(latestKey(owner));
        return undefined;
      }
      await store(owner, { refreshToken, ...grant });
      return grant.token;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be away for a moment, and then the token is still valid.
      if (AWAY.has(error.code)) return "issuer_away";
      await cache.delete(latestKey(owner));
      return undefined;
    }
  }

  /** One request for all calls that want the same token at the same time, unless the answer is a user's own. */
  async function requestOnce(
    wanted: string,
    context: CallContext,
    make: (asked: GrantContext) => GrantRequest,
  ): Promise<Grant> {
    const other = underway.get(wanted);
    if (other !== undefined) {
      try {
        const grant = await unlessAborted(other.grant, context.signal);
        if (mayKeep(grant, context)) return grant;
      } catch (error) {
        // A consent is asked for under one state: a call with another state must ask for itself.
        if (!(error instanceof ConsentRequiredError) || other.state === context.state) throw error;
      }
    }
    const own: Underway = { grant: request(context, make), state: context.state };
    underway.set(wanted, own);
    const done = () => {
      if (underway.get(wanted) === own) underway.delete(wanted);
    };
    own.grant.then(done, done);
    return unlessAborted(own.grant, context.signal);
  }

  /** Without the call's signal: others may wait for the same request. */
  async function request(
    { key, resource, upstreamToken, state, observe }: CallContext,
    make: (asked: GrantContext) => GrantRequest,
  ): Promise<Grant> {
    const asked = { identity: await identity(key), upstreamToken, presented: undefined, redirectUri, state };
    return client.request(make(asked), { key, resource, context: asked, observe });
  }

  async function store(owner: GrantOwner, grant: Grant, asked?: { server: string; scope: string }) {
    await cache.set(latestKey(owner), grant);
    if (asked !== undefined) await cache.set(exactKey(owner, asked.server, asked.scope), grant);
  }

  async function obtain(demand: TokenDemand, context: CallContext, presented: string | undefined) {
    const { server, scope } = demand;
    const owner = await ownerOf(context);
    const wanted = exactKey(owner, server, scope);
    const known = await cached(wanted);
    if (known !== undefined && known.token !== presented && now() < known.renewAt) {
      await cache.set(latestKey(owner), known);
      return hit(known, context);
    }
    const latest = await cached(latestKey(owner));
    if (latest !== undefined && latest.token === presented && covers(latest, demand)) {
      // The resource finds it too old, or no longer valid. What came with it asks no user.
      const renewal = await renewed(latest, owner, context);
      if (renewal !== undefined && renewal !== "issuer_away") return renewal;
    }
    const grant = await requestOnce(wanted, context, (asked) =>
      grants.forDemand(demand, { ...asked, presented }),
    );
    if (mayKeep(grant, context)) await store(owner, grant, { server, scope });
    return grant.token;
  }
}

/**
 * A token that speaks for a user is only kept or shared where the caller has said which user, or where an upstream token stands for one.
 * Anything else could hand one user's authority to another.
 */
function mayKeep({ subject }: Grant, { cacheKey, upstreamToken }: CallContext): boolean {
  return subject === undefined || cacheKey !== undefined || upstreamToken !== undefined;
}

/** Whether a token that is renewed would have every scope that a demand asks for. */
function covers(grant: Grant, { scope }: TokenDemand): boolean {
  const scopes = grant.scope.split(" ");
  return scope !== "" && scope.split(" ").every((word) => scopes.includes(word));
}

/** Says nothing about the token, only that its issuer did not answer. */
const AWAY: ReadonlySet<string> = new Set(["token_request_failed", "discovery_failed", "discovery_busy"]);

interface Underway {
  readonly grant: Promise<Grant>;
  readonly state: string | undefined;
}

/** What a call brings along. */
export interface CallContext {
  readonly key: SigningKey;
  readonly resource: string;
  readonly upstreamToken: string | undefined;
  readonly cacheKey: string | undefined;
  readonly state: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly observe: AgentObserver;
}

/** A token, and the key that must sign what it is sent with. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
}

export interface GrantSourceOptions {
  readonly profile: WireProfile;
  readonly client: GrantClient;
  readonly cache: TokenCache;
  readonly now: () => number;
  /** How the agent says who it is to an auth server, signing with this key. */
  readonly identity: (key: SigningKey) => Promise<Credential>;
  readonly redirectUri: string | undefined;
}
