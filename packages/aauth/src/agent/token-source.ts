/**
 * Sources of a call's token: the cache, another call's pending request, or its own request.
 *
 * @module
 */

import { AAuthAgentError, AAuthError, ConsentRequiredError, isUnanswered } from "../errors.ts";
import type { WantedToken } from "../profile/calls.ts";
import type { TokenRequestContext } from "../profile/token-requests.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import { type AgentParts, type CallContext, capabilitiesOf } from "./context.ts";
import { ignoreEvents } from "./events.ts";
import { delay, unlessAborted } from "./timeout.ts";
import {
  exactKey,
  isObtainedToken,
  latestKey,
  type ObtainedToken,
  sessionKey,
  type TokenOwner,
} from "./token-cache.ts";
import { requestToken } from "./token-request.ts";
import type { PollState } from "./waiting-call.ts";

/** Interval at which a process checks whether another has renewed a token. */
const RENEWAL_LOOK_MS = 100;
/** Bounds of the lifetime of a renewal claim. After a crash, other processes wait this long. */
const MIN_RENEWAL_SECONDS = 20;
const MAX_RENEWAL_SECONDS = 600;

/** A call to a known resource, at `url`. */
export type ResourceCall = CallContext & { readonly resource: string; readonly url: string };

/** Circumstances under which a token is cached. */
export type TokenUse = Pick<ResourceCall, "key" | "resource" | "upstreamToken" | "cacheKey" | "mission">;

export class TokenSource {
  readonly #parts: AgentParts;
  readonly #share: ReturnType<typeof createSharing>;
  /**
   * Profile name, with the agent's identifier if an agent acts for one person: agents of several
   * persons may share a key and a cache.
   */
  readonly #storedFor: string;

  constructor(parts: AgentParts) {
    const { tokenRequests, toServers = parts.profile } = parts.profile;
    const { name } = toServers;
    this.#parts = parts;
    this.#storedFor = tokenRequests.trustedServers === undefined ? `${name} ${parts.id}` : name;
    this.#share = createSharing(parts, (obtained, context) => this.#mayStore(obtained, context));
  }

  /**
   * The cached token for this resource under the first of `keys` that has one. It is renewed with
   * the call's key if it is due and has a refresh token.
   */
  async held(context: ResourceCall, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
    const { now, tokenCache, profile } = this.#parts;
    const own = await this.#ownerOf(context);
    for (const key of keys) {
      const owner = key === context.key ? own : { ...own, thumbprint: key.thumbprint };
      const obtained = await this.#cached(latestKey(owner));
      if (obtained === undefined) continue;
      const isPresentable = obtained.isRefused !== true;
      if (isPresentable && now() < obtained.renewAt) return { token: hit(obtained, context), key };
      const kept = { old: obtained, storedAs: latestKey(owner), isPresentable };
      const renewal = await this.#renewed(kept, own, context);
      // A refresh token belongs to the agent, not to a key: the new token is bound to the current
      // key.
      if (owner !== own && renewal !== "issuer_away") await tokenCache.delete(latestKey(owner));
      if (renewal === "issuer_away") {
        if (isPresentable && now() < obtained.expiresAt) return { token: hit(obtained, context), key };
      } else if (renewal !== undefined) {
        return { token: renewal, key: context.key };
      } else if (profile.tokenRequests.refresh === undefined) {
        if (key === context.key && now() < obtained.expiresAt)
          return { token: obtained.token, key, isAgeing: true };
      }
    }
    return undefined;
  }

