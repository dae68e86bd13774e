import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { AAuthEvent, Observer } from "aauth";
import { pooledTransport, type Transport } from "aauth/agent";
import { ATTRIBUTE, EVENT } from "aauth-explain/trace-names";
import { addAgentEvent } from "./agent-events.ts";
import { readChallenge } from "./profiles.ts";
import { headersJson, redactedBase, redactedBody, redactedUrl } from "./redacted-message.ts";
import { watchBody } from "./traced-body.ts";
import { tokenIn, tokensInBody, tracedToken } from "./traced-token.ts";

/** Statuses with `Agent-Auth`, which states the requirement or how to raise a limit. */
const CHALLENGES: ReadonlySet<number> = new Set([401, 403, 429]);

type SignedEvent = Extract<AAuthEvent, { type: "request_signed" }>;

/** Tracing of an agent: pass both members to `createAgent`. */
export interface AgentTrace {
  readonly transport: Transport;
  readonly observer: Observer;
}

/** Facts about the sender of requests that the requests do not contain. */
interface SenderFacts {
  /** Party within the process that makes the requests. Default: the service is the party. */
  readonly party?: string | undefined;
  /** Marks its requests as an attack. Default: honest. */
  readonly isTampered?: true | undefined;
}

/**
 * Creates a CLIENT span for every signed request of an agent, with the signed request and the
 * answer, and propagates the trace in `traceparent` (which no signature covers). Events between two
 * requests, such as a token request or a cache hit, are recorded on the span that is current when
 * the agent is called.
 *
 * A challenge is not a failure: the first attempt's span has the event
 * `agent_auth_challenge_received` and no error. Any other status of 400 or above is an error.
 *
 * A span ends when the answer's body has been read. Each agent needs its own pair.
 *
 * @param send default: aauth's own transport
 * @param own see {@link SenderFacts}
 * @example
 * const traced = createAgentTrace();
 * const agent = createAgent({ ...options, transport: traced.transport, observer: traced.observer });
 */
export function createAgentTrace(send: Transport = pooledTransport, own: SenderFacts = {}): AgentTrace {
  const tracer = trace.getTracer("protocol-trace");
  /** The agent reports a signed request and immediately sends it. */
  let announced: SignedEvent | undefined;

  return {
    observer(event) {
      if (event.type === "request_signed") announced = event;
      else addAgentEvent(trace.getActiveSpan(), event);
    },

    async transport(url, request) {
      const signed = announced;
      announced = undefined;
      const around = trace.getActiveSpan();
      const options = { kind: SpanKind.CLIENT, attributes: { [ATTRIBUTE.method]: request.method } };
      const span = tracer.startSpan(signed === undefined ? request.method : nameOf(signed), options);
      const headers = { ...request.headers };
      propagation.inject(trace.setSpan(context.active(), span), headers);
      if (!span.isRecording()) return send(url, { ...request, headers });

      span.setAttributes({
        ...requestAttributes(url, headers, request.body),
        [ATTRIBUTE.party]: own.party,
        [ATTRIBUTE.tampered]: own.isTampered,
      });
      if (signed !== undefined) {
        span.setAttributes(signatureAttributes(signed, headers));
        if (signed.purpose === "token") {
          span.setAttribute(ATTRIBUTE.tokensInBody, tokensInBody(request.body));
        }
        span.addEvent(EVENT.requestSigned, { scheme: signed.scheme });
      }
      try {
        const response = await send(url, { ...request, headers });
        recordResponse(span, response);
        if (response.status >= 400 && isExchange(signed, request.body))
          around?.addEvent(EVENT.exchangeFailed, { status: response.status });
        return watchBody(response, (body) => {
          if (body !== undefined) span.setAttribute(ATTRIBUTE.responseBody, body);
          span.end();
        });
      } catch (error) {
        const { code, name } = error as { code?: unknown; name?: unknown };
        const type = typeof code === "string" ? code : String(name);
        span.setAttribute(ATTRIBUTE.errorType, type);
        span.setStatus({ code: SpanStatusCode.ERROR, message: type });
        span.end();
        if (isExchange(signed, request.body)) around?.addEvent(EVENT.exchangeFailed, { reason: type });
        throw error;
      }
    },
  };
}

/**
 * `POST signed with jwks`, `POST again, signed with jwt`, `POST token request, signed with jwks`:
 * low cardinality, for searches.
 */
function nameOf({ method, purpose, scheme, attempt }: SignedEvent): string {
  const which = purpose === "token" ? " token request," : attempt > 1 ? " again," : "";
  return `${method}${which} signed with ${scheme}`;
}

/**
 * Whether a failed token request was an exchange. The observer has no event for it, but the form
 * states the type.
 */
function isExchange(signed: SignedEvent | undefined, body: Uint8Array | undefined): boolean {
  if (signed?.purpose !== "token" || body === undefined) return false;
  return new URLSearchParams(new TextDecoder().decode(body)).get("request_type") === "exchange";
}

function requestAttributes(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): Attributes {
  const { hostname, port, protocol } = new URL(url);
  return {
    [ATTRIBUTE.role]: "signer",
    [ATTRIBUTE.url]: redactedUrl(url),
    [ATTRIBUTE.serverAddress]: hostname,
    [ATTRIBUTE.serverPort]: Number(port || (protocol === "https:" ? 443 : 80)),
    [ATTRIBUTE.requestHeaders]: headersJson(Object.entries(headers)),
    [ATTRIBUTE.requestBody]: redactedBody(body, headers["content-type"]),
  };
}

function signatureAttributes(signed: SignedEvent, headers: Readonly<Record<string, string>>): Attributes {
  const token = tokenIn(headers["signature-key"]);
  return {
    [ATTRIBUTE.purpose]: signed.purpose,
    [ATTRIBUTE.attempt]: signed.attempt,
    [ATTRIBUTE.retryReason]: signed.retryReason,
    [ATTRIBUTE.signatureProfile]: signed.profile,
    [ATTRIBUTE.signatureScheme]: signed.scheme,
    [ATTRIBUTE.signatureLabel]: headers["signature-input"]?.split("=", 1)[0],
    [ATTRIBUTE.signatureComponents]: [...signed.coveredComponents],
    [ATTRIBUTE.signatureBase]: redactedBase(signed.signatureBase),
    [ATTRIBUTE.signatureCreated]: signed.created,
    [ATTRIBUTE.signatureThumbprint]: signed.thumbprint,
    [ATTRIBUTE.signatureKid]: signed.kid,
    [ATTRIBUTE.tokenSent]: token && tracedToken(token),
  };
}

function recordResponse(span: Span, response: Response): void {
  const { status, headers } = response;
  span.setAttribute(ATTRIBUTE.status, status);
  span.setAttribute(ATTRIBUTE.responseHeaders, headersJson(headers));
  if (status < 400) return;
  const challenge = CHALLENGES.has(status) ? challengeAttributes(status, headers) : undefined;
  if (challenge !== undefined) {
    span.addEvent(EVENT.challengeReceived, challenge);
    return;
  }
  span.setAttribute(ATTRIBUTE.errorType, String(status));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Undefined if nothing is required. */
function challengeAttributes(status: number, headers: Headers): Attributes | undefined {
  try {
    const demand = readChallenge(Object.fromEntries(headers));
    if (demand === undefined) return undefined;
    const { level, authServer, resourceToken } = demand;
    return {
      status,
      level,
      auth_server: authServer,
      resource_token: resourceToken && tracedToken(resourceToken),
    };
  } catch {
    return { status }; // the agent refuses it a moment later
  }
}
