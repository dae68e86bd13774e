/**
 * A `fetch` that signs, and that answers a challenge by itself.
 *
 * @module
 */

import { discardBody } from "../discovery/direct-response.ts";
import { AAuthError } from "../errors.ts";
import type { AgentAuth } from "../profiles/february-2026/agent-auth.ts";
import type { SigningKey } from "../types.ts";
import { type AgentKeys, keyBoundIn, pinnedTo } from "./agent-keys.ts";
import { challengeOf, checkChallenge, type TrustedChallenge } from "./check-challenge.ts";
import {
  type AgentObserver,
  combineObservers,
  ignoreEvents,
  type RetryReason,
  type ShownToken,
} from "./events.ts";
import { type OutgoingRequest, readOutgoingRequest } from "./outgoing-request.ts";
import type { ResourceTokenClient } from "./resource-token-client.ts";
import type { Sender, SendOptions } from "./sender.ts";
import { showToken } from "./shown-token.ts";
import type { SignatureKeyChoice } from "./sign-request.ts";
import { anyOf } from "./timeout.ts";
import type { TokenSource } from "./token-source.ts";
import { interactionRequired } from "./user-interaction.ts";

/** One call's circumstances. Nothing of it outlives the calls made with it, except tokens kept under `cacheKey`. */
export interface FetchContext {
  /** Sent with a token request and back with the user's consent. */
  readonly state?: string | undefined;
  /** The auth token of the caller on whose behalf this call is made: tokens are then had by exchange. */
  readonly upstreamToken?: string | undefined;
  /** An auth token to present from the first try on. It is not kept. */
  readonly authToken?: string | undefined;
  /** Names the user this call is made for, so that a token that speaks for this user is kept for the next call. */
  readonly cacheKey?: string | undefined;
  /** Identifier of the resource. Default: the origin of the URL. */
  readonly resource?: string | undefined;
  /**
   * Space-separated scopes that the call is known to need. Without a held token they are asked for at the resource's
   * `resource_token_endpoint`, and the call itself goes out once, with an auth token. Where that does not work the call is made all
   * the same, and its challenge counts.
   */
  readonly scope?: string | undefined;
  /** Where a user comes back to whom the resource wants in person; without it such a challenge is the response. */
  readonly returnUrl?: string | undefined;
  /**
   * `keyThumbprint` of a `UserInteractionRequiredError`: the request is made again with the key that the user's answer is for, and
   * with no token of another. Default: the current key, which also takes the place of one that is gone.
   */
  readonly keyThumbprint?: string | undefined;
  readonly observer?: AgentObserver | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SignedFetchOptions {
  readonly id: string;
  readonly keys: AgentKeys;
  /** What the first request is signed with. */
  readonly firstCredential: (key: SigningKey) => Promise<SignatureKeyChoice>;
  readonly identity: (key: SigningKey) => Promise<SignatureKeyChoice>;
  /** Whether a pseudonymous agent may say who it is when asked. */
  readonly raiseScheme: boolean;
  readonly trustedAuthServers: readonly string[];
  readonly send: Sender;
  readonly tokens: TokenSource;
  readonly resourceToken: ResourceTokenClient;
  readonly observer: AgentObserver | undefined;
  readonly revealTokens: boolean;
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly maxRequestBodyBytes: number;
  readonly pythonAgents: boolean;
}

/** Too Many Requests. */
const LIMITED = 429;

/**
 * Creates the fetch. At most four requests go to the resource: the first, one more without a held token that was refused,
 * one more for an identity challenge, and one more with a new auth token. Each kind of challenge is answered once,
 * freshly signed. A challenge that comes with 429 is answered like one with 401, since what is refused for its number has not
 * been done; where that fails, the 429 is the response.
 */
export function createSignedFetch(options: SignedFetchOptions, context: FetchContext): typeof fetch {
  const observe = combineObservers(options.observer, context.observer);

  return async (input, init) => {
    const { maxRequestBodyBytes: maxBodyBytes } = options;
    const request = await readOutgoingRequest(input, init, { maxBodyBytes, signal: context.signal });
    const { signals } = request;
    const keys = pinnedTo(context.keyThumbprint, options.keys);
    // One key for the whole call, even if the agent's key is rotated meanwhile: the challenge is bound to it.
    const current = keys.current();
    const resource = context.resource ?? request.origin;
    const contextWith = (key: SigningKey) => ({
      key,
      resource,
      upstreamToken: context.upstreamToken,
      cacheKey: context.cacheKey,
      state: context.state,
      signal: anyOf(signals),
      observe,
    });
    let attempts = 0;
    const attempt = (credential: SignatureKeyChoice, retryReason?: RetryReason) => {
      attempts++;
      return send(request, { credential, key, attempt: attempts, retryReason });
    };
    const retry = (credential: SignatureKeyChoice, reason: RetryReason) => {
      const { url, method } = request;
      observe({ type: "request_retried", url, method, scheme: credential.scheme, reason });
      return attempt(credential, reason);
    };

    const given = context.authToken;
    const held =
      given === undefined ? await options.tokens.held(contextWith(current), keys.usable()) : undefined;
    // A token from before a rotation is used with the key it is bound to.
    let key = held?.key ?? (given === undefined ? current : await keyBoundIn(given, keys));
    const token = given ?? held?.token ?? (await tokenFor(context.scope, key));
    let presented = token;
    let credential = token === undefined ? await options.firstCredential(key) : withToken(token);
    let response = await attempt(credential);
    let challenge = await challengeIn(response, request);

    if (
      held !== undefined &&
      challenge !== undefined &&
      challenge.userInteraction === undefined &&
      response.status !== LIMITED &&
      (challenge.level !== "authorized" || key !== current)
    ) {
      // Refused without saying what would help, as when the issuer's key is gone: the token is no good any more. A key that has been
      // replaced is not worth a new token either.
      await discardBody(response);
      await options.tokens.discard(contextWith(key));
      key = current;
      const renewed = await options.tokens.held(contextWith(key), keys.usable());
      presented = renewed?.token ?? token;
      credential = renewed === undefined ? await options.firstCredential(key) : withToken(renewed.token);
      response = await retry(credential, renewed === undefined ? "token_refused" : "authorization");
      challenge = await challengeIn(response, request);
    }

    if (challenge?.level === "identified" && credential.scheme === "hwk") {
      // Over its limit an agent that wants to stay anonymous can wait.
      if (!options.raiseScheme && response.status === LIMITED) return response;
      await discardBody(response);
      if (!options.raiseScheme) {
        throw new AAuthError("identity_required", "the resource wants to know who is calling");
      }
      credential = await options.identity(key);
      response = await retry(credential, "identity");
      challenge = await challengeIn(response, request);
    }

    if (challenge?.userInteraction !== undefined) {
      const { returnUrl } = context;
      if (returnUrl === undefined) return response;
      await discardBody(response);
      throw interactionRequired(challenge.userInteraction, {
        resource,
        returnUrl,
        keyThumbprint: key.thumbprint,
      });
    }
    if (challenge?.level !== "authorized") return response;
    const isLimited = response.status === LIMITED;
    if (!isLimited) await discardBody(response);
    const { id: agent, trustedAuthServers, now } = options;
    const tokenContext = contextWith(key);
    let trusted: TrustedChallenge;
    let authToken: string;
    try {
      const expected = { trustedAuthServers, resource, agent, thumbprint: key.thumbprint, now: now() };
      trusted = checkChallenge(challenge, expected);
      authToken = await options.tokens.obtain(trusted, tokenContext, presented);
    } catch (error) {
      // A higher limit would have been a favour: without it the answer is to wait.
      if (isLimited && error instanceof AAuthError) return response;
      throw error;
    }
    if (isLimited) await discardBody(response);
    response = await retry(withToken(authToken), "authorization");
    const again = await challengeIn(response, request);
    if (again?.level === "authorized" && again.userInteraction === undefined && response.status !== LIMITED) {
      await discardBody(response);
      await options.tokens.forget(trusted, tokenContext);
      throw new AAuthError(
        "challenge_repeated",
        "the resource challenged again although it got an auth token",
      );
    }
    if (again?.userInteraction !== undefined && context.returnUrl !== undefined) {
      await discardBody(response);
      const { returnUrl } = context;
      throw interactionRequired(again.userInteraction, {
        resource,
        returnUrl,
        keyThumbprint: key.thumbprint,
      });
    }
    return response;

    async function tokenFor(scope: string | undefined, key: SigningKey): Promise<string | undefined> {
      // Who may not say who it is cannot ask for a token beforehand either.
      if (scope === undefined) return undefined;
      if (!options.raiseScheme && (await options.firstCredential(key)).scheme === "hwk") return undefined;
      const credential = await options.identity(key);
      const offered = await options.resourceToken({ resource, scope, credential, key, observe, signals });
      return offered && options.tokens.obtain(offered, contextWith(key), undefined);
    }
  };

  function send(
    request: OutgoingRequest,
    attempt: Pick<SendOptions, "key" | "credential" | "attempt" | "retryReason">,
  ): Promise<Response> {
    const { timeoutMs, pythonAgents } = options;
    return options.send(request, { ...attempt, purpose: "resource", timeoutMs, observe, pythonAgents });
  }

  async function challengeIn(response: Response, { url }: OutgoingRequest): Promise<AgentAuth | undefined> {
    let challenge: AgentAuth | undefined;
    try {
      challenge = challengeOf(response);
    } catch (error) {
      await discardBody(response);
      throw error;
    }
    if (challenge === undefined || observe === ignoreEvents) return challenge;
    const { level, authServer, resourceToken } = challenge;
    const shown = resourceToken === undefined ? undefined : shownOrNothing(resourceToken);
    observe({
      type: "challenge_received",
      url,
      status: response.status,
      level,
      ...(authServer === undefined ? {} : { authServer }),
      ...(shown === undefined ? {} : { resourceToken: shown }),
    });
    return challenge;
  }

  function shownOrNothing(token: string): ShownToken | undefined {
    try {
      return showToken(token, options.revealTokens);
    } catch {
      return undefined; // it is refused a moment later
    }
  }
}

function withToken(jwt: string): SignatureKeyChoice {
  return { scheme: "jwt", jwt };
}
