/**
 * Converts the spans of a run to messages.
 *
 * @module
 */

import { ATTRIBUTE, EVENT, SERVICE_NAME } from "./attribute-names.ts";
import { type ByDialect, ofDialect } from "./by-dialect.ts";
import { interactionOf, returnMessage, withInteractions } from "./interactions.ts";
import { whatIsAsked } from "./message-words.ts";
import { MISSION_BODIES } from "./mission-words.ts";
import { columnOf, columnOfUrl, partiesOf } from "./parties.ts";
import type { Draft, Message, Outcome, ProtocolRun, RunEvent, VerifierSide } from "./protocol-run.ts";
import { readJaegerSpans } from "./read-jaeger.ts";
import { readEvents, readHttp, readSigner, readVerifier } from "./read-sides.ts";
import { withRefusalOfAnswer } from "./refused-by-answer.ts";
import { below, type SpanTree, spanTree } from "./span-tree.ts";
import {
  type Attributes,
  booleanAttribute,
  numberAttribute,
  type TraceSpan,
  textAttribute,
} from "./trace-span.ts";
import { withWaits } from "./waiting.ts";
import { waterfallOf } from "./waterfall.ts";

/** Routes that a page polls to show a run, and documents. They are not part of the run. */
const WATCHING =
  /^\/(optimization\/(progress|results|all|trace|[^/]+\/(trace|attempts|break-it|evidence))|orders\/|agents\/|auth\/me|health|\.well-known|jwks\.json)/;

/**
 * Reads a run of the protocol from its traces, as returned by Jaeger's HTTP query API
 * (`GET /api/traces/{id}`). A run may have several. A user's visit to a page is also a message,
 * although the run has no span for it.
 *
 * Does NOT verify anything. It repeats what the parties have recorded on their spans, which are
 * only as honest as their writers.
 *
 * Never throws for anything in the answers. A growing trace yields a growing run.
 *
 * @param answers parsed JSON of each trace
 *
 * @example
 * const run = readProtocolRun([await (await fetch(`${jaeger}/api/traces/${traceId}`)).json()]);
 * for (const { number, from, to, outcome } of run.messages) console.log(number, from, to, outcome);
 */
export function readProtocolRun(answers: readonly unknown[]): ProtocolRun {
  const spans = answers.flatMap(readJaegerSpans).sort((one, other) => one.startMicros - other.startMicros);
  const tree = spanTree(spans);
  const drafts = spans.flatMap((span): Draft[] => {
    if (isSigned(span)) return [signedMessage(span, tree)];
    const interaction = interactionOf(span);
    if (interaction !== undefined) return [returnMessage(exchangeOf(span), span, interaction)];
    return isUserRequest(span) ? [userMessage(span)] : [];
  });
  const messages = withInteractions(withWaits(withEvents(drafts, spans))).map(
    (draft, index): Message => ({ ...draft, number: index + 1 }),
  );
  return {
    traceIds: [...new Set(spans.map(({ traceId }) => traceId))],
    parties: partiesOf(messages),
    messages,
    waterfall: waterfallOf(spans, tree, messages),
    startMicros: spans[0]?.startMicros ?? 0,
    endMicros: spans.reduce((end, span) => Math.max(end, endOf(span)), 0),
  };
}

/** Assigns a service's events between two messages to the last one that it sent. */
function withEvents(drafts: readonly Draft[], spans: readonly TraceSpan[]): Draft[] {
  const noted = new Map<Draft, RunEvent[]>();
  for (const span of spans.filter((candidate) => !isSigned(candidate) && !isVerifier(candidate))) {
    for (const event of readEvents(span)) {
      const party = columnOf(span.service);
      const draft = drafts.findLast(
        ({ from, startMicros }) => from === party && startMicros <= event.timeMicros,
      );
      if (draft !== undefined) noted.set(draft, [...(noted.get(draft) ?? []), event]);
    }
  }
  return drafts.map((draft) => ({ ...draft, events: [...draft.events, ...(noted.get(draft) ?? [])] }));
}

function isSigned({ attributes }: TraceSpan): boolean {
  return attributes[ATTRIBUTE.role] === "signer";
}

function isUserRequest(span: TraceSpan): boolean {
  if (span.kind !== "server" || columnOf(span.service) !== SERVICE_NAME.backend) return false;
  const path = routeOf(span);
  return path !== "" && span.attributes[ATTRIBUTE.verdict] === undefined && !WATCHING.test(path);
}

function routeOf({ attributes }: TraceSpan): string {
  return textAttribute(attributes, ATTRIBUTE.route) ?? textAttribute(attributes, ATTRIBUTE.path) ?? "";
}

/**
 * Reads one signed attempt with its receiver's handling: everything below its span, up to the
 * attempts that it caused.
 */
