import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Tracer } from "@opentelemetry/api";
import type { Address, Listener, Route } from "../configuration/document-schema.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { startRequestSpan } from "../observe/request-span.ts";
import { a2aMethod, isAgentCardRequest, rewriteAgentCard } from "../policies/agent-card.ts";
import { applyAuthorization } from "../policies/authorization.ts";
import { applyCors } from "../policies/cors.ts";
import { applyExtAuthz } from "../policies/ext-authz.ts";
import { selectListener } from "../routing/select-listener.ts";
import type { BodyBudget, HeldBytes } from "./body-budget.ts";
import { celContext, requestView } from "./cel-context.ts";
import { CallerGone, LocalReply, textReply } from "./local-reply.ts";
import { forwardedBody, ONE_PIECE_BYTES, readBody } from "./request-body.ts";
import { firstField, readRequestHead, removeField, setField, setFields } from "./request-head.ts";
import {
  collect,
  failureCode,
  type UpstreamMessage,
  type UpstreamResponse,
  type Upstreams,
} from "./upstreams.ts";

/** Largest agent card that is rewritten, which is Agentgateway's buffer limit. */
const MAX_CARD_BYTES = 2_097_152;

/**
 * Limit on discarded bodies, because reading a refused caller's body costs as much as accepting it.
 */
const MAX_DISCARDED_BYTES = 262_144;

/** Dependencies of request handling. */
export interface RequestEnvironment {
  /** Replaced when the file is reloaded. */
  readonly listeners: readonly Listener[];
  readonly tracer: Tracer;
  readonly upstreams: Upstreams;
  readonly maxBodyBytes: number;
  /** Budget by agent. */
  readonly bodyBudget: BodyBudget;
  /** Budget of callers that the check has not identified, by address. */
  readonly unnamedBodyBudget: BodyBudget;
  readonly idleTimeoutMs: number;
  readonly onProblem: (message: string, error?: unknown) => void;
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly environment: RequestEnvironment;
  readonly record: RequestRecord;
  /** Aborted when the caller disconnects. */
  readonly signal: AbortSignal;
  /** Added to every answer. */
  readonly corsFields: string[];
  held?: HeldBytes;
}

/**
 * Handles one request from its head to the end of its response. Applies the policies in
 * Agentgateway's order: cors, extAuthz, authorization, a2a, requestHeaderModifier, urlRewrite.
 * Fills `record`; never throws.
 */
export async function handleRequest(
  message: IncomingMessage,
  response: ServerResponse,
  environment: RequestEnvironment,
  record: RequestRecord,
): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  const exchange: Exchange = { message, response, environment, record, signal, corsFields: [] };
  response.on("close", () => {
    if (!response.writableFinished) abort.abort(new CallerGone("the caller left"));
  });
  try {
    await passPolicies(exchange);
  } catch (error) {
    try {
      reply(error, exchange);
    } catch (failure) {
      environment.onProblem("an answer could not be written", failure);
      response.destroy();
    }
  } finally {
    exchange.held?.release();
  }
}

async function passPolicies(exchange: Exchange): Promise<void> {
  const { message, environment, record, corsFields, signal } = exchange;
  const { upstreams } = environment;
  const head = readRequestHead(message);
  record.head = head;
  const span = startRequestSpan(environment.tracer, head);
  if (span !== undefined) record.span = span;
  record.context = celContext(head);

  const listener = selectListener(environment.listeners, head.hostname);
  if (listener === undefined) throw textReply(404, "NotFound", "listener not found");
  record.listener = listener.name;
  const { route } = listener;
  record.route = route;
  const { policies } = route;

  if (policies.cors) corsFields.push(...applyCors(head));
  if (policies.extAuthz) {
    const options = { head, context: record.context, upstreams, signal };
    const verdict = await applyExtAuthz(policies.extAuthz, options);
    // The check may have replaced fields.
    record.context = { ...record.context, request: requestView(head), extauthz: verdict.extauthz };
    for (const name of verdict.failedMetadata) {
      environment.onProblem(`extAuthz metadata ${name} could not be evaluated for route ${route.name}`);
    }
  }
  if (policies.authorization) applyAuthorization(policies.authorization, record.context);

  const isCard = policies.a2a !== undefined && isAgentCardRequest(head.method, head.path);
  if (isCard) record.protocol = "a2a";
  const chunks = head.hasBody ? await readBodyFor(route, exchange) : [];
  if (policies.a2a !== undefined && head.method === "POST") {
    record.protocol = "a2a";
    record.a2aMethod = a2aMethod(firstField(head.fields, "content-type"), chunks);
  }
  const compose = (agent: Address) => {
    record.endpoint = `${agent.host}:${agent.port}`;
    return messageFor(agent, exchange, chunks);
  };
  try {
    await upstreams.request(
      route.backends,
      { method: head.method, path: head.target, compose, signal },
      isCard ? (card) => sendCard(exchange, card) : (answer) => sendStream(exchange, answer),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LocalReply) throw error;
    throw textReply(503, "UpstreamFailure", `upstream call failed: ${failureCode(error)}`);
  }
}

