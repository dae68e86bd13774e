/**
 * Where a call gets its token from: the cache, another call's request in progress, or its own request.
 *
 * @module
 */

import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type { WantedToken } from "../profile/calls.ts";
import type { TokenRequestContext } from "../profile/token-requests.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import { type AgentParts, type CallContext, capabilitiesOf } from "./context.ts";
import { ignoreEvents } from "./events.ts";
import { exactKey, type Grant, type GrantOwner, isGrant, latestKey, sessionKey } from "./grant-cache.ts";
import { unlessAborted } from "./timeout.ts";
import { requestToken } from "./token-request.ts";
import type { PollState } from "./waiting-call.ts";

/** A call of a known resource. */
export type ResourceCall = CallContext & { readonly resource: string };

export interface TokenSource {
  /**
   * A token held for this resource under the call's key or one of `keys`, first come first; renewed with the call's key if its time has
   * come and a refresh token is there.
   */
  held(context: ResourceCall, keys: readonly SigningKey[]): Promise<HeldToken | undefined>;
  /**
   * @param presented a token that has just been refused
   * @param resumed state of the polling, where the same request was left
   */
  obtain(
    wanted: WantedToken,
    context: ResourceCall,
    presented: string | undefined,
    resumed?: PollState,
  ): Promise<ObtainedToken>;
  /** The session token that the resource has given to this key, if it has. */
  session(context: ResourceCall): Promise<string | undefined>;
  /** Stores a session token in place of the one before. */
  storeSession(token: string, context: ResourceCall): Promise<void>;
  /** Stores a token that came by another way, such as a code, if it may be stored. */
  store(
    grant: Grant,
    context: ResourceCall,
    wanted?: Pick<WantedToken, "server" | "scope" | "variant">,
  ): Promise<void>;
  /** Never again presents the token held for this resource. A refresh token that came with it stays valid. */
  discard(context: ResourceCall): Promise<void>;
  /** Drops the token held for a resource, its refresh token included, and the wanted one: the resource has refused it. */
  forget(context: ResourceCall, wanted?: WantedToken): Promise<void>;
}

export function createTokenSource(parts: AgentParts): TokenSource {
  const { now, tokenCache: cache, serverProfile: profile } = parts;
  const { ownServer, refresh, request } = profile.tokenRequests;
  // A token stored without a user's name is the one person's, and agents of several persons may have one key and one cache.
  const storedFor = ownServer === undefined ? profile.name : `${profile.name} ${parts.id}`;
  const share = createSharing(parts, mayStore);

  return {
    held,
    obtain,
    store,
    async discard(context) {
      const key = latestKey(await ownerOf(context));
      const grant = await cached(key);
      if (grant?.keptAs !== undefined && ownServer !== undefined) await cache.delete(grant.keptAs);
      if (grant?.refreshToken === undefined) await cache.delete(key);
      else await cache.set(key, { ...grant, isRefused: true });
    },
    async forget(context, wanted) {
      const owner = await ownerOf(context);
      await cache.delete(latestKey(owner));
      if (wanted) await cache.delete(exactKey(owner, wanted.server, wanted.scope, wanted.variant));
    },
    async session(context) {
      return (await cached(sessionKey(await ownerOf(context))))?.token;
    },
    async storeSession(token, context) {
      const { resource, key } = context;
      const times = { expiresAt: Number.MAX_SAFE_INTEGER, renewAt: Number.MAX_SAFE_INTEGER };
      const session = { token, server: resource, scope: "", thumbprint: key.thumbprint, ...times };
      await cache.set(sessionKey(await ownerOf(context)), session);
    },
  };

  async function held(context: ResourceCall, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
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
      } else if (refresh === undefined && key === context.key && now() < grant.expiresAt) {
        return { token: grant.token, key, isAgeing: true };
      }
    }
    return undefined;
  }

  async function obtain(
    wanted: WantedToken,
    context: ResourceCall,
    presented: string | undefined,
    resumed?: PollState,
  ): Promise<ObtainedToken> {
    const { server, scope, variant } = wanted;
    const owner = await ownerOf(context);
    const name = exactKey(owner, server, scope, variant);
    const known = await cached(name);
    if (known !== undefined && known.token !== presented && now() < known.renewAt) {
      await cache.set(latestKey(owner), known);
      return { token: hit(known, context), isHeld: true };
    }
    const latest = await cached(latestKey(owner));
    if (latest !== undefined && latest.token === presented && covers(latest, wanted)) {
      // The resource finds it too old, or no longer valid. What came with it asks no user.
      const renewal = await renewed(latest, owner, context);
      if (renewal !== undefined && renewal !== "issuer_away") return { token: renewal, isHeld: false };
    }
    const grant = await share(name, context, async (shared) =>
      parts.parent === undefined
        ? requestToken(
            parts,
            request(wanted, await tokenRequestContext(parts, shared, presented)),
            shared,
            resumed,
          )
        : askParent(parts, wanted, presented, context),
    );
    await store(grant, context, wanted);
    return { token: grant.token, isHeld: false };
  }

  async function ownerOf({
    key,
    resource,
    upstreamToken,
    cacheKey,
    mission,
  }: ResourceCall): Promise<GrantOwner> {
    const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
    return { profile: storedFor, thumbprint: key.thumbprint, resource, upstreamHash, cacheKey, mission };
  }

  async function cached(name: string): Promise<Grant | undefined> {
    const grant: Partial<Grant> | null | undefined = await cache.get(name);
    return isGrant(grant) ? grant : undefined;
  }

  function hit({ server, token }: Grant, { observe, resource }: ResourceCall): string {
    if (observe !== ignoreEvents) {
      observe({ type: "token_cache_hit", authServer: server, resource, tokenId: tokenId(token) });
    }
    return token;
  }

  /** A new token for the refresh token that came with an old one; undefined where there is none that works. */
  async function renewed(
    { server, subject, refreshToken }: Grant,
    owner: GrantOwner,
    context: ResourceCall,
  ): Promise<string | "issuer_away" | undefined> {
    if (refreshToken === undefined || refresh === undefined) return undefined;
    const name = latestKey(owner);
    try {
      const grant = await share(name, context, async (shared) =>
        requestToken(parts, refresh(server, refreshToken, await tokenRequestContext(parts, shared)), shared),
      );
      if (grant.subject !== subject) {
        // A token of one user must never become another's.
        await cache.delete(name);
        return undefined;
      }
      await cache.set(name, { refreshToken, ...grant });
      return grant.token;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be away for a moment, and then the token is still valid.
      if (AWAY.has(error.code)) return "issuer_away";
      await cache.delete(name);
      return undefined;
    }
  }

  async function store(
    grant: Grant,
    context: ResourceCall,
    wanted?: Pick<WantedToken, "server" | "scope" | "variant">,
  ): Promise<void> {
    if (!mayStore(grant, context)) return;
    const owner = await ownerOf(context);
    if (wanted === undefined) {
      await cache.set(latestKey(owner), grant);
      return;
    }
    const keptAs = exactKey(owner, wanted.server, wanted.scope, wanted.variant);
    const stored = ownServer === undefined ? grant : { ...grant, keptAs };
    await cache.set(latestKey(owner), stored);
    await cache.set(keptAs, stored);
  }

  /**
   * A token that speaks for a user is only stored or shared where the caller has said which user, or where an upstream token stands for one, or
   * the agent acts for one person only. Anything else could hand one user's authority to another.
   */
  function mayStore({ subject }: Grant, { cacheKey, upstreamToken }: CallContext): boolean {
    return (
      subject === undefined ||
      cacheKey !== undefined ||
      upstreamToken !== undefined ||
      ownServer !== undefined
    );
  }
}

