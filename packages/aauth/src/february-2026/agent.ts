/**
 * What an agent of February 2026 does beside its calls: codes of a user's consent, tokens for
 * itself, refresh tokens (profile 6).
 *
 * @module
 */

import { partsOf } from "../agent/agent.ts";
import { keyWith } from "../agent/agent-keys.ts";
import type { AgentParts, CallContext } from "../agent/context.ts";
import { combineObservers, ignoreEvents } from "../agent/events.ts";
import type { ObtainedToken } from "../agent/token-cache.ts";
import { isSuccess, notifyServer, requestToken } from "../agent/token-request.ts";
import { tokenRequestContext } from "../agent/token-source.ts";
import type { Agent, CallControl } from "../agent/types.ts";
import { AAuthAgentError } from "../errors.ts";
import type { TokenRequestContext } from "../profile/token-requests.ts";
import type { SigningKey } from "../types.ts";
import {
  codeRequest,
  ownTokenRequest,
  readRefusal,
  revocationRequest,
  tokenRequests,
} from "./token-requests.ts";

/** An agent that speaks February 2026. */
export interface FebruaryAgent extends Agent {
  /**
   * Asks for an auth token for this agent itself, which is then the resource, too: to learn who a
   * user is, or for its own delegates (SPEC 3.5). With identity scopes the user is asked, and the
   * token comes by {@link FebruaryAgent.redeemCode}.
   *
   * @throws ConsentRequiredError
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   * group.
   */
  requestOwnToken(input: OwnTokenInput): Promise<ObtainedToken>;
  /**
   * Exchanges the code that came back with the user's consent for an auth token.
   *
   * Does NOT check that the `state` beside the code is the user's: the application does.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   * group.
   */
  redeemCode(input: RedeemCodeInput): Promise<ObtainedToken>;
  /**
   * Caches a token for calls made with the same `cacheKey`: they present it, and renew it by its
   * refresh token. For an agent that has to judge whose consent a code brought before it is used.
   * Does nothing with a token that names no single resource, or is bound to a key that is gone.
   */
  cacheToken(input: CacheTokenInput): Promise<void>;
  /**
   * Revokes a refresh token: the auth server forgets it, and that the user has consented (RFC
   * 7009). An auth token already issued remains valid until it expires, but is not presented again
   * where `cached` says whose it is.
   *
   * @throws TokenRequestError; the cache is as before then.
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   * group; the cache is as before then.
   */
  revoke(input: RevokeInput): Promise<void>;
}

/**
 * The agent, with the methods that February 2026 adds.
 *
 * @throws TypeError for an agent that {@link createAgent} has not made, or of another dialect
 *
 * @example
 * const agent = februaryAgent(createAgent({ profile: february2026, ...options }));
 */
export function februaryAgent(agent: Agent): FebruaryAgent {
  const { parts, tokens } = partsOf(agent) ?? {};
  if (parts === undefined || tokens === undefined || parts.profile.tokenRequests !== tokenRequests) {
    throw new TypeError("agent must be one of createAgent, of the profile of February 2026");
  }
  const { id, keys } = parts;

  async function cacheToken({ obtained, cacheKey }: CacheTokenInput): Promise<void> {
    const { resource, thumbprint } = obtained;
    const key = keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
    if (key === undefined || resource === undefined) return;
    await tokens!.store(obtained, outsideCalls(key, resource, cacheKey));
  }

  return {
    ...agent,
    cacheToken,

    requestOwnToken: ({ authServer, scope, ...input }) =>
      ask(parts, { key: keys.current(), resource: id, ...input }, async (context, own) =>
        requestToken(parts, ownTokenRequest(authServer, scope, own), context),
      ),

    async redeemCode({ authServer, code, cacheKey, keyThumbprint, ...input }) {
      const key = keyWith(keyThumbprint, keys);
      const obtained = await ask(parts, { key, ...input }, async (context, own) =>
        requestToken(parts, codeRequest(authServer, code, own), context),
      );
      if (cacheKey !== undefined) await cacheToken({ obtained, cacheKey });
      return obtained;
    },

    async revoke({ authServer, refreshToken, cached, ...input }) {
      // The answer to a revocation says nothing (RFC 7009 section 2.2).
      const hasContent = (status: number) => !isSuccess(status);
      await ask(parts, { key: keys.current(), ...input }, async (context, own) => {
        const request = revocationRequest(authServer, refreshToken, own);
        const response = await notifyServer(parts, request, context, { hasContent });
        if (hasContent(response.status)) throw readRefusal(response);
      });
      if (cached === undefined) return;
      for (const key of keys.usable())
        await tokens.forget(outsideCalls(key, cached.resource, cached.cacheKey));
    },
  };

  function outsideCalls(key: SigningKey, resource: string, cacheKey: string) {
    return { key, resource, cacheKey, observe: ignoreEvents, trustedServers: [] };
  }
}

/** A request of the agent itself, beside any call. */
async function ask<T>(
  parts: AgentParts,
  input: Pick<CallContext, "key" | "resource" | "observer" | "signal" | "state" | "redirectUri">,
  send: (context: CallContext, own: TokenRequestContext) => Promise<T>,
): Promise<T> {
  try {
    const context: CallContext = {
      ...input,
      redirectUri: input.redirectUri ?? parts.redirectUri,
      observe: combineObservers(parts.observer, input.observer),
      trustedServers: parts.trustedAuthServers,
    };
    return await send(context, await tokenRequestContext(parts, context));
  } catch (error) {
    throw AAuthAgentError.from(error);
  }
}

/** A token for the agent itself. */
export interface OwnTokenInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** Space-separated: `openid`, `profile`, `email`, scopes of the agent itself. */
  readonly scope: string;
  /** Sent along and back with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
}

/** A code that came back with the user's consent. */
export interface RedeemCodeInput extends CallControl {
  /**
   * Issuer identifier; one of `trustedAuthServers`. `authServer` of the
   * {@link ConsentRequiredError}.
   */
  readonly authServer: string;
  /** From the query of the redirect. */
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /**
   * Caches the token, and a refresh token, for calls of this user made with the same `cacheKey`.
   * See {@link FebruaryAgent.cacheToken}. Default: neither is cached.
   */
  readonly cacheKey?: string | undefined;
  /**
   * `keyThumbprint` of the {@link ConsentRequiredError}: no other key can redeem the code. Default:
   * the current key.
   */
  readonly keyThumbprint?: string | undefined;
}

/** A token, and for whom it is cached. */
export interface CacheTokenInput {
  /** As a method of the agent returned it. */
  readonly obtained: ObtainedToken;
  /** Names the user it is cached for. */
  readonly cacheKey: string;
}

/** A refresh token to revoke. */
export interface RevokeInput extends CallControl {
  /** Issuer identifier; one of `trustedAuthServers`. */
  readonly authServer: string;
  /** As an obtained token has it. */
  readonly refreshToken: string;
  /**
   * Whose tokens are dropped, too: those cached for this user at this resource. Default: nothing is
   * dropped.
   */
  readonly cached?: { readonly resource: string; readonly cacheKey: string };
}
