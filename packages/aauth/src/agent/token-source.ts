/**
 * Where a call gets its token from: the cache, another call's request in progress, or its own
 * request.
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

/** How often a process looks whether another has renewed a token. */
const RENEWAL_LOOK_MS = 100;
/** Bounds of a claim to a renewal; a process that ends in one holds others up for as long. */
const MIN_RENEWAL_SECONDS = 20;
const MAX_RENEWAL_SECONDS = 600;

/** A call of a known resource. */
export type ResourceCall = CallContext & { readonly resource: string };

export class TokenSource {
  readonly #parts: AgentParts;
  readonly #share: ReturnType<typeof createSharing>;
  /**
   * A token stored without a user's name is the one person's, and agents of several persons may
   * have one key and one cache.
   */
  readonly #storedFor: string;

  constructor(parts: AgentParts) {
    const { name, tokenRequests } = parts.serverProfile;
    this.#parts = parts;
    this.#storedFor = tokenRequests.ownServer === undefined ? name : `${name} ${parts.id}`;
    this.#share = createSharing(parts, (obtained, context) => this.#mayStore(obtained, context));
  }

  /**
   * A token held for this resource under the call's key or one of `keys`, first come first; renewed
   * with the call's key if its time has come and a refresh token is there.
   */
  async held(context: ResourceCall, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
    const { now, tokenCache, serverProfile } = this.#parts;
    const own = await this.#ownerOf(context);
    for (const key of keys) {
      const owner = key === context.key ? own : { ...own, thumbprint: key.thumbprint };
      const obtained = await this.#cached(latestKey(owner));
      if (obtained === undefined) continue;
      const isPresentable = obtained.isRefused !== true;
      if (isPresentable && now() < obtained.renewAt) return { token: hit(obtained, context), key };
      const kept = { old: obtained, storedAs: latestKey(owner), isPresentable };
      const renewal = await this.#renewed(kept, own, context);
      // A refresh token belongs to the agent, not to a key: what it brings is bound to the key that
      // signs now.
      if (owner !== own && renewal !== "issuer_away") await tokenCache.delete(latestKey(owner));
      if (renewal === "issuer_away") {
        if (isPresentable && now() < obtained.expiresAt) return { token: hit(obtained, context), key };
      } else if (renewal !== undefined) {
        return { token: renewal, key: context.key };
      } else if (serverProfile.tokenRequests.refresh === undefined) {
        if (key === context.key && now() < obtained.expiresAt)
          return { token: obtained.token, key, isAgeing: true };
      }
    }
    return undefined;
  }

