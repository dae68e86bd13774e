/**
 * Token requests: discovery of the endpoint, a signed request to it, and the checks of the
 * token.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import { isUnknownHost } from "../discovery/transport.ts";
import { AAuthAgentError, AAuthError } from "../errors.ts";
import { textOf } from "../profile/answer-members.ts";
import type { ResponseMeaning } from "../profile/calls.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import type {
  DeferredToken,
  GrantedToken,
  ObtainedToken,
  OfferRules,
  TokenRequest,
  TokenResponse,
  TokenResponseContext,
} from "../profile/token-requests.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import type { AgentParts, CallContext } from "./context.ts";
import { ignoreEvents, showToken } from "./events.ts";
import { headOf, type Poll, Polling } from "./polling.ts";
import { unlessAborted, withTimeout } from "./timeout.ts";
import type { PollState } from "./waiting-call.ts";

/**
 * Default of the remaining lifetime at which a token is replaced; a shorter-lived one is replaced
 * after half of its lifetime.
 */
const RENEW_BEFORE_SECONDS = 30;
/** Maximum time for which a server is asked to hold a request. */
const MAX_PREFERRED_SECONDS = 20;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Requests a token from a server and checks it.
 *
 * @param resumed polling state of an interrupted request
 * @throws TokenRequestError; StillDeferredError; AAuthAgentError `challenge_untrusted`,
 * `token_request_failed`, `request_cancelled`, `payment_required` or of the discovery group
 */
export async function requestToken(
  parts: AgentParts,
  asked: TokenRequest,
  context: CallContext,
  resumed?: PollState,
): Promise<ObtainedToken> {
  const { read } = parts.profile.tokenRequests;
  return received(parts, await askServer(parts, asked, context, read, resumed), asked, context);
}

/** Sends a request to a server and polls for a deferred response. */
export async function askServer<Answer extends { readonly type: string }>(
  parts: AgentParts,
  asked: TokenRequest,
  context: CallContext,
  read: (response: TokenResponse, context: TokenResponseContext) => Awaitable<Answer | DeferredToken>,
  resumed?: PollState,
): Promise<Exclude<Answer, DeferredToken>> {
  const { server, type, contentType, body, signatureKey } = asked;
  const { profile } = parts;
  const { url, metadata } = await endpointOf(parts, asked, context);
  const mayWait = context.waiting !== "throw" && profile.calls.deferral !== undefined;
  // A server may hold a request no longer than the caller waits.
  const holdMs = (): number => (mayWait ? polling.leftMs() : 0);
  const polling = new Polling<TokenResponse>({
    parts,
    profile,
    asked: url,
    party: server,
    resumed,
    untrusted: failed,
    send: (poll) => roundTrip(parts, { ...poll, signatureKey, holdMs: holdMs(), isPoll: true }, context),
  });
  let response: TokenResponse;
  if (resumed === undefined) {
    context.observe({ type: "token_requested", server, requestType: type, url });
    const request: RoundTrip = { url, method: "POST", contentType, body, signatureKey, holdMs: holdMs() };
    response = await roundTrip(parts, request, context);
  } else {
    response = await polling.poll(resumed.deferred, context);
  }
  const { key, boundTo: thumbprint = key.thumbprint } = context;
  for (;;) {
    const answer = await read(response, { ...context, ...asked, metadata, thumbprint, now: parts.now() });
    if (!isDeferred(answer)) return answer as Exclude<Answer, DeferredToken>;
    response = await polling.poll(answer.deferred, context);
  }
}

const isDeferred = (answer: { readonly type: string }): answer is DeferredToken => answer.type === "deferred";