function messageFor(agent: Address, { record, held }: Exchange, chunks: Buffer[]): UpstreamMessage {
  const head = record.head!;
  const { policies } = record.route!;
  const fields = [...head.fields];
  for (const name of policies.requestHeaderModifier.remove) removeField(fields, name);
  // Without a rewrite, Agentgateway sets the backend's name without its port, but keeps the
  // caller's value if the backend is an IP address.
  const keepsHost = policies.urlRewrite.authority === "none" || isIP(agent.host) !== 0;
  setField(fields, "host", keepsHost ? head.authority : agent.host);
  const forwarded = held && forwardedBody(chunks, held);
  return { fields: [...fields, ...(forwarded?.fields ?? [])], body: forwarded?.body };
}

function readBodyFor({ backends, policies }: Route, exchange: Exchange): Promise<Buffer[]> {
  const { message, response, environment, record, signal } = exchange;
  const { maxBodyBytes, bodyBudget, unnamedBodyBudget } = environment;
  // If the check identifies callers, unidentified ones cannot use up the time and memory that
  // others need.
  const isNamed = policies.extAuthz === undefined || hasName(record.context?.extauthz);
  const agent = backends[0]!;
  const held = isNamed
    ? bodyBudget.hold(`${agent.host}:${agent.port}`)
    : unnamedBodyBudget.hold(message.socket.remoteAddress ?? "");
  exchange.held = held;
  const maxBytes = isNamed ? maxBodyBytes : Math.min(maxBodyBytes, ONE_PIECE_BYTES);
  const onWanted = () => {
    // The server has rejected any other expectation.
    if (message.headers.expect !== undefined && message.httpVersion !== "1.0") response.writeContinue();
  };
  return readBody(message, { maxBytes, held, signal, onWanted });
}

/** Claims of `gateway-authz` that identify a caller or its person. A key alone does not. */
const NAMES = ["agent", "person"];

function hasName(extauthz: unknown): boolean {
  return Object.values(extauthz ?? {}).some((claims: unknown) =>
    NAMES.some((name) => Object.hasOwn(Object(claims), name)),
  );
}

/** Streams a response without buffering, so that an event stream arrives event by event. */
async function sendStream(exchange: Exchange, answer: UpstreamResponse): Promise<void> {
  const { response, environment, record, corsFields } = exchange;
  const { status, fields, body } = answer;
  setFields(fields, corsFields);
  // A content-length is meaningless here (RFC 9110 section 8.6), but a caller that trusts it would
  // wait for a body.
  if (status === 204) removeField(fields, "content-length");
  record.status = status;
  record.responseFields = fields;
  response.writeHead(status, fields);
  // Disconnects a caller that stops reading for that long.
  response.setTimeout(environment.idleTimeoutMs, () => response.destroy());
  // The head of an event stream must not wait for its first event. `flushHeaders` would write it as
  // UTF-8.
  if (firstField(fields, "content-length") === undefined) response.write(Buffer.alloc(0));
  await new Promise<void>((resolve) => {
    // Only closing the connection can still signal that the response is incomplete.
    body.on("error", (error) => {
      record.error ??= `response cut: ${failureCode(error)}`;
      response.destroy();
    });
    response.once("close", () => {
      body.destroy();
      resolve();
    });
    body.pipe(response);
  });
}

async function sendCard(exchange: Exchange, answer: UpstreamResponse): Promise<void> {
  const { response, record, corsFields } = exchange;
  const { status, fields } = answer;
  let body = await collect(answer.body, MAX_CARD_BYTES);
  try {
    // A refusal is not an agent card, whatever the path.
    if (status < 300) body = rewriteAgentCard(body, `http://${record.head!.authority}`, record.head!.target);
  } catch (error) {
    throw textReply(503, "Internal", `processing failed: ${(error as Error).message}`);
  }
  setFields(fields, [...corsFields, "content-length", String(body.length)]);
  record.status = status;
  record.responseFields = fields;
  response.writeHead(status, fields).end(body);
}

function reply(error: unknown, exchange: Exchange): void {
  const { message, response, environment, record, corsFields } = exchange;
  if (error instanceof CallerGone || response.headersSent || response.destroyed) {
    record.error = error instanceof CallerGone ? error.message : failureCode(error);
    response.destroy();
    return;
  }
  let local: LocalReply;
  if (error instanceof LocalReply) {
    local = error;
  } else {
    environment.onProblem("a request failed inside the gateway", error);
    local = textReply(500, "Internal", "internal error");
  }
  const fields = [...local.fields];
  setFields(fields, corsFields);
  removeField(fields, "content-length");
  const body = Buffer.from(local.body);
  if (local.status !== 204 && local.status !== 304) fields.push("content-length", String(body.length));
  // Reads and discards a remainder that is known to be short: a caller whose connection closes
  // while it sends may never see the answer, such as a challenge. Any other remainder must not be
  // mistaken for the next request.
  const mayBeDiscarded = Math.min(MAX_DISCARDED_BYTES, environment.maxBodyBytes);
  const isRestShort =
    record.route !== undefined && Number(message.headers["content-length"]) <= mayBeDiscarded;
  if (!message.complete && !isRestShort) fields.push("connection", "close");
  record.status = local.status;
  record.reason = local.reason;
  if (local.detail !== undefined) record.error = local.detail;
  record.responseFields = fields;
  response.writeHead(local.status, fields).end(body);
}