  /**
   * Obtains a token from the cache (`isHeld`), by renewal, or by a request.
   *
   * @param presented a token that has just been refused
   * @param resumed state of the polling, where the same request was left
   */
  async obtain(
    wanted: WantedToken,
    context: ResourceCall,
    presented: string | undefined,
    resumed?: PollState,
  ): Promise<{ readonly token: string; readonly isHeld: boolean }> {
    const parts = this.#parts;
    const owner = await this.#ownerOf(context);
    const name = exactKey(owner, wanted.server, wanted.scope, wanted.variant);
    const known = await this.#cached(name);
    if (known !== undefined && known.token !== presented && parts.now() < known.renewAt) {
      await parts.tokenCache.set(latestKey(owner), known);
      return { token: hit(known, context), isHeld: true };
    }
    const latest = await this.#cached(latestKey(owner));
    if (latest !== undefined && latest.token === presented && covers(latest, wanted)) {
      // The resource refused the token as too old or no longer valid. Its refresh token needs no
      // user.
      const kept = { old: latest, storedAs: latestKey(owner), isPresentable: false };
      const renewal = await this.#renewed(kept, owner, context);
      if (renewal !== undefined && renewal !== "issuer_away") return { token: renewal, isHeld: false };
    }
    const obtained = await this.#share(name, context, async (shared) => {
      if (parts.parent !== undefined) return askParent(parts, wanted, presented, context);
      const own = await tokenRequestContext(shared, presented);
      return requestToken(parts, parts.profile.tokenRequests.request(wanted, own), shared, resumed);
    });
    await this.store(obtained, context, wanted);
    return { token: obtained.token, isHeld: false };
  }

  /** Stores a token if permitted. Without `wanted`, it is stored for any scope of the resource. */
  async store(
    obtained: ObtainedToken,
    context: TokenUse,
    wanted?: Pick<WantedToken, "server" | "scope" | "variant">,
  ): Promise<void> {
    if (!this.#mayStore(obtained, context)) return;
    const { tokenCache, profile } = this.#parts;
    const owner = await this.#ownerOf(context);
    if (wanted === undefined) {
      await tokenCache.set(latestKey(owner), obtained);
      return;
    }
    const storedAs = exactKey(owner, wanted.server, wanted.scope, wanted.variant);
    const stored = profile.tokenRequests.trustedServers === undefined ? { ...obtained, storedAs } : obtained;
    await tokenCache.set(latestKey(owner), stored);
    await tokenCache.set(storedAs, stored);
  }

  /** Drops the cached token for this resource, but keeps its refresh token. */
  async discard(context: TokenUse): Promise<void> {
    const { tokenCache } = this.#parts;
    const key = latestKey(await this.#ownerOf(context));
    const obtained = await this.#cached(key);
    if (obtained?.storedAs !== undefined) await tokenCache.delete(obtained.storedAs);
    if (obtained?.refreshToken === undefined) await tokenCache.delete(key);
    else await tokenCache.refuse(key, obtained.token);
  }

  /** Drops the token that a resource refused, its refresh token, and the wanted token. */
  async forget(context: TokenUse, wanted?: WantedToken): Promise<void> {
    const { tokenCache } = this.#parts;
    const owner = await this.#ownerOf(context);
    await tokenCache.delete(latestKey(owner));
    if (wanted) await tokenCache.delete(exactKey(owner, wanted.server, wanted.scope, wanted.variant));
  }

  /** The session token that the resource issued to this key, if any. */
  async session(context: TokenUse): Promise<string | undefined> {
    return (await this.#cached(sessionKey(await this.#ownerOf(context))))?.token;
  }

  /** Stores a session token, which replaces the previous one. */
  async storeSession(token: string, context: TokenUse): Promise<void> {
    const { resource, key } = context;
    const times = { expiresAt: Number.MAX_SAFE_INTEGER, renewAt: Number.MAX_SAFE_INTEGER };
    const session = { token, server: resource, scope: "", thumbprint: key.thumbprint, ...times };
    await this.#parts.tokenCache.set(sessionKey(await this.#ownerOf(context)), session);
  }

  async #ownerOf({ key, resource, upstreamToken, cacheKey, mission }: TokenUse): Promise<TokenOwner> {
    const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
    const { thumbprint } = key;
    return { profile: this.#storedFor, thumbprint, resource, upstreamHash, cacheKey, mission };
  }

  async #cached(name: string): Promise<ObtainedToken | undefined> {
    const obtained: Partial<ObtainedToken> | null | undefined = await this.#parts.tokenCache.get(name);
    return isObtainedToken(obtained) ? obtained : undefined;
  }

  /** Renews a token by its refresh token; undefined if there is none, or it no longer works. */
  async #renewed(
    kept: KeptToken,
    owner: TokenOwner,
    context: ResourceCall,
  ): Promise<string | "issuer_away" | undefined> {
    const { tokenCache, profile } = this.#parts;
    const { old, storedAs, isPresentable } = kept;
    const { subject, refreshToken } = old;
    if (refreshToken === undefined || profile.tokenRequests.refresh === undefined) return undefined;
    const name = latestKey(owner);
    try {
      // A call that must wait for another process must not fail with one that need not.
      const shareName = isPresentable ? name : `${name} refused`;
      const obtained = await this.#share(shareName, context, async (own) => {
        const found = await this.#renewedOrClaimed(kept, refreshToken, name, own);
        return typeof found === "string" ? this.#renew(kept, refreshToken, found, name, own) : found;
      });
      // A token of one user must never reach another.
      return obtained.subject === subject ? obtained.token : undefined;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be temporarily unavailable while the token is still valid.
      if (isUnanswered(error)) return "issuer_away";
      if ((await this.#cached(storedAs))?.refreshToken !== refreshToken) return undefined;
    }
    await tokenCache.delete(name);
    return undefined;
  }

  /** Uses a refresh token that this process has claimed, and stores the new token. */
  async #renew(
    { old, storedAs }: KeptToken,
    refreshToken: string,
    claim: string,
    name: string,
    context: CallContext,
  ): Promise<ObtainedToken> {
    const parts = this.#parts;
    const own = await tokenRequestContext(context);
    const asked = parts.profile.tokenRequests.refresh!(old.server, refreshToken, own);
    const obtained = await requestToken(parts, asked, context).catch(async (error: unknown) => {
      if (error instanceof AAuthError && isUnanswered(error))
        await parts.tokenCache.releaseRenewal(storedAs, claim);
      throw error;
    });
    if (obtained.subject === old.subject) await parts.tokenCache.set(name, { refreshToken, ...obtained });
    else await parts.tokenCache.delete(name);
    return obtained;
  }

  /**
   * Waits while another process renews a token that cannot be presented. Returns the renewed token,
   * or a claim if this process may renew it.
   *
   * @throws AAuthAgentError `token_request_failed` if the other process did not renew it
   */
  async #renewedOrClaimed(
    { old, storedAs, isPresentable }: KeptToken,
    refreshToken: string,
    name: string,
    { signal }: CallContext,
  ): Promise<ObtainedToken | string> {
    const { tokenCache, now, timeouts } = this.#parts;
    const seconds = renewalSeconds(timeouts.tokenRequestMs);
    const claim = () => tokenCache.claimRenewal(storedAs, refreshToken, seconds);
    const failed = () =>
      new AAuthAgentError("token_request_failed", "another process could not renew the token");
    const first = await claim();
    if (first !== undefined) return first;
    const giveUpAt = performance.now() + seconds * 1000;
    for (;;) {
      const mayWait = performance.now() < giveUpAt && !(isPresentable && now() < old.expiresAt);
      const kept = await this.#cached(storedAs);
      const renewed = await this.#cached(name);
      if (renewed !== undefined && renewed.token !== old.token && now() < renewed.renewAt) return renewed;
      if (kept?.refreshToken !== refreshToken || kept.renewal === undefined) throw failed();
      const later = await claim();
      if (later !== undefined) return later;
      if (!mayWait) throw failed();
      await delay(RENEWAL_LOOK_MS, signal);
    }
  }

  /**
   * Whether a token may be stored or shared. A user's token may only if the caller has named the
   * user, an upstream token identifies one, or the agent acts for one person. Otherwise one user's
   * authority could reach another.
   */
  #mayStore(
    { subject }: ObtainedToken,
    { cacheKey, upstreamToken }: Pick<CallContext, "cacheKey" | "upstreamToken">,
  ): boolean {
    const isNamed = subject === undefined || cacheKey !== undefined || upstreamToken !== undefined;
    return isNamed || this.#parts.profile.tokenRequests.trustedServers === undefined;
  }
}