/** Reports a token to the observer, and adds the times of its use. */
export function received(
  { profile, now, revealTokens }: AgentParts,
  { token, continuation, claims, exp, ...answer }: GrantedToken,
  { type, server }: Pick<TokenRequest, "type" | "server">,
  { key, observe, boundTo = key.thumbprint }: CallContext,
): ObtainedToken {
  const { renewBeforeSeconds = RENEW_BEFORE_SECONDS } = profile.tokenRequests;
  const left = exp - now();
  const expiresInSeconds = Math.min(left, answer.expiresInSeconds ?? left);
  if (observe !== ignoreEvents) {
    const shown = showToken(token, revealTokens);
    observe({
      type: "token_received",
      server,
      requestType: type,
      token: shown,
      expiresInSeconds,
    });
  }
  const expiresAt = now() + expiresInSeconds;
  const { aud, scope, sub } = claims;
  return {
    token,
    server,
    ...(typeof aud === "string" && { resource: aud }),
    scope: typeof scope === "string" ? scope : "",
    ...(typeof sub === "string" && { subject: sub }),
    thumbprint: boundTo,
    expiresAt,
    renewAt: expiresAt - Math.min(renewBeforeSeconds, expiresInSeconds / 2),
    ...(continuation !== undefined && { continuation }),
  };
}

/**
 * Sends a request whose response usually has no content.
 *
 * @param options.hasContent whether to read the response body, by status. Default: never
 * @param options.isReported whether to report an event. Default: no
 */
export async function notifyServer(
  parts: AgentParts,
  asked: TokenRequest,
  context: CallContext,
  { hasContent = () => false, isReported }: Pick<RoundTrip, "hasContent"> & { isReported?: true } = {},
): Promise<TokenResponse> {
  const { server, type, contentType, body, signatureKey } = asked;
  const { url } = await endpointOf(parts, asked, context);
  if (isReported) context.observe({ type: "token_requested", server, requestType: type, url });
  return roundTrip(parts, { url, method: "POST", contentType, body, signatureKey, hasContent }, context);
}

async function endpointOf(
  { discovery }: AgentParts,
  { server, kind, endpoint, path, below }: TokenRequest,
  { signal, trustedServers }: CallContext,
) {
  if (!(await trustedServers()).includes(server)) {
    throw new AAuthAgentError("challenge_untrusted", `this agent does not trust the auth server ${server}`);
  }
  const metadata: Readonly<Record<string, unknown>> = {
    ...(await unlessAborted(discovery.metadata(kind, server), signal)),
  };
  const named = textOf(metadata[endpoint]);
  if (named === undefined) throw failed(`the document of ${server} names no ${endpoint}`);
  const base = below === undefined ? named : `${named}/${below}`;
  return { url: (path === undefined ? new URL(base) : new URL(path, base)).href, metadata };
}

// ------------------------------------------------------------------------------------------ offers

/** Requests a resource token before the call; undefined if the resource has no endpoint for it. */
export async function requestOffer(
  parts: AgentParts,
  scope: string,
  signatureKey: SignatureKeyScheme,
  context: CallContext & { readonly resource: string },
): Promise<ResponseMeaning | undefined> {
  const { offer } = parts.profile.tokenRequests;
  const { resource, observe, signal } = context;
  const url = offer && (await unlessAborted(offeredAt(parts, resource, offer), signal));
  if (offer === undefined || url === undefined) return undefined;
  observe({ type: "resource_token_requested", resource, url, scope });
  const { contentType, refusalStatus } = offer;
  const hasContent = (status: number) => isSuccess(status) || status === refusalStatus;
  const request = { url, method: "POST", contentType, body: offer.body(scope), signatureKey } as const;
  const head = await roundTrip(parts, { ...request, hasContent, toResource: true }, context);
  return offer.read(head);
}

/**
 * The endpoint, only if it is at the resource itself, so that a document cannot make the agent send
 * signed requests elsewhere.
 */
async function offeredAt(
  { discovery }: AgentParts,
  resource: string,
  { kind, endpoint }: Pick<OfferRules, "kind" | "endpoint">,
): Promise<string | undefined> {
  try {
    const metadata: Readonly<Record<string, unknown>> = { ...(await discovery.metadata(kind, resource)) };
    const url = URL.parse(textOf(metadata[endpoint]) ?? "");
    return url !== null && url.origin === new URL(resource).origin ? url.href : undefined;
  } catch (error) {
    if (error instanceof AAuthError) return undefined;
    throw error;
  }
}

// ------------------------------------------------------------------------------------ one request

