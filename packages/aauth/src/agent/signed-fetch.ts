/**
 * A `fetch` that signs, and that answers a challenge by itself.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import type { AgentAuth } from "../headers/agent-auth.ts";
import type { SignatureKeyChoice } from "../signing/sign-request.ts";
import type { SigningKey } from "../types.ts";
import { challengeOf, checkChallenge } from "./check-challenge.ts";
import { type AgentObserver, combineObservers, type RetryReason, type ShownToken } from "./events.ts";
import { type OutgoingRequest, readOutgoingRequest } from "./outgoing-request.ts";
import type { Sender } from "./sender.ts";
import { showToken } from "./shown-token.ts";
import type { TokenSource } from "./token-source.ts";

/** One call's circumstances. Nothing of it outlives the calls made with it, except tokens kept under `cacheKey`. */
export interface FetchContext {
  /** Sent with a token request and back with the user's consent. */
  readonly state?: string;
  /** The auth token of the caller on whose behalf this call is made: tokens are then had by exchange. */
  readonly upstreamToken?: string;
  /** An auth token to present from the first try on. It is not kept. */
  readonly authToken?: string;
  /** Names the user this call is made for, so that a token that speaks for this user is kept for the next call. */
  readonly cacheKey?: string;
  /** Identifier of the resource. Default: the origin of the URL. */
  readonly resource?: string;
  readonly observer?: AgentObserver;
  readonly signal?: AbortSignal;
}

export interface SignedFetchOptions {
  readonly id: string;
  readonly currentKey: () => SigningKey;
  /** What the first request is signed with. */
  readonly firstCredential: () => Promise<SignatureKeyChoice>;
  readonly identity: () => Promise<SignatureKeyChoice>;
  /** Whether a pseudonymous agent may say who it is when asked. */
  readonly raiseScheme: boolean;
  readonly trustedAuthServers: readonly string[];
  readonly send: Sender;
  readonly tokens: TokenSource;
  readonly observer: AgentObserver | undefined;
  readonly revealTokens: boolean;
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly maxRequestBodyBytes: number;
  readonly pythonAgents: boolean;
}

/**
 * Creates the fetch. At most four requests go to the resource: the first, one more without a held token that was refused,
 * one more for an identity challenge, and one more with a new auth token. Each kind of challenge is answered once,
 * freshly signed.
 */
export function createSignedFetch(options: SignedFetchOptions, context: FetchContext): typeof fetch {
  const observe = combineObservers(options.observer, context.observer);

  return async (input, init) => {
    const request = await readOutgoingRequest(input, init, options.maxRequestBodyBytes);
    const signals = context.signal === undefined ? request.signals : [context.signal, ...request.signals];
    // One key for the whole call, even if the agent's key is rotated meanwhile: the challenge is bound to it.
    const key = options.currentKey();
    const resource = context.resource ?? new URL(request.url).origin;
    const tokenContext = {
      key,
      resource,
      upstreamToken: context.upstreamToken,
      cacheKey: context.cacheKey,
      state: context.state,
      signal: signals.length > 0 ? AbortSignal.any([...signals]) : undefined,
      observe,
    };
    const attempt = (credential: SignatureKeyChoice) => send({ ...request, signals }, credential, key);
    const retry = (credential: SignatureKeyChoice, reason: RetryReason) => {
      const { url, method } = request;
      observe({ type: "request_retried", url, method, scheme: credential.scheme, reason });
      return attempt(credential);
    };

    const token = context.authToken ?? (await options.tokens.held(tokenContext));
    let credential = token === undefined ? await options.firstCredential() : withToken(token);
    let response = await attempt(credential);
    let challenge = await challengeIn(response, request);

    const held = context.authToken === undefined ? token : undefined;
    if (held !== undefined && challenge !== undefined && challenge.level !== "authorized") {
      // Refused without saying what would help, as when the issuer's key is gone: the token is no good any more.
      await response.body?.cancel();
      await options.tokens.discard(tokenContext);
      credential = await options.firstCredential();
      response = await retry(credential, "token_refused");
      challenge = await challengeIn(response, request);
    }

    if (challenge?.level === "identified" && credential.scheme === "hwk") {
      await response.body?.cancel();
      if (!options.raiseScheme) {
        throw new AAuthError("identity_required", "the resource wants to know who is calling");
      }
      credential = await options.identity();
      response = await retry(credential, "identity");
      challenge = await challengeIn(response, request);
    }

    // Where a person has to act first, the caller decides.
    if (challenge?.level !== "authorized" || challenge.userInteraction !== undefined) return response;
    await response.body?.cancel();
    const { id: agent, trustedAuthServers, now } = options;
    const expected = { trustedAuthServers, resource, agent, thumbprint: key.thumbprint, now: now() };
    const trusted = checkChallenge(challenge, expected);
    response = await retry(
      withToken(await options.tokens.obtain(trusted, tokenContext, token)),
      "authorization",
    );
    const again = await challengeIn(response, request);
    if (again?.level === "authorized") {
      await response.body?.cancel();
      await options.tokens.forget(trusted, tokenContext);
      throw new AAuthError(
        "challenge_repeated",
        "the resource challenged again although it got an auth token",
      );
    }
    return response;
  };

  function send(
    request: OutgoingRequest,
    credential: SignatureKeyChoice,
    key: SigningKey,
  ): Promise<Response> {
    const { timeoutMs, pythonAgents } = options;
    return options.send(request, { key, credential, purpose: "resource", timeoutMs, observe, pythonAgents });
  }

  async function challengeIn(response: Response, { url }: OutgoingRequest): Promise<AgentAuth | undefined> {
    let challenge: AgentAuth | undefined;
    try {
      challenge = challengeOf(response);
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
    if (challenge === undefined) return undefined;
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
