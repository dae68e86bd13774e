/**
 * One request of a call to its resource: its fields, its signature, and the reading of its
 * response.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";
import type { Challenge, ResponseHead, RetryReason } from "../profile/calls.ts";
import type { ShownToken } from "../profile/events.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { type AgentParts, capabilitiesOf } from "./context.ts";
import { readForDisplay } from "./error-text.ts";
import { ignoreEvents, showToken } from "./events.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { mayRelay } from "./person-server-requests.ts";
import { headOf } from "./polling.ts";
import { unlessAborted } from "./timeout.ts";
import type { ResourceCall } from "./token-source.ts";

/** Exceeds any question. */
const MAX_QUESTION_BYTES = 65_536;

/** What a request to the resource carries. */
export interface Attempt {
  readonly signatureKey: SignatureKeyScheme;
  /** Components that the resource demands in addition. */
  readonly covers?: readonly string[] | undefined;
  /** Session token that the resource has issued. */
  readonly session?: string | undefined;
  /** The token for the resource in `signatureKey`, if any. */
  readonly token?: string | undefined;
  /** 1 for the first request of a call. */
  readonly number: number;
  readonly reason?: RetryReason | undefined;
}

export interface ResourceReply extends ResponseHead {
  readonly response: Response;
  readonly challenge: Challenge | undefined;
  /** A new session token. */
  readonly session: string | undefined;
}

/**
 * Signs and sends a request, and reads what its response requires.
 *
 * @param request the request of the caller, or a poll for its response at another address
 * @throws AAuthAgentError `malformed_challenge`, `unsupported_algorithm`; the response is then
 *   discarded
 */
export async function send(
  parts: AgentParts,
  request: OutgoingRequest,
  attempt: Attempt,
  context: ResourceCall,
): Promise<ResourceReply> {
  const { profile, sendToResource, timeouts, now } = parts;
  const { signatureKey, covers, number, reason } = attempt;
  const additionalComponents = covers ?? (await published(parts, request, context));
  const response = await sendToResource(await withFields(parts, request, attempt, context), {
    key: context.key,
    signatureKey,
    additionalComponents,
    purpose: "resource",
    attempt: number,
    retryReason: reason,
    timeoutMs: timeouts.requestMs,
    observe: context.observe,
  });
  const polledAt = request.url === context.url ? undefined : request.url;
  const head = headOf(response, context.url, now, polledAt);
  try {
    const { challenge, session } = profile.calls.readResponse(head);
    if (challenge !== undefined) report(parts, head, challenge, context);
    return { ...head, response, challenge: await withQuestion(parts, challenge, response, request), session };
  } catch (error) {
    await response.body?.cancel();
    throw AAuthAgentError.from(error, context.resource);
  }
}

/**
 * Components that the resource publishes, looked up only for a query, which is covered only if
 * listed.
 */
async function published(
  { profile, discovery }: AgentParts,
  { url }: OutgoingRequest,
  { resource, signal }: ResourceCall,
) {
  const { publishedComponents } = profile.calls;
  if (publishedComponents === undefined || !url.includes("?")) return undefined;
  return unlessAborted(publishedComponents(resource, discovery), signal);
}

/** Adds the profile's fields. A caller's field of the same name takes precedence. */
async function withFields(
  parts: AgentParts,
  request: OutgoingRequest,
  { session }: Attempt,
  context: ResourceCall,
): Promise<OutgoingRequest> {
  const { requestFields } = parts.profile.calls;
  if (requestFields === undefined) return request;
  const added = requestFields({ capabilities: await allCapabilities(parts, context), session });
  return { ...request, headers: { ...added, ...request.headers } };
}

/** Capabilities of the agent and of its server together (draft -11, section 11.7). */
async function allCapabilities(parts: AgentParts, context: ResourceCall): Promise<readonly string[]> {
  const offered = await parts.missions.capabilitiesOf(context.mission);
  const own = [...new Set([...capabilitiesOf(context), ...offered])];
  if (own.includes("interaction") || !mayRelay(parts, context)) return own;
  return (await context.ownServer()) === undefined ? own : ["interaction", ...own];
}

/** Adds the question in the body, which is not needed otherwise. */
async function withQuestion(
  { profile }: AgentParts,
  challenge: Challenge | undefined,
  { body }: Response,
  { signals }: OutgoingRequest,
): Promise<Challenge | undefined> {
  const { deferral } = profile.calls;
  const { deferred } = challenge ?? {};
  if (deferred?.requirement !== "clarification" || deferral === undefined) return challenge;
  const text = await readForDisplay(body, MAX_QUESTION_BYTES, signals);
  const members = text === undefined ? undefined : parseJsonObject(text);
  const clarification = members && deferral.readQuestion(members);
  if (challenge === undefined || clarification === undefined) return challenge;
  return { ...challenge, deferred: { ...deferred, clarification } };
}

function report(
  { revealTokens }: AgentParts,
  { url, status }: ResponseHead,
  { level, server, resourceToken }: Challenge,
  { observe }: ResourceCall,
): void {
  if (observe === ignoreEvents || level === "") return;
  const shown = resourceToken === undefined ? undefined : shownOrNothing(resourceToken, revealTokens);
  observe({ type: "challenge_received", url, status, level, server, resourceToken: shown });
}

/** Shows a token, or nothing if it is unreadable and thus about to be refused. */
function shownOrNothing(token: string, revealTokens: boolean): ShownToken | undefined {
  try {
    return showToken(token, revealTokens);
  } catch {
    return undefined;
  }
}