function signedMessage(span: TraceSpan, tree: SpanTree): Draft {
  const { attributes } = span;
  const caused = below(tree, span, isSigned);
  const verifiers = caused.filter(isVerifier).map(readVerifier);
  const purpose = attributes[ATTRIBUTE.purpose] === "token" ? "token" : "resource";
  const url = textAttribute(attributes, ATTRIBUTE.url) ?? "";
  const from = columnOf(span.service);
  // A party that is called without a signature may itself call through the gateway, which is then
  // not part of this route.
  const via = tree.childrenOf(span).some(({ service }) => columnOf(service) === SERVICE_NAME.gateway)
    ? SERVICE_NAME.gateway
    : undefined;
  const receiver = caused.find(({ kind, service }) => kind === "server" && columnOf(service) !== via);
  const profile = textAttribute(attributes, ATTRIBUTE.signatureProfile);
  const to = receiver === undefined ? columnOfUrl(url, purpose, profile) : columnOf(receiver.service);
  const exchange = exchangeOf(span);
  const { status } = exchange;
  const requestType =
    verifiers.find((verifier) => verifier.requestType !== undefined)?.requestType ?? requestTypeOf(span);
  const ending = {
    ...exchange,
    to,
    purpose,
    requestType,
    stoppedAt: receiver === undefined && status !== undefined ? via : undefined,
    outcome: outcomeOf(span, status, verifiers),
  } as const;
  return {
    ...ending,
    from,
    replica: receiver?.instance,
    via,
    url,
    what: whatIsAsked({ ...exchange, purpose, url, requestType }),
    isReceived: receiver !== undefined,
    attempt: numberAttribute(attributes, ATTRIBUTE.attempt),
    retryReason: textAttribute(attributes, ATTRIBUTE.retryReason),
    isTampered: booleanAttribute(attributes, ATTRIBUTE.tampered),
    signer: readSigner(span),
    verifiers: withRefusalOfAnswer(ending, verifiers),
    events: readEvents(span),
  };
}

function userMessage(span: TraceSpan): Draft {
  const exchange = exchangeOf(span);
  const url = routeOf(span);
  return {
    ...exchange,
    from: SERVICE_NAME.ui,
    to: columnOf(span.service),
    replica: span.instance,
    url,
    what: `${exchange.method} ${url}`.trim(),
    purpose: "user",
    isReceived: true,
    outcome: outcomeOf(span, exchange.status, []),
    verifiers: [],
    events: [],
  };
}

function exchangeOf(span: TraceSpan) {
  const { attributes } = span;
  return {
    id: span.spanId,
    traceId: span.traceId,
    startMicros: span.startMicros,
    endMicros: endOf(span),
    method: textAttribute(attributes, ATTRIBUTE.method) ?? "",
    status: numberAttribute(attributes, ATTRIBUTE.status),
    request: readHttp(attributes, ATTRIBUTE.requestHeaders, ATTRIBUTE.requestBody),
    response: readHttp(attributes, ATTRIBUTE.responseHeaders, ATTRIBUTE.responseBody),
  };
}

function isVerifier({ attributes }: TraceSpan): boolean {
  return attributes[ATTRIBUTE.role] === "verifier" && attributes[ATTRIBUTE.verdict] !== undefined;
}

function outcomeOf(span: TraceSpan, status: number | undefined, verifiers: readonly VerifierSide[]): Outcome {
  if (status === undefined) return span.isError ? "failed" : "pending";
  if (status === 202 && isSigned(span)) return "waiting";
  if (status < 400) return "accepted";
  if (status === 424) return "handed-back";
  const last = verifiers.findLast(({ verdict }) => verdict !== "passed");
  const isChallenged =
    last === undefined
      ? span.events.some(({ name }) => name === EVENT.challengeReceived)
      : last.verdict === "challenged";
  if (isChallenged) return "challenged";
  return status < 500 ? "refused" : "failed";
}

/** The type of a token request, from its body, since the receiver's span may be missing. */
function requestTypeOf({ attributes }: TraceSpan): string | undefined {
  const body = textAttribute(attributes, ATTRIBUTE.requestBody) ?? "";
  return ofDialect(REQUEST_TYPES, textAttribute(attributes, ATTRIBUTE.signatureProfile))(body, attributes);
}

const REQUEST_TYPES: ByDialect<(body: string, attributes: Attributes) => string | undefined> = {
  // The form states the type.
  "february-2026": (body) => /(?:^|&)request_type=([a-z]+)/.exec(body)?.[1],
  // The members determine the type; a GET is a poll.
  "draft-11": (body, attributes) => {
    if (/^\s*\{\s*"jti"\s*:/.test(body)) return "revocation";
    if (attributes[ATTRIBUTE.purpose] !== "token") return undefined;
    if (attributes[ATTRIBUTE.method] === "GET") return "poll";
    if (attributes[ATTRIBUTE.method] === "DELETE") return "cancel";
    const member = DRAFT_11_REQUESTS.find(([pattern]) => pattern.test(body));
    return member === undefined ? "claims" : member[1];
  },
};

/** Members that distinguish the requests of draft -11, most specific first. */
const DRAFT_11_REQUESTS: readonly (readonly [RegExp, string])[] = [
  [/"action"\s*:\s*"clarification_response"/, "clarification"],
  [/"action"\s*:\s*"updated_request"/, "updated-request"],
  ...MISSION_BODIES,
  [/"resource_token"\s*:/, "auth-token"],
  [/"resource"\s*:/, "person-token"],
  [/"type"\s*:\s*"(?:interaction|payment|question)"/, "interaction"],
];

const endOf = ({ startMicros, durationMicros }: TraceSpan) => startMicros + durationMicros;