/** Exceeds the duration of a token request, including discovery of its endpoint. */
const renewalSeconds = (tokenRequestMs: number): number =>
  Math.min(Math.max(MIN_RENEWAL_SECONDS, Math.ceil(tokenRequestMs / 500)), MAX_RENEWAL_SECONDS);

function hit({ server, token }: ObtainedToken, { observe, resource }: ResourceCall): string {
  if (observe !== ignoreEvents) {
    observe({ type: "token_cache_hit", server, resource, tokenId: tokenId(token) });
  }
  return token;
}

/** Facts of a call for a token request. */
export const tokenRequestContext = async (
  context: CallContext,
  presented?: string,
): Promise<TokenRequestContext> => ({
  ...context,
  presented,
  identity: await context.identity(),
  capabilities: capabilitiesOf(context),
});

/** Requests a sub-agent's token from its parent. */
async function askParent(
  { parent }: AgentParts,
  { resource, resourceToken }: WantedToken,
  presentedToken: string | undefined,
  { identity, observe, signal }: CallContext,
): Promise<ObtainedToken> {
  const own = await identity();
  const subagentToken = own.scheme === "jwt" ? own.jwt : "";
  const shown = resourceToken === undefined ? {} : { resourceToken, presentedToken };
  return parent!({ subagentToken, resource, ...shown, observer: observe, signal });
}

