/**
 * Talks to token endpoints in the words of a wire profile: finds the endpoint by discovery, signs, reads, polls, and checks that a token is
 * valid before it is handed out.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import { AAuthAgentError, AAuthError, ConsentRequiredError } from "../errors.ts";
import type {
  Credential,
  Demand,
  GrantAnswer,
  GrantContext,
  GrantRequest,
  GrantResponse,
  WireProfile,
} from "../profiles/wire-profile.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, ignoreEvents, showToken } from "./events.ts";
import type { Grant } from "./grant-cache.ts";
import { createPolling } from "./polling.ts";
import type { Sender } from "./sender.ts";
import { unlessAborted, withTimeout } from "./timeout.ts";

export interface GrantClient {
  /**
   * @throws ConsentRequiredError; TokenRequestError; AAuthAgentError `challenge_untrusted`, `token_request_failed`, `grant_pending` or of
   * the discovery group
   */
  request(request: GrantRequest, circumstances: GrantCircumstances): Promise<Grant>;
  /** Revokes a refresh token (RFC 7009). */
  revoke(request: GrantRequest, circumstances: GrantCircumstances): Promise<void>;
  /** The resource token that a resource hands out before it is called; undefined where it has no such endpoint, or refuses. */
  offer(
    resource: string,
    scope: string,
    credential: Credential,
    circumstances: GrantCircumstances,
  ): Promise<Demand | undefined>;
}

export function createGrantClient(options: GrantClientOptions): GrantClient {
  const { profile, discovery, now, timeoutMs, revealTokens } = options;
  const { grants } = profile;

  return { request, revoke, offer };

  async function request(asked: GrantRequest, circumstances: GrantCircumstances): Promise<Grant> {
    const { server, type } = asked;
    const { key, observe, signal } = circumstances;
    const { url, metadata } = await endpointOf(asked, signal);
    observe({ type: "token_requested", authServer: server, requestType: type, url });
    const { contentType, body, credential } = asked;
    const first: Exchange = { url, contentType, body, credential, purpose: "token" };
    let answer = grants.read(await roundTrip(first, circumstances));
    const nextLook = createPolling(url, options.pendingMs, failed);
    while (answer.type === "pending") {
      const poll = await nextLook(answer.pending, signal);
      answer = grants.read(await roundTrip({ url: poll, credential, purpose: "token" }, circumstances));
    }
    if (answer.type === "consent") throw consentRequired(answer, metadata, server, circumstances);
    const expected = { server, resource: circumstances.resource, thumbprint: key.thumbprint, now: now() };
    const { claims, exp } = await grants.check(answer.token, expected);
    const left = exp - expected.now;
    const expiresInSeconds = Math.min(left, answer.expiresInSeconds ?? left);
    if (observe !== ignoreEvents) {
      const token = showToken(answer.token, revealTokens);
      observe({ type: "token_received", authServer: server, requestType: type, token, expiresInSeconds });
    }
    return grantOf(answer, server, claims, key.thumbprint, expected.now, expiresInSeconds);
  }

  async function endpointOf({ server, document, endpoint }: GrantRequest, signal: AbortSignal | undefined) {
    if (!options.trustedServers.includes(server)) {
      throw new AAuthAgentError("challenge_untrusted", "the auth server is not one this agent trusts");
    }
    const metadata = await unlessAborted(metadataOf(document, server), signal);
    const url = endpoint(metadata);
    if (url === undefined) throw failed("the auth server's document names no such endpoint");
    return { url: new URL(url).href, metadata };
  }

  /** Which members a document has is the profile's. */
  async function metadataOf(kind: string, id: string): Promise<Readonly<Record<string, unknown>>> {
    return { ...(await discovery.metadata(kind, id)) };
  }

  /** The whole exchange has one time limit, reading included: an answer is short and must not drip. */
  async function roundTrip(
    { url, contentType, body, credential, purpose, hasNoContent }: Exchange,
    { key, observe, signal }: GrantCircumstances,
  ): Promise<GrantResponse> {
    let status: number | undefined;
    try {
      return await withTimeout(
        timeoutMs,
        async (timeout) => {
          const headers = { ...(contentType && { "content-type": contentType }), accept: "application/json" };
          const sent =
            body === undefined ? { method: "GET", body } : { method: "POST", body: utf8.encode(body) };
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
    const { url } = await endpointOf(asked, circumstances.signal);
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
  ): Promise<Demand | undefined> {
    const { observe, signal } = circumstances;
    const rules = grants.offer;
    const url = rules && (await unlessAborted(offeredAt(resource), signal));
    if (rules === undefined || url === undefined) return undefined;
    observe({ type: "resource_token_requested", resource, url, scope });
    return rules.read(
      await roundTrip(
        {
          url,
          contentType: rules.contentType,
          body: rules.body(scope),
          credential,
          purpose: "resource",
          hasNoContent: (status) => !isSuccess(status),
        },
        circumstances,
      ),
    );
  }

  /** Only at the resource itself: its document must not make this agent send signed requests to others. */
  async function offeredAt(resource: string): Promise<string | undefined> {
    const { offer: rules } = grants;
    try {
      const metadata = await metadataOf(rules?.document ?? "", resource);
      const endpoint = rules?.endpoint(metadata);
      const url = endpoint === undefined ? null : URL.parse(endpoint);
      return url !== null && url.origin === new URL(resource).origin ? url.href : undefined;
    } catch (error) {
      if (error instanceof AAuthError) return undefined;
      throw error;
    }
  }
}

interface Exchange {
  readonly url: string;
  readonly contentType?: string;
  /** Sent by POST; without one it is a GET. */
  readonly body?: string;
  readonly credential: Credential;
  readonly purpose: "resource" | "token";
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
  now: number,
  expiresInSeconds: number,
): Grant {
  const expiresAt = now + expiresInSeconds;
  return {
    token,
    server,
    ...(typeof aud === "string" && { resource: aud }),
    scope: typeof scope === "string" ? scope : "",
    ...(typeof sub === "string" && { subject: sub }),
    thumbprint,
    expiresAt,
    renewAt: expiresAt - Math.min(RENEW_BEFORE_SECONDS, expiresInSeconds / 2),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/** A token with less than this left is replaced; one that lives shorter than a minute, at half its life. */
const RENEW_BEFORE_SECONDS = 30;

const failed = (reason: string): AAuthAgentError => new AAuthAgentError("token_request_failed", reason);

/** With what and for what a token is asked. */
export interface GrantCircumstances {
  readonly key: SigningKey;
  /** The audience that the token must have; undefined where only the server knows it. */
  readonly resource?: string | undefined;
  readonly context: Pick<GrantContext, "redirectUri" | "state">;
  readonly observe: AgentObserver;
  readonly signal?: AbortSignal | undefined;
}

export interface GrantClientOptions {
  readonly profile: WireProfile;
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