/** What a token request may use of a call. */
export async function tokenRequestContext(
  { identity, redirectUri }: AgentParts,
  context: CallContext,
  presented?: string,
): Promise<TokenRequestContext> {
  return {
    redirectUri,
    ...context,
    presented,
    identity: await identity(context.key),
    capabilities: capabilitiesOf(context),
  };
}

/** A sub-agent's tokens come from its parent. */
async function askParent(
  { identity, parent }: AgentParts,
  { resource, resourceToken }: WantedToken,
  presentedToken: string | undefined,
  { key, observe, signal }: CallContext,
): Promise<Grant> {
  const own = await identity(key);
  const subagentToken = own.scheme === "jwt" ? own.jwt : "";
  const shown = resourceToken === undefined ? {} : { resourceToken, presentedToken };
  return parent!({ subagentToken, resource, ...shown, observer: observe, signal });
}

/** Whether a token that is renewed would have every scope that is wanted. */
function covers(grant: Grant, { scope }: WantedToken): boolean {
  const scopes = grant.scope.split(" ");
  return scope !== "" && scope.split(" ").every((word) => scopes.includes(word));
}

/** Says nothing about the token, only that its issuer did not answer. */
const AWAY: ReadonlySet<string> = new Set(["token_request_failed", "discovery_failed", "discovery_busy"]);

// ------------------------------------------------------------------------------------------------------------------ sharing

interface Underway {
  readonly grant: Promise<Grant>;
  readonly state: string | undefined;
  readonly abandoned: AbortController;
  callers: number;
}

/** One request for all calls that want the same token at the same time, unless the answer is a user's own. */
function createSharing(
  { serverProfile }: AgentParts,
  mayShare: (grant: Grant, context: CallContext) => boolean,
): (wanted: string, context: CallContext, make: (shared: CallContext) => Promise<Grant>) => Promise<Grant> {
  const underway = new Map<string, Underway>();
  const isDeferring = serverProfile.calls.deferral !== undefined;

  return async (wanted, context, make) => {
    // A call that does not wait must not wait for one that does, and one that can reach a person must not fail with one that cannot.
    const name = [context.waiting ?? "poll", ...capabilitiesOf(context), wanted].join(" ");
    // Of two callers that bring the person to a page, only the one whose request it is would hear of it.
    const isOwn = isDeferring && context.onInteraction !== undefined;
    const other = isOwn ? undefined : underway.get(name);
    if (other !== undefined && !other.abandoned.signal.aborted) {
      try {
        const grant = await shared(other, context);
        if (mayShare(grant, context)) return grant;
      } catch (error) {
        // A consent is asked for under one state: a call with another state must ask for itself.
        if (!(error instanceof ConsentRequiredError) || other.state === context.state) throw error;
      }
    }
    const abandoned = new AbortController();
    // Not the call's own signal: others may wait for the same request.
    const grant = make({ ...context, signal: abandoned.signal });
    const own: Underway = { grant, state: context.state, abandoned, callers: 0 };
    underway.set(name, own);
    const done = () => {
      if (underway.get(name) === own) underway.delete(name);
    };
    grant.then(done, done);
    return shared(own, context);
  };

  /** The last caller to give up ends the request, where it could go on for as long as a person takes. */
  async function shared(request: Underway, { signal }: CallContext): Promise<Grant> {
    request.callers++;
    try {
      return await unlessAborted(request.grant, signal);
    } finally {
      request.callers--;
      if (request.callers === 0 && isDeferring) request.abandoned.abort(signal?.reason);
    }
  }
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