/** Whether a renewed token would have every requested scope. */
function covers(obtained: ObtainedToken, { scope }: WantedToken): boolean {
  const scopes = obtained.scope.split(" ");
  return scope !== "" && scope.split(" ").every((word) => scopes.includes(word));
}

// ----------------------------------------------------------------------------------------- sharing

interface Underway {
  readonly obtained: Promise<ObtainedToken>;
  readonly abandoned: AbortController;
  callers: number;
}

/** Shares one request among all calls for the same token, unless the token must not be shared. */
function createSharing(
  { profile }: AgentParts,
  mayShare: (obtained: ObtainedToken, context: CallContext) => boolean,
): (
  wanted: string,
  context: CallContext,
  make: (shared: CallContext) => Promise<ObtainedToken>,
) => Promise<ObtainedToken> {
  const underway = new Map<string, Underway>();
  const isDeferring = profile.calls.deferral !== undefined;

  return async (wanted, context, make) => {
    // A non-waiting call must not wait for a waiting one, and a call that can reach a person must
    // not fail with one that cannot.
    const name = [context.waiting ?? "poll", ...capabilitiesOf(context), wanted].join(" ");
    // Only the caller of the shared request would be asked to bring the person to a page.
    const isOwn = isDeferring && context.onInteraction !== undefined;
    const other = isOwn ? undefined : underway.get(name);
    if (other !== undefined && !other.abandoned.signal.aborted) {
      try {
        const obtained = await shared(other, context);
        if (mayShare(obtained, context)) return obtained;
      } catch (error) {
        // The page of a consent is for one call.
        if (!(error instanceof ConsentRequiredError)) throw error;
      }
    }
    const abandoned = new AbortController();
    // Not the call's own signal, because other calls may wait for the same request.
    const obtained = make({ ...context, signal: abandoned.signal });
    const own: Underway = { obtained, abandoned, callers: 0 };
    underway.set(name, own);
    const done = () => {
      if (underway.get(name) === own) underway.delete(name);
    };
    obtained.then(done, done);
    return shared(own, context);
  };

  /**
   * Waits for a shared request. It is aborted when its last caller gives up, because it could wait
   * for a person.
   */
  async function shared(request: Underway, { signal }: CallContext): Promise<ObtainedToken> {
    request.callers++;
    try {
      return await unlessAborted(request.obtained, signal);
    } finally {
      request.callers--;
      if (request.callers === 0 && isDeferring) request.abandoned.abort(signal?.reason);
    }
  }
}

/** A token that is due for renewal. */
interface KeptToken {
  readonly old: ObtainedToken;
  /** Its name in the cache. */
  readonly storedAs: string;
  /** Whether it may be presented until it expires, because no resource has refused it. */
  readonly isPresentable: boolean;
}

/** A token, and the key that must sign the requests that carry it. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
  /** Near expiry without a refresh token. Presented only if no other can be obtained. */
  readonly isAgeing?: boolean;
}
