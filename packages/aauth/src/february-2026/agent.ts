/**
 * Operations of a February 2026 agent other than calls: consent codes, tokens for itself, and
 * refresh tokens (profile 6).
 *
 * @module
 */

import { partsOf } from "../agent/agent.ts";
import { keyWith } from "../agent/agent-keys.ts";
import { type AgentParts, type CallContext, type CallInput, contextOf } from "../agent/context.ts";
import { isSuccess, notifyServer, requestToken } from "../agent/token-request.ts";
import { tokenRequestContext } from "../agent/token-source.ts";
import type { Agent, CallControl, FetchContext } from "../agent/types.ts";
import { AAuthAgentError } from "../errors.ts";
import type { TokenRequest, TokenRequestContext } from "../profile/token-requests.ts";
import type { SigningKey } from "../types.ts";
import type { FebruaryAgentProfile } from "./agent-profile.ts";
import type { FebruaryToken } from "./renewal.ts";
import {
  type ConsentReturn,
  codeRequest,
  ownTokenRequest,
  readRefusal,
  revocationRequest,
} from "./token-requests.ts";

/** An agent that speaks February 2026. */
export interface FebruaryAgent extends Agent {
  /**
   * As for any agent.
   *
   * @throws ConsentRequiredError from the fetch: the auth server requires the user's consent.
   * @throws UserInteractionRequiredError from the fetch, if `returnUrl` is set.
   */
  fetchFor(context?: FebruaryFetchContext): typeof fetch;
  /**
   * Requests an auth token with this agent as the resource, to identify a user or for its own
   * delegates (SPEC 3.5). With identity scopes the user must consent, and
   * {@link FebruaryAgent.redeemCode} obtains the token.
   *
   * @throws ConsentRequiredError
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   * group.
   */
  requestOwnToken(input: OwnTokenInput): Promise<FebruaryToken>;
  /**
   * Redeems the code from the user's consent for an auth token.
   *
   * Does NOT check that the returned `state` belongs to the user: the application does.
   *
   * @throws TokenRequestError
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   * group.
   */
  redeemCode(input: RedeemCodeInput): Promise<FebruaryToken>;
  /**
   * Caches a token for calls with the same `cacheKey`, which present it and renew it by its refresh
   * token. For an agent that must first check who consented. Ignores a token that names no single
   * resource, or is bound to a key that is no longer held.
   */
  cacheToken(input: CacheTokenInput): Promise<void>;
  /**
   * Revokes a refresh token and the user's consent at the auth server (RFC 7009). An issued auth
   * token remains valid until it expires, but with `cached` it is dropped from the cache.
   *
   * @throws TokenRequestError; the cache is then unchanged
   * @throws AAuthAgentError `challenge_untrusted`, `token_request_failed`, or of the discovery
   *   group; the cache is then unchanged
   */
  revoke(input: RevokeInput): Promise<void>;
}

/** Context of a call. */
export interface FebruaryFetchContext extends FetchContext {
  /** Sent with a token request and returned with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /**
   * `keyThumbprint` of a {@link UserInteractionRequiredError}: repeats the request with the key to
   * which the user's decision applies, and without tokens of other keys. Default: the current key,
   * which also replaces one that is no longer held.
   */
  readonly keyThumbprint?: string | undefined;
}

/**
 * Adds the methods of February 2026 to an agent.
 *
 * @throws TypeError for an agent that {@link createAgent} did not create, or of another dialect
 *
 * @example
 * const agent = februaryAgent(createAgent({ id, key, profile: february2026Agent(options) }));
 */
