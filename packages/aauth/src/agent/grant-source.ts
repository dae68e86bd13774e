/**
 * Where a call gets its token from: the cache, another call's request in progress, or its own request.
 *
 * @module
 */

import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type { TokenDemand } from "../profile/calls.ts";
import type { GrantContext, GrantHints, GrantRequest, GrantRules } from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, ignoreEvents } from "./events.ts";
import {
  exactKey,
  type Grant,
  type GrantOwner,
  isGrant,
  latestKey,
  sessionKey,
  type TokenCache,
} from "./grant-cache.ts";
import type { GrantClient } from "./grant-client.ts";
import { capabilitiesOf, type LeftWaiting, type Participation } from "./pending-answer.ts";
import { unlessAborted } from "./timeout.ts";

export interface GrantSource {
  /**
   * A token held for this resource under the call's key or one of `keys`, first come first; renewed with the call's key if its time has
   * come and a refresh token is there.
   */
  held(context: CallContext, keys: readonly SigningKey[]): Promise<HeldToken | undefined>;
  /** A token for a demand. `presented` is one that has just been refused. */
  obtain(
    demand: TokenDemand,
    context: CallContext,
    presented: string | undefined,
    left?: LeftWaiting,
  ): Promise<ObtainedToken>;
  /** The session token that the resource has given to this key, if it has. */
  session(context: CallContext): Promise<string | undefined>;
  /** Keeps a session token in place of the one before. */
  keepSession(token: string, context: CallContext): Promise<void>;
  /** Keeps a grant that came by another way (a code), if it may be kept. */
  keep(grant: Grant, context: CallContext): Promise<void>;
  /** Never again presents the token held for this resource. A refresh token that came with it stays valid. */
  discard(context: CallContext): Promise<void>;
  /** Drops whatever is held for a user at a resource under any of `keys`, refresh tokens included. */
  drop(user: { resource: string; cacheKey: string }, keys: readonly SigningKey[]): Promise<void>;
  /** Keeps a token that came without a demand. */
  keepFor(
    demand: Pick<TokenDemand, "server" | "scope" | "variant">,
    grant: Grant,
    context: CallContext,
  ): Promise<void>;
  /** Drops the token held for a resource, its refresh token included, and the one for a demand: the resource has refused it. */
  forget(demand: TokenDemand | undefined, context: CallContext): Promise<void>;
}