  /**
   * A token that is wanted, from the cache (`isHeld`), by renewal, or by a request.
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
      // The resource finds it too old, or no longer valid. What came with it asks no user.
      const kept = { old: latest, storedAs: latestKey(owner), isPresentable: false };
      const renewal = await this.#renewed(kept, owner, context);
      if (renewal !== undefined && renewal !== "issuer_away") return { token: renewal, isHeld: false };
    }
    const obtained = await this.#share(name, context, async (shared) => {
      if (parts.parent !== undefined) return askParent(parts, wanted, presented, context);
      const own = await tokenRequestContext(parts, shared, presented);
      return requestToken(parts, parts.serverProfile.tokenRequests.request(wanted, own), shared, resumed);
    });
    await this.store(obtained, context, wanted);
    return { token: obtained.token, isHeld: false };
  }

  /** Stores a token that may be stored; for any scope of the resource where it was not `wanted`. */
  async store(
    obtained: ObtainedToken,
    context: ResourceCall,
    wanted?: Pick<WantedToken, "server" | "scope" | "variant">,
  ): Promise<void> {
    if (!this.#mayStore(obtained, context)) return;
    const { tokenCache, serverProfile } = this.#parts;
    const owner = await this.#ownerOf(context);
    if (wanted === undefined) {
      await tokenCache.set(latestKey(owner), obtained);
      return;
    }
    const storedAs = exactKey(owner, wanted.server, wanted.scope, wanted.variant);
    const stored = serverProfile.tokenRequests.ownServer === undefined ? obtained : { ...obtained, storedAs };
    await tokenCache.set(latestKey(owner), stored);
    await tokenCache.set(storedAs, stored);
  }

  /** Drops the token held for this resource. A refresh token that came with it stays valid. */
  async discard(context: ResourceCall): Promise<void> {
    const { tokenCache } = this.#parts;
    const key = latestKey(await this.#ownerOf(context));
    const obtained = await this.#cached(key);
    if (obtained?.storedAs !== undefined) await tokenCache.delete(obtained.storedAs);
    if (obtained?.refreshToken === undefined) await tokenCache.delete(key);
    else await tokenCache.refuse(key, obtained.token);
  }

  /** Drops a resource's token that it has refused, its refresh token, and the wanted one. */
  async forget(context: ResourceCall, wanted?: WantedToken): Promise<void> {
    const { tokenCache } = this.#parts;
    const owner = await this.#ownerOf(context);
    await tokenCache.delete(latestKey(owner));
    if (wanted) await tokenCache.delete(exactKey(owner, wanted.server, wanted.scope, wanted.variant));
  }

  /** The session token that the resource has given to this key, if it has. */
  async session(context: ResourceCall): Promise<string | undefined> {
    return (await this.#cached(sessionKey(await this.#ownerOf(context))))?.token;
  }

  /** Stores a session token in place of the one before. */
  async storeSession(token: string, context: ResourceCall): Promise<void> {
    const { resource, key } = context;
    const times = { expiresAt: Number.MAX_SAFE_INTEGER, renewAt: Number.MAX_SAFE_INTEGER };
    const session = { token, server: resource, scope: "", thumbprint: key.thumbprint, ...times };
    await this.#parts.tokenCache.set(sessionKey(await this.#ownerOf(context)), session);
  }

  async #ownerOf({ key, resource, upstreamToken, cacheKey, mission }: ResourceCall): Promise<TokenOwner> {
    const upstreamHash = upstreamToken === undefined ? undefined : await hashToken(upstreamToken);
    const { thumbprint } = key;
    return { profile: this.#storedFor, thumbprint, resource, upstreamHash, cacheKey, mission };
  }

  async #cached(name: string): Promise<ObtainedToken | undefined> {
    const obtained: Partial<ObtainedToken> | null | undefined = await this.#parts.tokenCache.get(name);
    return isObtainedToken(obtained) ? obtained : undefined;
  }

  /**
   * A new token for the refresh token that came with an old one; undefined where there is none that
   * works.
   */
  async #renewed(
    kept: KeptToken,
    owner: TokenOwner,
    context: ResourceCall,
  ): Promise<string | "issuer_away" | undefined> {
    const { tokenCache, serverProfile } = this.#parts;
    const { old, storedAs, isPresentable } = kept;
    const { subject, refreshToken } = old;
    if (refreshToken === undefined || serverProfile.tokenRequests.refresh === undefined) return undefined;
    const name = latestKey(owner);
    try {
      // A call that has to wait for another process must not end with one that has not.
      const shareName = isPresentable ? name : `${name} refused`;
      const obtained = await this.#share(shareName, context, async (own) => {
        const found = await this.#renewedOrClaimed(kept, refreshToken, name, own);
        return typeof found === "string" ? this.#renew(kept, refreshToken, found, name, own) : found;
      });
      // A token of one user must never become another's.
      return obtained.subject === subject ? obtained.token : undefined;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      // The auth server may be away for a moment, and then the token is still valid.
      if (isUnanswered(error)) return "issuer_away";
      if ((await this.#cached(storedAs))?.refreshToken !== refreshToken) return undefined;
    }
    await tokenCache.delete(name);
    return undefined;
  }

  /** Uses a refresh token that this process has claimed, and stores what it brings. */
  async #renew(
    { old, storedAs }: KeptToken,
    refreshToken: string,
    claim: string,
    name: string,
    context: CallContext,
  ): Promise<ObtainedToken> {
    const parts = this.#parts;
    const own = await tokenRequestContext(parts, context);
    const asked = parts.serverProfile.tokenRequests.refresh!(old.server, refreshToken, own);
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
   * Waits while another process renews a token that cannot be presented meanwhile, and returns what
   * it has got; or the claim, once this process may renew it.
   *
   * @throws AAuthAgentError `token_request_failed` where the other process has not renewed it
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
   * A token that speaks for a user is only stored or shared where the caller has said which user,
   * or where an upstream token stands for one, or the agent acts for one person only. Anything else
   * could hand one user's authority to another.
   */
  #mayStore({ subject }: ObtainedToken, { cacheKey, upstreamToken }: CallContext): boolean {
    const isNamed = subject === undefined || cacheKey !== undefined || upstreamToken !== undefined;
    return isNamed || this.#parts.serverProfile.tokenRequests.ownServer !== undefined;
  }
}