interface RoundTrip extends Poll {
  readonly signatureKey: SignatureKeyScheme;
  /**
   * Time for which the server may hold the request instead of deferring its response. Default 0.
   */
  readonly holdMs?: number;
  /** Whether to read the body of a response, which is discarded otherwise. Default: yes. */
  readonly hasContent?: (status: number) => boolean;
  readonly isPoll?: true;
  readonly toResource?: true;
}

/** One time limit covers request and response, including the body, which is short. */
async function roundTrip(
  { sendToResource, sendToServer, timeouts, now }: AgentParts,
  { url, method, contentType, body, withdrawn, signatureKey, ...request }: RoundTrip,
  { key, observe, signal }: CallContext,
): Promise<TokenResponse> {
  const { holdMs = 0, hasContent = () => withdrawn === undefined, isPoll, toResource } = request;
  const timeoutMs = timeouts.tokenRequestMs;
  // A server that holds a request must answer well before the time limit.
  const waitSeconds = Math.floor(Math.min(timeoutMs / 2_000, holdMs / 1_000, MAX_PREFERRED_SECONDS));
  const headers = {
    ...(contentType && { "content-type": contentType }),
    accept: "application/json",
    ...(waitSeconds > 0 && { prefer: `wait=${waitSeconds}` }),
  };
  const outgoing = { url, method, headers, body: body === undefined ? undefined : utf8.encode(body) };
  const [send, purpose] = toResource
    ? [sendToResource, "resource" as const]
    : [sendToServer, "token" as const];
  let status: number | undefined;
  try {
    return await withTimeout(
      timeoutMs,
      async (timeout) => {
        const options = { key, signatureKey, purpose, observe };
        const response = await send({ ...outgoing, signals: [timeout] }, options);
        status = response.status;
        const head = headOf(response, url, now, isPoll && url);
        if (hasContent(status)) return { ...head, members: await readMembers(response, toResource) };
        await response.body?.cancel();
        return { ...head, members: undefined };
      },
      signal === undefined || signal === null ? [] : [signal],
    );
  } catch (error) {
    if (error instanceof AAuthError || signal?.aborted || toResource) throw error;
    throw new AAuthAgentError("token_request_failed", unread(url, status, error, timeoutMs), {
      cause: error,
    });
  }
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

/** Reads the members of a JSON object; undefined for any other body. */
async function readMembers(
  { body, status }: Response,
  isOfResource: boolean | undefined,
): Promise<TokenResponse["members"]> {
  try {
    // Invalid JSON is reported without a cause: the parser's message quotes the body, which may be
    // a token.
    return parseJsonObject(decoder.decode(await readAtMost(body, MAX_ANSWER_BYTES)));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    await body?.cancel();
    const reason = `answered with status ${status} and more than ${MAX_ANSWER_BYTES} bytes`;
    throw isOfResource
      ? new AAuthAgentError("malformed_challenge", `the resource token endpoint ${reason}`, { cause })
      : new AAuthAgentError("token_request_failed", `the auth server ${reason}`, { cause });
  }
}

/** Explains a missing or incomplete response of the server at `url`. */
function unread(url: string, status: number | undefined, error: unknown, timeoutMs: number): string {
  const { name = "", code, message } = error as { name?: string; code?: unknown; message?: string };
  const server = new URL(url).origin;
  const isLate = name === "TimeoutError";
  const within = `within ${timeoutMs / 1000} seconds`;
  if (status !== undefined)
    return `${server} answered with status ${status}, but not completely${isLate ? ` ${within}` : ""}`;
  if (isLate) return `${server} did not answer ${within}`;
  if (isUnknownHost(error)) return `${server} could not be reached: ${message}`;
  // A message of the system also has the connected address.
  const why = code === undefined ? "" : ` (${message?.includes(String(code)) ? message : code})`;
  // The transport's own timeout may be shorter.
  return /TIMEOUT|ETIMEDOUT/.test(why)
    ? `${server} did not answer in time${why}`
    : `${server} could not be reached${why}`;
}

export const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

const failed = (reason: string): AAuthAgentError => new AAuthAgentError("token_request_failed", reason);
