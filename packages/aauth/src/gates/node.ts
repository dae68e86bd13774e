/**
 * A gate of `(request, response, next)`: `node:http`, Express, Connect. Not `node:http2`.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../profile/resource-rules.ts";
import type { Resource, ResourceRequest } from "../resource/create-resource.ts";
import { receivedFields } from "../resource/received-fields.ts";
import type { CallerOf, Requirement } from "../types.ts";
import { answerOwn, boundsOf, checkGate, type GateBounds, type GateOptions, judge } from "./gate.ts";
import { readAndRestore } from "./node-body.ts";

export type { GateOptions } from "./gate.ts";

/** A request of `node:http`, as a framework hands it over. */
export interface NodeRequest extends IncomingMessage {
  /**
   * Express and Connect: what came on the request line, where `url` has lost the path of a router.
   */
  readonly originalUrl?: string;
}

/** The next step: a handler, or the next one of a framework. It is never called with an error. */
export type Next = () => unknown;

/** A middleware that knows the callers of the requests that it has let through. */
export interface Gate<Caller> {
  (request: NodeRequest, response: ServerResponse, next: Next): Promise<void>;
  /** @throws TypeError for a request that this gate has not let through */
  callerOf(request: NodeRequest): Caller;
  /**
   * The bytes that were signed, undefined for none.
   *
   * @throws TypeError for a request that this gate has not let through
   */
  bodyOf(request: NodeRequest): Uint8Array | undefined;
}

/**
 * Calls `next` for requests whose callers meet the requirement, and answers all others: documents
 * and endpoints of the resource, challenges and refusals. The body has been read and compared with
 * what was signed before, and the request has the same bytes again, for `express.json()` or another
 * parser after the gate. A parser before it leaves nothing to compare: 500.
 *
 * What `next` throws, or rejects with, is answered 500, without the headers that are set by then. A
 * signed request over HTTP/2, and a body after `request.setEncoding()`, are answered 500 too. Does
 * NOT listen, route or limit rates; a request for any other path is passed on. `Host` and
 * `X-Forwarded-*` are never read.
 *
 * @throws TypeError for a requirement that is missing or unknown, or that the resource can never
 * meet
 * @throws RangeError for bounds that bound nothing
 *
 * @example
 * const reports = protect(resource, { level: "person-token" });
 * app.get("/reports", reports, (request, response) => response.json({ of: reports.callerOf(request).person.sub }));
 */
export function protect<Name extends string, const R extends Requirement<Name>>(
  resource: Resource<Name>,
  requirement: R,
  options: GateOptions = {},
): Gate<CallerOf<R>> {
  const bounds = boundsOf(options);
  checkGate(resource, requirement);
  const passed = new WeakMap<NodeRequest, Awaited<ReturnType<typeof resource.verify<R>>>>();
  const admittedTo = (request: NodeRequest) => {
    const admitted = passed.get(request);
    if (admitted === undefined) throw new TypeError("the request has not passed this gate");
    return admitted;
  };
  const gate = async (request: NodeRequest, response: ServerResponse, next: Next): Promise<void> => {
    const { answer, admitted } = await judge(resource, requirement, received(request, bounds), bounds);
    if (admitted === undefined) return send(request, response, answer);
    passed.set(request, admitted);
    return proceed(request, response, next, bounds);
  };
  return Object.assign(gate, {
    callerOf: (request: NodeRequest) => admittedTo(request).caller,
    bodyOf: (request: NodeRequest) => admittedTo(request).body,
  });
}

/**
 * Answers documents, the key set and endpoints of the resource, and passes every other request on,
 * its body untouched. For servers with several gates, or with paths that are open to everyone.
 *
 * @throws RangeError for bounds that bound nothing
 *
 * @example
 * app.use(serveResource(resource));
 */
export function serveResource<Name extends string>(
  resource: Resource<Name>,
  options: GateOptions = {},
): (request: NodeRequest, response: ServerResponse, next: Next) => Promise<void> {
  const bounds = boundsOf(options);
  return async (request, response, next) => {
    const own = await answerOwn(resource, received(request, bounds), bounds);
    return own === undefined ? proceed(request, response, next, bounds) : send(request, response, own);
  };
}

function received(request: NodeRequest, { maxBodyBytes, bodyTimeoutMs }: GateBounds): ResourceRequest {
  return {
    method: request.method ?? "",
    target: request.originalUrl ?? request.url ?? "",
    headers: receivedFields(request),
    body: (maxBytes = maxBodyBytes) => readAndRestore(request, maxBytes, bodyTimeoutMs),
  };
}

async function proceed(
  request: NodeRequest,
  response: ServerResponse,
  next: Next,
  { fail }: GateBounds,
): Promise<void> {
  try {
    await next();
  } catch (error) {
    const answer = fail(error);
    if (response.headersSent) return void response.destroy();
    for (const name of response.getHeaderNames()) response.removeHeader(name); // hole E9
    send(request, response, answer);
  }
}

/** Ends the connection with the answer where more of the body would follow: it has no known end. */
function send(request: NodeRequest, response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, headers).end(body);
}