/** Longer than a token request takes, the search for its endpoint included. */
const renewalSeconds = (tokenRequestMs: number): number =>
  Math.min(Math.max(MIN_RENEWAL_SECONDS, Math.ceil(tokenRequestMs / 500)), MAX_RENEWAL_SECONDS);

function hit({ server, token }: ObtainedToken, { observe, resource }: ResourceCall): string {
  if (observe !== ignoreEvents) {
    observe({ type: "token_cache_hit", authServer: server, resource, tokenId: tokenId(token) });
  }
  return token;
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
): Promise<ObtainedToken> {
  const own = await identity(key);
  const subagentToken = own.scheme === "jwt" ? own.jwt : "";
  const shown = resourceToken === undefined ? {} : { resourceToken, presentedToken };
  return parent!({ subagentToken, resource, ...shown, observer: observe, signal });
}

/** Whether a token that is renewed would have every scope that is wanted. */
function covers(obtained: ObtainedToken, { scope }: WantedToken): boolean {
  const scopes = obtained.scope.split(" ");
  return scope !== "" && scope.split(" ").every((word) => scopes.includes(word));
}

// ----------------------------------------------------------------------------------------- sharing

interface Underway {
  readonly obtained: Promise<ObtainedToken>;
  readonly state: string | undefined;
  readonly abandoned: AbortController;
  callers: number;
}

/** One request for all calls that want the same token, unless the answer is a user's own. */
function createSharing(
  { serverProfile }: AgentParts,
  mayShare: (obtained: ObtainedToken, context: CallContext) => boolean,
): (
  wanted: string,
  context: CallContext,
  make: (shared: CallContext) => Promise<ObtainedToken>,
) => Promise<ObtainedToken> {
  const underway = new Map<string, Underway>();
  const isDeferring = serverProfile.calls.deferral !== undefined;

  return async (wanted, context, make) => {
    // A call that does not wait must not wait for one that does, and one that can reach a person
    // must not fail with one that cannot.
    const name = [context.waiting ?? "poll", ...capabilitiesOf(context), wanted].join(" ");
    // With two callers at a person's page, only the request's own caller would learn of it.
    const isOwn = isDeferring && context.onInteraction !== undefined;
    const other = isOwn ? undefined : underway.get(name);
    if (other !== undefined && !other.abandoned.signal.aborted) {
      try {
        const obtained = await shared(other, context);
        if (mayShare(obtained, context)) return obtained;
      } catch (error) {
        // A consent is asked for under one state: a call with another state must ask for itself.
        if (!(error instanceof ConsentRequiredError) || other.state === context.state) throw error;
      }
    }
    const abandoned = new AbortController();
    // Not the call's own signal: others may wait for the same request.
    const obtained = make({ ...context, signal: abandoned.signal });
    const own: Underway = { obtained, state: context.state, abandoned, callers: 0 };
    underway.set(name, own);
    const done = () => {
      if (underway.get(name) === own) underway.delete(name);
    };
    obtained.then(done, done);
    return shared(own, context);
  };

  /** The last caller to give up ends the request, which could last as long as a person takes. */
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

/** A token whose time to be renewed has come. */
interface KeptToken {
  readonly old: ObtainedToken;
  /** Its name in the cache. */
  readonly storedAs: string;
  /** No resource has refused it: it serves until it expires. */
  readonly isPresentable: boolean;
}

/** A token, and the key that must sign what it is sent with. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
  /** Near its expiry without a refresh token: presented only where no other can be had. */
  readonly isAgeing?: boolean;
}