export function createGrantSource(options: GrantSourceOptions): GrantSource {
  const { profile, client, cache, now, identity, redirectUri } = options;
  const { grants } = profile;
  // What is kept without a user's name is the one person's, and agents of several persons may have one key and one cache.
  const keptFor = grants.onePerson ? `${profile.name} ${options.id}` : profile.name;
  const underway = new Map<string, Underway>();

  return {
    held,
    obtain,
    async keep(grant, context) {
      if (mayKeep(grant, context, grants)) await store(await ownerOf(context), grant);
    },
    async discard(context) {
      const key = latestKey(await ownerOf(context));
      const grant = await cached(key);
      if (grant?.keptAs !== undefined && grants.onePerson) await cache.delete(grant.keptAs);
      if (grant?.refreshToken === undefined) await cache.delete(key);
      else await cache.set(key, { ...grant, isRefused: true });
    },
    async drop({ resource, cacheKey }, keys) {
      for (const { thumbprint } of keys) {
        const owner = { profile: keptFor, thumbprint, resource, cacheKey, upstreamHash: undefined };
        await cache.delete(latestKey(owner));
      }
    },
    async forget(demand, context) {
      const owner = await ownerOf(context);
      await cache.delete(latestKey(owner));
      if (demand) await cache.delete(exactKey(owner, demand.server, demand.scope, demand.variant));
    },
    async keepFor(demand, grant, context) {
      await store(await ownerOf(context), grant, demand);
    },
    async session(context) {
      return (await cached(sessionKey(await ownerOf(context))))?.token;
    },
    async keepSession(token, context) {
      const { resource, key } = context;
      const times = { expiresAt: Number.MAX_SAFE_INTEGER, renewAt: Number.MAX_SAFE_INTEGER };
      const session = { token, server: resource, scope: "", thumbprint: key.thumbprint, ...times };
      await cache.set(sessionKey(await ownerOf(context)), session);
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
      } else if (grants.refresh === undefined && key === context.key && now() < grant.expiresAt) {
        return { token: grant.token, key, isAgeing: true };
      }
    }
    return undefined;
  }

  async function ownerOf(context: CallContext): Promise<GrantOwner> {
    const { key, resource, upstreamToken, cacheKey, hints } = context;
    const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
    const mission = hints?.mission;
    return { profile: keptFor, thumbprint: key.thumbprint, resource, upstreamHash, cacheKey, mission };
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
      const grant = await requestOnce(latestKey(owner), context, (asked, abandoned) =>
        request(context, refresh(server, refreshToken, asked), abandoned),
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
    make: (asked: GrantContext, abandoned: AbortSignal) => Promise<Grant>,
  ): Promise<Grant> {
    // A call that does not wait must not wait for one that does, and one that can reach a person must not fail with one that cannot.
    const { participation } = context;
    const able = participation === undefined ? [] : capabilitiesOf(participation);
    const name = [participation?.waiting, ...able, wanted].join(" ");
    // Of two callers that bring the person to a page, only the one whose request it is would hear of it.
    const isOwn = grants.defers === true && participation?.interact !== undefined;
    const other = isOwn ? undefined : underway.get(name);
    if (other !== undefined && !other.abandoned.signal.aborted) {
      try {
        const grant = await sharing(other, context);
        if (mayKeep(grant, context, grants)) return grant;
      } catch (error) {
        // A consent is asked for under one state: a call with another state must ask for itself.
        if (!(error instanceof ConsentRequiredError) || other.state === context.state) throw error;
      }
    }
    const abandoned = new AbortController();
    const grant = contextOf(context).then((asked) => make(asked, abandoned.signal));
    const own: Underway = { grant, state: context.state, abandoned, callers: 0 };
    underway.set(name, own);
    const done = () => {
      if (underway.get(name) === own) underway.delete(name);
    };
    own.grant.then(done, done);
    return sharing(own, context);
  }

  /** Waits for a request that others may wait for, too. The last one to give up ends it, where it could go on for as long as a person takes. */
  async function sharing(request: Underway, { signal }: CallContext): Promise<Grant> {
    request.callers++;
    try {
      return await unlessAborted(request.grant, signal);
    } finally {
      request.callers--;
      if (request.callers === 0 && grants.defers === true) request.abandoned.abort(signal?.reason);
    }
  }

  async function contextOf({ key, upstreamToken, state, hints }: CallContext): Promise<GrantContext> {
    return {
      identity: await identity(key),
      upstreamToken,
      presented: undefined,
      redirectUri,
      state,
      ...(hints && { hints }),
    };
  }

  /** @param signal not the call's: others may wait for the same request */
  function request(
    { key, resource, state, observe, trustedServers, participation }: CallContext,
    asked: GrantRequest,
    signal: AbortSignal,
    left?: LeftWaiting,
  ): Promise<Grant> {
    const ours = { key, resource, context: { redirectUri, state } };
    const circumstances = { ...ours, observe, signal, trustedServers, participation };
    return client.request(asked, circumstances, left);
  }

  async function store(
    owner: GrantOwner,
    grant: Grant,
    asked?: Pick<TokenDemand, "server" | "scope" | "variant">,
  ) {
    if (asked === undefined) {
      await cache.set(latestKey(owner), grant);
      return;
    }
    const keptAs = exactKey(owner, asked.server, asked.scope, asked.variant);
    const kept = grants.onePerson ? { ...grant, keptAs } : grant;
    await cache.set(latestKey(owner), kept);
    await cache.set(keptAs, kept);
  }

  async function obtain(
    demand: TokenDemand,
    context: CallContext,
    presented: string | undefined,
    left?: LeftWaiting,
  ): Promise<ObtainedToken> {
    const { server, scope, variant } = demand;
    const owner = await ownerOf(context);
    const wanted = exactKey(owner, server, scope, variant);
    const known = await cached(wanted);
    if (known !== undefined && known.token !== presented && now() < known.renewAt) {
      await cache.set(latestKey(owner), known);
      return { token: hit(known, context), isHeld: true };
    }
    const latest = await cached(latestKey(owner));
    if (latest !== undefined && latest.token === presented && covers(latest, demand)) {
      // The resource finds it too old, or no longer valid. What came with it asks no user.
      const renewal = await renewed(latest, owner, context);
      if (renewal !== undefined && renewal !== "issuer_away") return { token: renewal, isHeld: false };
    }
    const grant = await requestOnce(wanted, context, async (asked, abandoned) => {
      const withPresented = { ...asked, presented };
      return options.parent === undefined
        ? request(context, grants.forDemand(demand, withPresented), abandoned, left)
        : options.parent(demand, presented, context);
    });
    if (mayKeep(grant, context, grants)) await store(owner, grant, demand);
    return { token: grant.token, isHeld: false };
  }
}

/**
 * A token that speaks for a user is only kept or shared where the caller has said which user, or where an upstream token stands for one, or
 * the agent acts for one person only. Anything else could hand one user's authority to another.
 */
function mayKeep(
  { subject }: Grant,
  { cacheKey, upstreamToken }: CallContext,
  { onePerson }: Pick<GrantRules, "onePerson">,
): boolean {
  return subject === undefined || cacheKey !== undefined || upstreamToken !== undefined || onePerson === true;
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
  readonly abandoned: AbortController;
  callers: number;
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
  /** Servers that count for this call. Default: those of the configuration. */
  readonly trustedServers?: readonly string[] | undefined;
  readonly hints?: GrantHints | undefined;
  readonly participation?: Participation | undefined;
}

/** `isHeld`: from the cache. */
export interface ObtainedToken {
  readonly token: string;
  readonly isHeld: boolean;
}

/** A token, and the key that must sign what it is sent with. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
  /** About to expire, and there is no refresh token: to be presented only where no other can be had. */
  readonly isAgeing?: boolean;
}

export interface GrantSourceOptions {
  readonly profile: AgentProfile;
  /** Identifier of the agent. */
  readonly id: string;
  readonly client: GrantClient;
  readonly cache: TokenCache;
  readonly now: () => number;
  /** How the agent says who it is to an auth server, signing with this key. */
  readonly identity: (key: SigningKey) => Promise<Credential>;
  readonly redirectUri: string | undefined;
  /** Where a sub-agent's tokens come from. Default: from servers. */
  readonly parent?:
    | ((demand: TokenDemand, presented: string | undefined, context: CallContext) => Promise<Grant>)
    | undefined;
}
