import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import type { Bind, GatewayConfiguration, Route } from "../configuration/configuration.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { startTrace } from "../observe/trace-context.ts";
import { a2aMethod, isAgentCardRequest, rewriteAgentCard } from "../policies/agent-card.ts";
import { applyAuthorization } from "../policies/authorization.ts";
import { applyCors } from "../policies/cors.ts";
import { applyExtAuthz } from "../policies/ext-authz.ts";
import type { LocalRateLimit } from "../policies/local-rate-limit.ts";
import { upstreamAuthority } from "../policies/url-rewrite.ts";
import { selectListener } from "../routing/select-listener.ts";
import { selectRoute } from "../routing/select-route.ts";
import type { BodyBudget } from "./body-budget.ts";
import { Cancellation, untilCancelled } from "./cancellation.ts";
import { celContext, requestView } from "./cel-context.ts";
import { type CollectedResponse, collectResponse } from "./collect-response.ts";
import { describeFailure } from "./describe-failure.ts";
import { forwardRequest } from "./forward-request.ts";
import { CallerGone, OwnAnswer, textAnswer } from "./own-answer.ts";
import { ONE_PIECE_BYTES, RequestBody } from "./request-body.ts";
import { firstField, readRequestHead, removeField, setField } from "./request-head.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

/** Largest agent card that is rewritten; Agentgateway's own buffer limit. */
const MAX_CARD_BYTES = 2_097_152;

/** Reading what a refused caller still sends costs as much as taking it. */
const MAX_DISCARDED_BYTES = 262_144;

/** What the request path needs beside the message. Replaced as a whole when the file is reloaded. */
export interface RequestEnvironment {
  readonly configuration: GatewayConfiguration;
  readonly bind: Bind;
  readonly rateLimits: ReadonlyMap<Route, LocalRateLimit>;
  readonly pools: UpstreamPools;
  readonly maxBodyBytes: number;
  /** By agent. */
  readonly bodyBudget: BodyBudget;
  /** Of callers that the check has not named, by address. */
  readonly unnamedBodyBudget: BodyBudget;
  readonly stallTimeoutMs: number;
  readonly onProblem: (message: string, error?: unknown) => void;
}

/**
 * One request from its head to the end of its response. The order of the policies is Agentgateway's: cors, extAuthz, authorization,
 * localRateLimit, urlRewrite, a2a. Fills `record`; never throws.
 */
export async function handleRequest(
  message: IncomingMessage,
  response: ServerResponse,
  environment: RequestEnvironment,
  record: RequestRecord,
): Promise<void> {
  const cancellation = new Cancellation();
  const deadlines: NodeJS.Timeout[] = [];
  const corsFields: string[] = [];
  response.on("close", () => {
    if (!response.writableFinished) cancellation.request(new CallerGone("the caller left"));
  });
  const deadline = (milliseconds: number | undefined, text: string) => {
    if (milliseconds === undefined) return;
    deadlines.push(setTimeout(() => cancellation.request(textAnswer(504, "Timeout", text)), milliseconds));
  };
  const exchange: Exchange = {
    message,
    response,
    environment,
    record,
    cancellation,
    corsFields,
    deadline,
    deadlines,
    startedAtMs: performance.now(),
    body: undefined,
  };
  try {
    await passPolicies(exchange);
  } catch (error) {
    try {
      answer(error, exchange);
    } catch (failure) {
      environment.onProblem("an answer could not be written", failure);
      response.destroy();
    }
  } finally {
    for (const timer of deadlines) clearTimeout(timer);
    exchange.body?.release();
  }
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly environment: RequestEnvironment;
  readonly record: RequestRecord;
  readonly cancellation: Cancellation;
  /** Added to whatever is answered. */
  readonly corsFields: string[];
  readonly deadline: (milliseconds: number | undefined, text: string) => void;
  readonly deadlines: NodeJS.Timeout[];
  /** On the process's own clock. */
  readonly startedAtMs: number;
  /** Set when a route is known that takes it. */
  body: RequestBody | undefined;
}

