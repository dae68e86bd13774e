/**
 * Talks to token endpoints in the words of a wire profile: finds the endpoint by discovery, signs, reads, polls, and checks that a token is
 * valid before it is handed out.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import { AAuthAgentError, AAuthError, ConsentRequiredError } from "../errors.ts";
import type { Demand, ResponseHead } from "../profile/calls.ts";
import type {
  ApprovedMission,
  GrantAnswer,
  GrantContext,
  GrantRequest,
  GrantResponse,
  OfferRules,
} from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import type { PendingState } from "../profile/waiting.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, ignoreEvents, showToken } from "./events.ts";
import type { Grant } from "./grant-cache.ts";
import { type LeftWaiting, type Look, type Participation, PendingAnswer } from "./pending-answer.ts";
import type { Sender } from "./sender.ts";
import { unlessAborted, withTimeout } from "./timeout.ts";

export interface GrantClient {
  /**
   * @param left the same request, where its answer was left pending
   * @throws ConsentRequiredError; TokenRequestError; LeftPending; AAuthAgentError `challenge_untrusted`, `token_request_failed`,
   * `request_cancelled`, `payment_required` or of the discovery group
   */
  request(request: GrantRequest, circumstances: GrantCircumstances, left?: LeftWaiting): Promise<Grant>;
  /** Proposes a mission, and returns it with the grants that came with its approval. */
  propose(request: GrantRequest, circumstances: GrantCircumstances): Promise<ProposedMission>;
  /** Asks a server to bring its person to an interaction; false where it does not. */
  relay(make: () => GrantRequest, circumstances: GrantCircumstances): Promise<boolean>;
  /** Revokes a refresh token (RFC 7009). */
  revoke(request: GrantRequest, circumstances: GrantCircumstances): Promise<void>;
  /**
   * Asks for the resource token that a resource hands out before it is called. `demand`: undefined where it refuses, or does without one; nothing at
   * all where it has no such endpoint.
   */
  offer(
    resource: string,
    scope: string,
    credential: Credential,
    circumstances: GrantCircumstances,
  ): Promise<Offer | undefined>;
}