export function februaryAgent(agent: Agent): FebruaryAgent {
  const { parts, tokens } = partsOf(agent) ?? {};
  if (parts === undefined || tokens === undefined || !("february" in parts.profile)) {
    throw new TypeError("agent must be created by createAgent with a profile of february2026Agent");
  }
  const { id, keys, profile } = parts;
  const { redirectUri } = (profile as FebruaryAgentProfile).february;

  async function cacheToken({ obtained, cacheKey }: CacheTokenInput): Promise<void> {
    const { resource, thumbprint } = obtained;
    const key = keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
    if (key === undefined || resource === undefined) return;
    await tokens!.store(obtained, { key, resource, cacheKey });
  }

  const obtain = (asked: TokenRequest, context: CallContext) =>
    requestToken(parts, asked, context) as Promise<FebruaryToken>;

  return {
    ...agent,
    cacheToken,

    requestOwnToken: ({ authServer, scope, ...input }) =>
      ask(parts, { key: keys.current(), resource: id, redirectUri, ...input }, async (context, own) =>
        obtain(ownTokenRequest(authServer, scope, own, context), context),
      ),

    async redeemCode({ authServer, code, cacheKey, keyThumbprint, ...input }) {
      const key = keyWith(keyThumbprint, keys);
      const obtained = await ask(parts, { key, redirectUri, ...input }, async (context, own) =>
        obtain(codeRequest(authServer, code, own, context), context),
      );
      if (cacheKey !== undefined) await cacheToken({ obtained, cacheKey });
      return obtained;
    },

    async revoke({ authServer, refreshToken, cached, ...input }) {
      // The response to a successful revocation has no content (RFC 7009 section 2.2).
      const hasContent = (status: number) => !isSuccess(status);
      await ask(parts, { key: keys.current(), ...input }, async (context, own) => {
        const request = revocationRequest(authServer, refreshToken, own);
        const response = await notifyServer(parts, request, context, { hasContent });
        if (hasContent(response.status)) throw readRefusal(response);
      });
      if (cached === undefined) return;
      for (const key of keys.usable()) await tokens.forget({ key, ...cached });
    },
  };
}

/** Sends a request outside of any call. */
async function ask<T>(
  parts: AgentParts,
  { key, ...input }: CallInput & ConsentReturn & { readonly key: SigningKey },
  send: (context: CallContext & ConsentReturn, own: TokenRequestContext) => Promise<T>,
): Promise<T> {
  try {
    const context = contextOf(parts, input, key);
    return await send(context, await tokenRequestContext(context));
  } catch (error) {
    throw AAuthAgentError.from(error);
  }
}

/** Request for a token with the agent as the resource. */
export interface OwnTokenInput extends CallControl {
  /** Issuer identifier; one of the profile's `authServers`. */
  readonly authServer: string;
  /** Space-separated: `openid`, `profile`, `email`, scopes of the agent itself. */
  readonly scope: string;
  /** Returned with the user's consent. Default: none. */
  readonly state?: string | undefined;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
}

/** A code from the user's consent. */
export interface RedeemCodeInput extends CallControl {
  /**
   * Issuer identifier; one of the profile's `authServers`. `authServer` of the
   * {@link ConsentRequiredError}.
   */
  readonly authServer: string;
  /** From the query of the redirect. */
  readonly code: string;
  /** Default: the agent's. */
  readonly redirectUri?: string | undefined;
  /**
   * Caches the token and its refresh token for calls with the same `cacheKey`. See
   * {@link FebruaryAgent.cacheToken}. Default: neither is cached.
   */
  readonly cacheKey?: string | undefined;
  /**
   * `keyThumbprint` of the {@link ConsentRequiredError}: no other key can redeem the code. Default:
   * the current key.
   */
  readonly keyThumbprint?: string | undefined;
}

/** A token to cache, and its user. */
export interface CacheTokenInput {
  /** A token returned by a method of the agent. */
  readonly obtained: FebruaryToken;
  /** Key of the user. */
  readonly cacheKey: string;
}

/** A refresh token to revoke. */
export interface RevokeInput extends CallControl {
  /** Issuer identifier; one of the profile's `authServers`. */
  readonly authServer: string;
  /** Refresh token of an obtained token. */
  readonly refreshToken: string;
  /** User and resource whose cached tokens are dropped as well. Default: none. */
  readonly cached?: { readonly resource: string; readonly cacheKey: string };
}
