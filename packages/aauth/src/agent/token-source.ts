/**
 * Sources of a call's token: the cache, another call's pending request, or its own request.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";
import type { WantedToken } from "../profile/calls.ts";
import type { RenewToken } from "../profile/renewal.ts";
import type { ObtainedToken, TokenRequestContext } from "../profile/token-requests.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { hashToken } from "../tokens/verified-tokens.ts";
import type { SigningKey } from "../types.ts";
import { type AgentParts, type CallContext, capabilitiesOf } from "./context.ts";
import { ignoreEvents } from "./events.ts";
import { unlessAborted } from "./timeout.ts";
import { exactKey, latestKey, sessionKey, type TokenOwner } from "./token-cache.ts";
import { requestToken } from "./token-request.ts";
import type { PollState } from "./waiting-call.ts";

/** A call to a known resource, at `url`. */
export type ResourceCall = CallContext & { readonly resource: string; readonly url: string };

/** Circumstances under which a token is cached. */
export type TokenUse = Pick<ResourceCall, "key" | "resource" | "upstreamToken" | "cacheKey" | "mission">;

export class TokenSource {
  readonly #parts: AgentParts;
  readonly #share: ReturnType<typeof createSharing>;
  readonly #renew: RenewToken | undefined;
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
    this.#renew = tokenRequests.renewal?.({
      tokens: parts.tokenCache,
      now: parts.now,
      tokenRequestMs: parts.timeouts.tokenRequestMs,
    });
    this.#share = createSharing(parts, (obtained, context) => this.#mayStore(obtained, context));
  }

  /**
   * The cached token for this resource under the first of `keys` that has one. It is renewed with
   * the call's key if it is due and has a continuation.
   */
  async held(context: ResourceCall, keys: readonly SigningKey[]): Promise<HeldToken | undefined> {
    const { now, tokenCache } = this.#parts;
    const own = await this.#ownerOf(context);
    for (const key of keys) {
      const owner = key === context.key ? own : { ...own, thumbprint: key.thumbprint };
      const obtained = await tokenCache.get(latestKey(owner));
      if (obtained === undefined) continue;
      const isPresentable = obtained.isRefused !== true;
      if (isPresentable && now() < obtained.renewAt) return { token: hit(obtained, context), key };
      // A continuation belongs to the agent, not to a key: the new token is bound to the current
      // key.
      const renewal = await this.#renewed(obtained, owner, own, context);
      if (owner !== own && renewal !== "issuer_away") await tokenCache.delete(latestKey(owner));
      if (renewal === "issuer_away") {
        if (isPresentable && now() < obtained.expiresAt) return { token: hit(obtained, context), key };
      } else if (renewal !== undefined) {
        return { token: renewal, key: context.key };
      } else if (this.#renew === undefined) {
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
    const known = await parts.tokenCache.get(name);
    if (known !== undefined && known.token !== presented && parts.now() < known.renewAt) {
      await parts.tokenCache.set(latestKey(owner), known);
      return { token: hit(known, context), isHeld: true };
    }
    const latest = await parts.tokenCache.get(latestKey(owner));
    if (latest !== undefined && latest.token === presented && covers(latest, wanted)) {
      // The resource refused the token as too old or no longer valid. Its continuation needs no
      // user.
      const renewal = await this.#renewed({ ...latest, isRefused: true }, owner, owner, context);
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

  /** Drops the cached token for this resource, but keeps its continuation. */
  async discard(context: TokenUse): Promise<void> {
    const { tokenCache } = this.#parts;
    const key = latestKey(await this.#ownerOf(context));
    const obtained = await tokenCache.get(key);
    if (obtained?.storedAs !== undefined) await tokenCache.delete(obtained.storedAs);
    if (obtained?.continuation === undefined) {
      await tokenCache.delete(key);
      return;
    }
    await tokenCache.update(key, (kept) => {
      if (kept?.token !== obtained.token) return undefined; // hole V58a
      return { ...kept, isRefused: true };
    });
  }

  /** Drops the token that a resource refused, its continuation, and the wanted token. */
  async forget(context: TokenUse, wanted?: WantedToken): Promise<void> {
    const { tokenCache } = this.#parts;
    const owner = await this.#ownerOf(context);
    await tokenCache.delete(latestKey(owner));
    if (wanted) await tokenCache.delete(exactKey(owner, wanted.server, wanted.scope, wanted.variant));
  }

  /** The session token that the resource issued to this key, if any. */
  async session(context: TokenUse): Promise<string | undefined> {
    return (await this.#parts.tokenCache.get(sessionKey(await this.#ownerOf(context))))?.token;
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

  /** The token that replaces one of `owner`, bound to the key of the call. */
  async #renewed(
    old: ObtainedToken,
    owner: TokenOwner,
    own: TokenOwner,
    context: ResourceCall,
  ): Promise<string | "issuer_away" | undefined> {
    if (this.#renew === undefined || old.continuation === undefined) return undefined;
    const ageing = { old, storedAs: latestKey(owner), name: latestKey(own) };
    const renewed = await this.#renew(ageing, (name, make) =>
      this.#share(name, context, async (shared) =>
        make({
          signal: shared.signal,
          request: async (asked) =>
            requestToken(this.#parts, asked(await tokenRequestContext(shared)), shared),
        }),
      ),
    );
    return renewed === undefined || renewed === "issuer_away" ? renewed : renewed.token;
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
        if (!(error instanceof AAuthAgentError && error.code === "consent_required")) throw error;
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

/** A token, and the key that must sign the requests that carry it. */
export interface HeldToken {
  readonly token: string;
  readonly key: SigningKey;
  /** Near expiry, in a profile without renewal. Presented only if no other can be obtained. */
  readonly isAgeing?: boolean;
}