async function passPolicies(exchange: Exchange): Promise<void> {
  const { message, environment, record, cancellation } = exchange;
  const { configuration } = environment;
  const head = readRequestHead(message);
  record.head = head;

  const trace = startTrace(configuration.tracing, firstField(head.fields, "traceparent"));
  if (trace !== undefined) {
    record.trace = trace;
    setField(head.fields, "traceparent", trace.header);
  }
  record.context = celContext(head);
  const listener = selectListener(environment.bind, head.hostname);
  if (listener === undefined) throw textAnswer(404, "NotFound", "listener not found");
  record.listener = listener.name;
  const selected = selectRoute(listener, head);
  if (selected === undefined) throw textAnswer(404, "NotFound", "route not found");
  const { route, matchedPath } = selected;
  record.route = route;
  record.matchedPath = matchedPath;
  const { policies } = route;
  const body = head.hasBody ? requestBody(exchange, route) : undefined;

  if (policies.cors) exchange.corsFields.push(...applyCors(policies.cors, head));
  if (policies.extAuthz) {
    if (policies.extAuthz.includeRequestBody) await body?.read();
    const verdict = await applyExtAuthz(policies.extAuthz, {
      head,
      context: record.context,
      body: policies.extAuthz.includeRequestBody && body?.bytes(),
      pools: environment.pools,
      cancellation,
    });
    if (verdict !== undefined) {
      const { includeResponseHeaders } = policies.extAuthz;
      record.context = {
        ...record.context,
        ...(includeResponseHeaders.length > 0 && { request: requestView(head) }),
        extauthz: verdict.extauthz,
      };
      for (const name of verdict.failedMetadata) {
        environment.onProblem(`extAuthz metadata ${name} could not be evaluated for route ${route.name}`);
      }
    }
  }
  if (policies.authorization) applyAuthorization(policies.authorization, record.context);
  environment.rateLimits.get(route)?.take();

  // Counted from the request's start, and in force from here on: the check has a time of its own.
  if (policies.requestTimeoutMs !== undefined) {
    const leftMs = policies.requestTimeoutMs - (performance.now() - exchange.startedAtMs);
    exchange.deadline(Math.max(0, leftMs), "request timeout");
  }

  // A caller that leaves ends the reading by itself; only a deadline has to be watched for.
  const reading = body?.read();
  await (exchange.deadlines.length === 0 || reading === undefined
    ? reading
    : untilCancelled(reading, cancellation));
  const isCard = policies.a2a && isAgentCardRequest(head.method, head.path);
  if (policies.a2a && (isCard || head.method === "POST")) {
    record.protocol = "a2a";
    if (!isCard) record.a2aMethod = a2aMethod(firstField(head.fields, "content-type"), body);
  }
  const fields = [...head.fields];
  for (const name of policies.removedRequestFields) removeField(fields, name);
  setField(fields, "host", upstreamAuthority(policies.authority, route.backend, head.authority));
  const forwarded = body?.forward();
  fields.push(...(forwarded?.fields ?? []));
  const request: Dispatcher.DispatchOptions = {
    method: head.method as Dispatcher.HttpMethod,
    path: head.target,
    headers: fields,
    // undici takes any async iterable; its types know of node's streams only.
    body: (forwarded?.body as Buffer | undefined) ?? null,
  };
  record.endpoint = `${route.backend.host}:${route.backend.port}`;
  exchange.deadline(policies.backendRequestTimeoutMs, "upstream call timeout");
  await callAgent(exchange, request, route, isCard);
}

function requestBody(exchange: Exchange, { backend, policies }: Route): RequestBody {
  const { message, response, environment, record } = exchange;
  exchange.body = new RequestBody(message, {
    limits() {
      const { maxBodyBytes, bodyBudget, unnamedBodyBudget } = environment;
      // Where the check says who calls, callers without a name use up neither the time nor the memory that the others need.
      const isAsked = policies.extAuthz !== undefined && policies.extAuthz.includeRequestBody === undefined;
      if (!isAsked || isNamed(record.context?.extauthz)) {
        return { maxBytes: maxBodyBytes, held: bodyBudget.hold(`${backend.host}:${backend.port}`) };
      }
      const held = unnamedBodyBudget.hold(message.socket.remoteAddress ?? "");
      return { maxBytes: Math.min(maxBodyBytes, ONE_PIECE_BYTES), held };
    },
    onWanted: () => {
      // The server has seen to it that this is all it expects.
      if (message.headers.expect !== undefined && message.httpVersion !== "1.0") response.writeContinue();
    },
  });
  return exchange.body;
}