export function createGrantClient(options: GrantClientOptions): GrantClient {
  const { profile, discovery, now, timeoutMs, revealTokens } = options;
  const { grants } = profile;
  const { renewBeforeSeconds = RENEW_BEFORE_SECONDS } = grants;
  // A server that holds a request has to answer well before the exchange is given up.
  const waitSeconds = Math.floor(Math.min(timeoutMs / 2_000, MAX_PREFERRED_SECONDS));

  return { request, propose, relay, revoke, offer };

  async function request(
    asked: GrantRequest,
    circumstances: GrantCircumstances,
    left?: LeftWaiting,
  ): Promise<Grant> {
    const { server, type, expects } = asked;
    const { metadata, answer } = await settle(asked, circumstances, grants.read, left);
    if (answer.type === "consent") throw consentRequired(answer, metadata, server, circumstances);
    return granted(answer, { type, server, expects }, circumstances);
  }

  /** Makes sure that a token is what was asked for, and tells the observer of it. */
  async function granted(
    answer: Extract<GrantAnswer, { type: "granted" }>,
    { type, server, expects }: Pick<GrantRequest, "type" | "server" | "expects">,
    { key, resource, observe, boundTo = key.thumbprint }: GrantCircumstances,
  ): Promise<Grant> {
    const expected = { type, expects, server, resource, thumbprint: boundTo, now: now() };
    const { claims, exp } = await grants.check(answer.token, expected);
    const left = exp - expected.now;
    const expiresInSeconds = Math.min(left, answer.expiresInSeconds ?? left);
    if (observe !== ignoreEvents) {
      const token = showToken(answer.token, revealTokens);
      observe({ type: "token_received", authServer: server, requestType: type, token, expiresInSeconds });
    }
    const times = { now: expected.now, expiresInSeconds, renewBeforeSeconds };
    return grantOf(answer, server, claims, boundTo, times);
  }

  async function propose(asked: GrantRequest, circumstances: GrantCircumstances): Promise<ProposedMission> {
    const { missions } = grants;
    if (missions === undefined) throw new TypeError(`profile ${profile.name} has no missions`);
    const { answer } = await settle(asked, circumstances, async (response) =>
      response.status === ACCEPTED
        ? grants.read(response)
        : ({ type: "approved", ...(await missions.read(response)) } as const),
    );
    if (answer.type !== "approved") throw failed("the answer is not the approval of a mission");
    const { type: _, ...mission } = answer;
    const tokens = await Promise.all(
      Object.entries(mission.tokens).map(async ([resource, token]) => {
        const expected = missions.expected(mission, resource);
        const request = { ...asked, expects: expected.expects };
        const grant = await granted({ type: "granted", token }, request, { ...circumstances, resource });
        return { ...expected, resource, grant };
      }),
    );
    return { mission, tokens };
  }

  /** Sends a request, and looks for its answer for as long as it is pending. */
  async function settle<Answer extends { readonly type: string }>(
    asked: GrantRequest,
    circumstances: GrantCircumstances,
    read: (response: GrantResponse) => Awaitable<Answer>,
    left?: LeftWaiting,
  ) {
    const { server, type, contentType, body, credential } = asked;
    const { observe, signal, participation = POLLING } = circumstances;
    const { url, metadata } = await endpointOf(asked, circumstances);
    const waiting = new PendingAnswer({
      asked: url,
      party: server,
      pendingMs: options.pendingMs,
      participation,
      pageOf: profile.calls.pageOf,
      formatClarification: grants.clarify,
      now,
      observe,
      signal,
      untrusted: failed,
      left,
    });
    const exchange = { credential, purpose: "token", mayWait: participation.waiting === "poll" } as const;
    const next = async (pending: PendingState) => look(await waiting.next(pending), exchange, circumstances);
    let pending = left?.pending;
    let response: GrantResponse;
    if (pending === undefined) {
      observe({ type: "token_requested", authServer: server, requestType: type, url });
      response = await roundTrip({ url, contentType, body, ...exchange }, circumstances);
    } else {
      response = await next(pending);
    }
    for (;;) {
      if (pending !== undefined && isTooMany(response)) {
        const retryAfterSeconds = secondsOf(response.field("retry-after"));
        const isTooOften = response.status === TOO_MANY_REQUESTS;
        if (isTooOften) waiting.slower();
        if (!isTooOften || retryAfterSeconds > pending.retryAfterSeconds)
          pending = { ...pending, retryAfterSeconds };
      } else {
        const answer = await read(response);
        if (!isPending(answer)) return { metadata, answer: answer as Exclude<Answer, PendingGrant> };
        pending = answer.pending;
      }
      response = await next(pending);
    }
  }

  async function look(
    { url, method, contentType, body, withdrawn }: Look,
    exchange: Pick<Exchange, "credential" | "purpose" | "mayWait">,
    circumstances: GrantCircumstances,
  ): Promise<GrantResponse> {
    const sent = { ...exchange, url, method, ...(contentType && { contentType }), ...(body && { body }) };
    const hasNoContent = () => withdrawn !== undefined;
    const response = await roundTrip({ ...sent, hasNoContent }, circumstances);
    if (withdrawn !== undefined) throw withdrawn;
    // What is taken without saying where the answer will be is answered where it was before (draft -11, section 7.5.2.1).
    const field = (name: string) => response.field(name) ?? (name === "location" ? url : null);
    return { ...response, field };
  }

  async function relay(make: () => GrantRequest, circumstances: GrantCircumstances): Promise<boolean> {
    const { observe } = circumstances;
    try {
      const asked = make();
      const { server, type, contentType, body, credential } = asked;
      const { url } = await endpointOf(asked, circumstances);
      observe({ type: "token_requested", authServer: server, requestType: type, url });
      const exchange: Exchange = { url, contentType, body, credential, purpose: "token" };
      // Its own pending answer says no more than that the person was reached: the resource's is the one that counts.
      return isSuccess((await roundTrip({ ...exchange, hasNoContent: () => true }, circumstances)).status);
    } catch (error) {
      // The person can still be brought there without the server.
      if (error instanceof AAuthError) return false;
      throw error;
    }
  }

  async function endpointOf(
    { server, kind, endpoint }: GrantRequest,
    { signal, trustedServers = options.trustedServers }: GrantCircumstances,
  ) {
    if (!trustedServers.includes(server)) {
      throw new AAuthAgentError("challenge_untrusted", "the auth server is not one this agent trusts");
    }
    const metadata = await unlessAborted(metadataOf(kind, server), signal);
    const url = endpoint(metadata);
    if (url === undefined) throw failed("the auth server's document names no such endpoint");
    return { url: new URL(url).href, metadata };
  }

  /** Which members a document has is the profile's. */
  async function metadataOf(kind: DiscoveryKind, id: string): Promise<Readonly<Record<string, unknown>>> {
    return { ...(await discovery.metadata(kind, id)) };
  }

  /** The whole exchange has one time limit, reading included: an answer is short and must not drip. */
  async function roundTrip(
    { url, method, contentType, body, credential, purpose, hasNoContent, mayWait }: Exchange,
    { key, observe, signal }: GrantCircumstances,
  ): Promise<GrantResponse> {
    let status: number | undefined;
    try {
      return await withTimeout(
        timeoutMs,
        async (timeout) => {
          const headers = {
            ...(contentType && { "content-type": contentType }),
            accept: "application/json",
            ...(mayWait && grants.defers && waitSeconds > 0 && { prefer: `wait=${waitSeconds}` }),
          };
          const sent = {
            method: method ?? (body === undefined ? "GET" : "POST"),
            body: body === undefined ? undefined : utf8.encode(body),
          };
          const outgoing = { ...sent, url, headers, signals: [timeout] };
          const send = purpose === "token" ? options.send : options.sendToResource;
          const response = await send(outgoing, { key, credential, purpose, observe });
          status = response.status;
          const head = { status, url, field: (name: string) => response.headers.get(name) };
          if (!hasNoContent?.(status)) return { ...head, members: await readMembers(response, purpose) };
          await response.body?.cancel();
          return { ...head, members: undefined };
        },
        signal === undefined ? [] : [signal],
      );
    } catch (error) {
      if (error instanceof AAuthError || signal?.aborted || purpose === "resource") throw error;
      throw new AAuthAgentError("token_request_failed", unread(status, error, timeoutMs), { cause: error });
    }
  }

  function consentRequired(
    { requestToken, expiresInSeconds }: Extract<GrantAnswer, { type: "consent" }>,
    metadata: Readonly<Record<string, unknown>>,
    authServer: string,
    { observe, key, context }: GrantCircumstances,
  ): AAuthError {
    const consentUrl = grants.consentUrl(metadata, { requestToken }, context);
    if (consentUrl === undefined) {
      return failed("the auth server wants consent but has no place to give it");
    }
    observe({ type: "consent_required", authServer, expiresInSeconds });
    const { thumbprint: keyThumbprint } = key;
    return new ConsentRequiredError({
      consentUrl,
      requestToken,
      authServer,
      expiresInSeconds,
      keyThumbprint,
    });
  }

  async function revoke(asked: GrantRequest, circumstances: GrantCircumstances): Promise<void> {
    const { url } = await endpointOf(asked, circumstances);
    const { contentType, body, credential } = asked;
    const response = await roundTrip(
      // The answer to a revocation says nothing (RFC 7009 section 2.2).
      { url, contentType, body, credential, purpose: "token", hasNoContent: isSuccess },
      circumstances,
    );
    if (!isSuccess(response.status)) grants.read(response);
  }

  async function offer(
    resource: string,
    scope: string,
    credential: Credential,
    circumstances: GrantCircumstances,
  ): Promise<Offer | undefined> {
    const { observe, signal } = circumstances;
    const rules = grants.offer;
    const url = rules && (await unlessAborted(offeredAt(resource, rules), signal));
    if (rules === undefined || url === undefined) return undefined;
    observe({ type: "resource_token_requested", resource, url, scope });
    const head = await roundTrip(
      {
        url,
        contentType: rules.contentType,
        body: rules.body(scope),
        credential,
        purpose: "resource",
        hasNoContent: (status) => !isSuccess(status) && status !== rules.refusalStatus,
      },
      circumstances,
    );
    return { demand: rules.read(head), head };
  }

  /** Only at the resource itself: its document must not make this agent send signed requests to others. */
  async function offeredAt(
    resource: string,
    rules: Pick<OfferRules, "kind" | "endpoint">,
  ): Promise<string | undefined> {
    try {
      const endpoint = rules.endpoint(await metadataOf(rules.kind, resource));
      const url = endpoint === undefined ? null : URL.parse(endpoint);
      return url !== null && url.origin === new URL(resource).origin ? url.href : undefined;
    } catch (error) {
      if (error instanceof AAuthError) return undefined;
      throw error;
    }
  }
}

