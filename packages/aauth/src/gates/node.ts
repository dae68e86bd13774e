/**
 * Policy enforcement point as middleware `(request, response, next)`: `node:http`, Express,
 * Connect. Not `node:http2`.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../profile/resource-rules.ts";
import type { Resource, ResourceRequest } from "../resource/create-resource.ts";
import { receivedFields } from "../resource/received-fields.ts";
import type { CallerOf, Requirement } from "../types.ts";
import { admit, answerOwn, boundsOf, checkGate, failure, type GateBounds, type GateOptions } from "./gate.ts";
import { readAndRestore } from "./node-body.ts";

export type { GateOptions } from "./gate.ts";

/** A request of `node:http`, as a framework passes it. */
export interface NodeRequest extends IncomingMessage {
  /** Express and Connect: the original request target; a router strips its path from `url`. */
  readonly originalUrl?: string;
}

/** Continues with the next handler. Never called with an error. */
export type Next = () => unknown;

/** A middleware that knows the callers of admitted requests. */
export interface Gate<Caller> {
  (request: NodeRequest, response: ServerResponse, next: Next): Promise<void>;
  /** @throws TypeError for a request that it has not admitted */
  callerOf(request: NodeRequest): Caller;
  /**
   * The verified body; undefined for none.
   *
   * @throws TypeError for a request that it has not admitted
   */
  bodyOf(request: NodeRequest): Uint8Array | undefined;
}

/**
 * Calls `next` for requests whose callers meet the requirement, and answers all others: documents
 * and endpoints of the resource, challenges and refusals. The body is read and verified before, and
 * restored for `express.json()` or another later parser. An earlier parser leaves no body to
 * verify, which is answered with 500. Afterwards `headers.host` names the resource, whatever the
 * client sent.
 *
 * An error or rejection of `next` is answered with 500, without the headers set so far, as are a
 * signed request over HTTP/2 and a body after `request.setEncoding()`; the resource's observer
 * receives it. Does NOT listen, route or
 * limit rates; requests for all other paths are passed on. `Host` and `X-Forwarded-*` are never
 * read.
 *
 * @throws TypeError for a requirement that is missing, unknown, or impossible for the resource
 * @throws RangeError for invalid bounds
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
  const passed = new WeakMap<NodeRequest, { caller: CallerOf<R>; body: Uint8Array | undefined }>();
  const admittedTo = (request: NodeRequest) => {
    const admitted = passed.get(request);
    if (admitted === undefined) throw new TypeError("the request was not admitted by this middleware");
    return admitted;
  };
  const gate = async (request: NodeRequest, response: ServerResponse, next: Next): Promise<void> => {
    const own = received(request, bounds);
    const { answer, caller, body } = await admit(resource, requirement, own);
    if (answer !== undefined) return send(request, response, answer);
    passed.set(request, { caller, body });
    request.headers.host = resource.authority; // hole E15
    return proceed(request, response, next, (error) => failure(error, resource, own));
  };
  return Object.assign(gate, {
    callerOf: (request: NodeRequest) => admittedTo(request).caller,
    bodyOf: (request: NodeRequest) => admittedTo(request).body,
  });
}

/**
 * Serves documents, the key set and endpoints of the resource, and passes all other requests on
 * without reading their body. For servers with several protected handlers, or with public paths.
 *
 * @throws RangeError for invalid bounds
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
    const own = received(request, bounds);
    const answer = await answerOwn(resource, own);
    return answer === undefined
      ? proceed(request, response, next, (error) => failure(error, resource, own))
      : send(request, response, answer);
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
  fail: (error: unknown) => Answer,
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

/**
 * Sends a response, and closes the connection afterwards if the body has not arrived completely.
 */
function send(request: NodeRequest, response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, headers).end(body);
}