/** Whether the check has proven who calls: the claims of `gateway-authz` have an `agent` then. A key alone is no name. */
function isNamed(extauthz: unknown): boolean {
  return Object.values(extauthz ?? {}).some((claims: unknown) => Object.hasOwn(Object(claims), "agent"));
}

async function callAgent(
  exchange: Exchange,
  request: Dispatcher.DispatchOptions,
  route: Route,
  isCard: boolean,
): Promise<void> {
  const { response, environment, record, cancellation } = exchange;
  const upstream = environment.pools.get(route.backend);
  try {
    if (isCard) {
      const limits = { maxBytes: MAX_CARD_BYTES, cancellation };
      return sendCard(exchange, await upstream.use((pool) => collectResponse(pool, request, limits)));
    }
    const options = {
      cancellation,
      addedFields: exchange.corsFields,
      stallTimeoutMs: environment.stallTimeoutMs,
      onHead(status: number, fields: string[]) {
        record.status = status;
        record.responseFields = fields;
        for (const timer of exchange.deadlines) clearTimeout(timer);
      },
    };
    const outcome = await upstream.use((pool) => forwardRequest(pool, request, response, options));
    if (outcome.failed !== undefined) record.error = `response cut: ${describeFailure(outcome.failed)}`;
  } catch (error) {
    if (error instanceof OwnAnswer || error instanceof CallerGone) throw error;
    const failure = describeFailure(error);
    throw textAnswer(503, "UpstreamFailure", `upstream call failed: ${failure}`);
  }
}

function sendCard({ response, record, corsFields }: Exchange, card: CollectedResponse): void {
  const { head } = record;
  let { body } = card;
  try {
    // A refusal is no card, whatever its path looks like.
    if (card.status < 300) body = rewriteAgentCard(body, `http://${head!.authority}`, head!.target);
  } catch (error) {
    const { message } = error as Error;
    throw textAnswer(503, "Internal", `processing failed: ${message}`);
  }
  const fields = [...card.fields];
  for (let index = 0; index < corsFields.length; index += 2) {
    setField(fields, corsFields[index]!, corsFields[index + 1]!);
  }
  setField(fields, "content-length", String(body.length));
  record.status = card.status;
  record.responseFields = fields;
  response.writeHead(card.status, fields);
  response.end(body);
}

function answer(error: unknown, exchange: Exchange): void {
  const { message, response, environment, record, corsFields } = exchange;
  if (error instanceof CallerGone || response.headersSent || response.destroyed) {
    record.error = error instanceof CallerGone ? error.message : describeFailure(error);
    response.destroy();
    return;
  }
  let own: OwnAnswer;
  if (error instanceof OwnAnswer) {
    own = error;
  } else {
    environment.onProblem("a request failed inside the gateway", error);
    own = textAnswer(500, "Internal", "internal error");
  }
  const fields = [...own.fields];
  for (let index = 0; index < corsFields.length; index += 2) {
    setField(fields, corsFields[index]!, corsFields[index + 1]!);
  }
  removeField(fields, "content-length");
  const body = typeof own.body === "string" ? Buffer.from(own.body) : own.body;
  if (own.status !== 204 && own.status !== 304) fields.push("content-length", String(body.length));
  // A rest that is known to be short is read and thrown away: a caller whose connection is closed while it is sending may never see the
  // answer, such as the challenge it has to meet. Nobody waits for any other rest, and it must not be taken for the next request.
  const mayBeDiscarded = Math.min(MAX_DISCARDED_BYTES, environment.maxBodyBytes);
  const isRestShort =
    exchange.body !== undefined && Number(message.headers["content-length"]) <= mayBeDiscarded;
  if (!message.complete && !isRestShort) fields.push("connection", "close");
  record.status = own.status;
  record.reason = own.reason;
  if (own.detail !== undefined) record.error = own.detail;
  record.responseFields = fields;
  response.writeHead(own.status, fields);
  response.end(body);
}