/** What a resource answers before it is called. */
interface Offer {
  readonly demand: Demand | undefined;
  readonly head: ResponseHead;
}

interface Exchange {
  readonly url: string;
  readonly contentType?: string;
  /** Default: POST with a body, GET without one. */
  readonly method?: Look["method"];
  readonly body?: string;
  readonly credential: Credential;
  readonly purpose: "resource" | "token";
  /** The server may hold the request for a while instead of answering that it is pending. */
  readonly mayWait?: boolean;
  /** Answers whose body says nothing: it is discarded unread. */
  readonly hasNoContent?: (status: number) => boolean;
}

const isSuccess = (status: number) => status >= 200 && status <= 299;
const utf8 = new TextEncoder();
const decoder = new TextDecoder();

/** The members of a JSON object; undefined for any other body. */
async function readMembers(
  response: Response,
  purpose: Exchange["purpose"],
): Promise<GrantResponse["members"]> {
  let bytes: Uint8Array;
  try {
    bytes = await readAtMost(response.body, MAX_ANSWER_BYTES);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    await response.body?.cancel();
    const reason = `answered with status ${response.status} and more than ${MAX_ANSWER_BYTES} bytes`;
    throw purpose === "token"
      ? new AAuthAgentError("token_request_failed", `the auth server ${reason}`, { cause })
      : new AAuthAgentError("malformed_challenge", `the resource token endpoint ${reason}`, { cause });
  }
  // No cause: a parser quotes what it could not read, and that may be a token.
  return parseJsonObject(decoder.decode(bytes));
}

const MAX_ANSWER_BYTES = 65_536;

/** Why there is no answer, or only the beginning of one. */
function unread(status: number | undefined, error: unknown, timeoutMs: number): string {
  const { name = "", code = "" } = error as { name?: string; code?: unknown };
  const isLate = name === "TimeoutError";
  const within = `within ${timeoutMs / 1000} seconds`;
  if (status !== undefined)
    return `the auth server answered with status ${status}, and not to the end${isLate ? ` ${within}` : ""}`;
  if (isLate) return `the auth server did not answer ${within}`;
  // The transport's own patience, which may be shorter.
  return /TIMEOUT|ETIMEDOUT/.test(String(code))
    ? `the auth server did not answer in time (${code})`
    : "the auth server could not be reached";
}

function grantOf(
  { token, refreshToken }: Extract<GrantAnswer, { type: "granted" }>,
  server: string,
  { aud, scope, sub }: Readonly<Record<string, unknown>>,
  thumbprint: string,
  times: { now: number; expiresInSeconds: number; renewBeforeSeconds: number },
): Grant {
  const { now, expiresInSeconds, renewBeforeSeconds } = times;
  const expiresAt = now + expiresInSeconds;
  return {
    token,
    server,
    ...(typeof aud === "string" && { resource: aud }),
    scope: typeof scope === "string" ? scope : "",
    ...(typeof sub === "string" && { subject: sub }),
    thumbprint,
    expiresAt,
    renewAt: expiresAt - Math.min(renewBeforeSeconds, expiresInSeconds / 2),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/** A token with less than this left is replaced, where the profile says nothing else; one that lives shorter than a minute, at half its life. */
const RENEW_BEFORE_SECONDS = 30;
/** For which a server is asked to hold a request, at most. */
const MAX_PREFERRED_SECONDS = 20;

type PendingGrant = Extract<GrantAnswer, { type: "pending" }>;
const isPending = (answer: { readonly type: string }): answer is PendingGrant => answer.type === "pending";

const ACCEPTED = 202;
const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;

/** Not now: neither says anything about the answer. */
const isTooMany = ({ status }: GrantResponse) => status === TOO_MANY_REQUESTS || status === UNAVAILABLE;

/** NaN where the field is absent, or a date. */
export const secondsOf = (retryAfter: string | null): number =>
  retryAfter === null || retryAfter.trim() === "" ? Number.NaN : Number(retryAfter);

/** A request beside any call: nothing but time ends its waiting. */
const POLLING: Participation = {
  waiting: "poll",
  interact: undefined,
  clarify: undefined,
  returnUrl: undefined,
};

/** A mission, and the tokens that came with its approval. */
export interface ProposedMission {
  readonly mission: ApprovedMission;
  readonly tokens: readonly {
    readonly resource: string;
    readonly grant: Grant;
    readonly scope: string;
    readonly variant?: string;
  }[];
}

const failed = (reason: string): AAuthAgentError => new AAuthAgentError("token_request_failed", reason);

/** With what and for what a token is asked. */
export interface GrantCircumstances {
  readonly key: SigningKey;
  /** The audience that the token must have; undefined where only the server knows it. */
  readonly resource?: string | undefined;
  readonly context: Pick<GrantContext, "redirectUri" | "state">;
  readonly observe: AgentObserver;
  readonly signal?: AbortSignal | undefined;
  /** Servers that count for this request. Default: those of the configuration. */
  readonly trustedServers?: readonly string[] | undefined;
  /** Thumbprint that the token has to be bound to. Default: that of the key that signs. */
  readonly boundTo?: string | undefined;
  /** How the caller takes part in the waiting. Default: it polls. */
  readonly participation?: Participation | undefined;
}

export interface GrantClientOptions {
  readonly profile: AgentProfile;
  readonly trustedServers: readonly string[];
  readonly discovery: Discovery;
  /** To auth servers. */
  readonly send: Sender;
  readonly sendToResource: Sender;
  readonly now: () => number;
  /** For one exchange, reading included. */
  readonly timeoutMs: number;
  /** For a pending answer, from the first request on. */
  readonly pendingMs: number;
  readonly revealTokens: boolean;
}
