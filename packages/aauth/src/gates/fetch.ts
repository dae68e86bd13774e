/**
 * Policy enforcement point for handlers of `Request` and `Response`: Hono, Workers, Bun, Deno,
 * Next.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import { requireFunction } from "../keys/option-checks.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Resource, ResourceRequest } from "../resource/create-resource.ts";
import type { CallerOf, Requirement } from "../types.ts";
import {
  admit,
  answerOwn,
  BodyError,
  boundsOf,
  checkGate,
  failure,
  type GateBounds,
  type GateOptions,
} from "./gate.ts";

export type { GateOptions } from "./gate.ts";

/**
 * Passes requests whose callers meet the requirement to `handler`, and answers all others:
 * documents and endpoints of the resource, challenges and refusals. The body is read and verified
 * before the handler runs. Its request is a new one with method, fields, signal and the same bytes;
 * `url` and `Host` name the resource, whatever the client sent.
 *
 * `Headers` joins lines of one name with a comma. Lines added to a covered field in transit thus
 * invalidate the signature. A field that the signature does not cover may have been changed in
 * transit.
 *
 * The signature is verified with the URL of this request. A router that strips a prefix, such as
 * `mount` of Hono, breaks that: a signature for `/reports` is then accepted at `/admin/reports`,
 * and one for `/admin/reports` refused. Pass the original request: `app.all("/admin/*", (c) =>
 * gate(c.req.raw))`.
 *
 * An error of the handler is answered with 500, and the resource's observer receives it, so that a
 * handler throws no framework's redirect or answer. Does NOT listen, route or limit rates; requests
 * for all other paths reach the handler. `Host` and `X-Forwarded-*` are never read.
 *
 * @returns `fetch` of a server; further arguments, such as the environment of Workers, reach the
 * handler
 * @throws TypeError for a requirement that is missing, unknown, or impossible for the resource
 * @throws RangeError for invalid bounds
 *
 * @example
 * export default { fetch: protect(resource, { level: "person-token" }, (request, caller) => new Response(caller.person.sub)) };
 */
export function protect<
  Name extends string,
  const R extends Requirement<Name>,
  Context extends readonly unknown[] = [],
>(
  resource: Resource<Name>,
  requirement: R,
  handler: (request: Request, caller: CallerOf<R>, ...context: Context) => Awaitable<Response>,
  options: GateOptions = {},
): (request: Request, ...context: Context) => Promise<Response> {
  const bounds = boundsOf(options);
  checkGate(resource, requirement);
  requireFunction("handler", handler ?? null);
  const { origin } = new URL(resource.id);
  return async (request, ...context) => {
    const own = received(request, bounds);
    const { answer, caller, body } = await admit(resource, requirement, own);
    if (answer !== undefined) return responseOf(answer);
    try {
      return await handler(addressed(request, origin, body), caller, ...context);
    } catch (error) {
      return responseOf(failure(error, resource, own));
    }
  };
}

/**
 * Serves documents, the key set and endpoints of the resource; undefined for any other request,
 * whose body is not read. For servers with several protected handlers, or with public paths.
 *
 * @throws RangeError for invalid bounds
 *
 * @example
 * const own = serveResource(resource);
 * app.use(async (c, next) => (await own(c.req.raw)) ?? (await next()));
 */
export function serveResource<Name extends string>(
  resource: Resource<Name>,
  options: GateOptions = {},
): (request: Request) => Promise<Response | undefined> {
  const bounds = boundsOf(options);
  return async (request) => {
    const own = await answerOwn(resource, received(request, bounds));
    return own && responseOf(own);
  };
}

function received(request: Request, { maxBodyBytes, bodyTimeoutMs }: GateBounds): ResourceRequest {
  return {
    method: request.method,
    target: targetOf(request.url),
    headers: Object.fromEntries(request.headers),
    body: (maxBytes = maxBodyBytes) => readBody(request, maxBytes, bodyTimeoutMs),
  };
}

/** The request as it was signed: at the resource's own address, with its body, if any. */
function addressed(request: Request, origin: string, body: Uint8Array | undefined): Request {
  const { method, signal } = request;
  const headers = new Headers(request.headers);
  const url = origin + targetOf(request.url); // hole E14: request.url
  if (headers.has("host")) headers.set("host", new URL(origin).host); // hole E14a
  const isBodiless = body === undefined || method === "GET" || method === "HEAD";
  return new Request(url, {
    method,
    headers,
    signal,
    body: isBodiless ? null : (body as Uint8Array<ArrayBuffer>),
  });
}

/** Path and query, unparsed: `search` of a URL would drop a lone question mark. */
const targetOf = (url: string): string => url.slice(url.indexOf("/", url.indexOf("//") + 2));

async function readBody(
  request: Request,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  if (request.bodyUsed)
    throw new TypeError("the body was read before the AAuth gate: pass the original request");
  // A server on Node discards only a body whose stream was never requested.
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes, { isUnread: true });
  const { body } = request;
  if (body === null) return undefined;
  try {
    return await readAtMost(arriving(body, timeoutMs), maxBytes);
  } catch (error) {
    if (error instanceof BodyError) throw error;
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new BodyError(400, "the request ended before its body", { cause: error });
  }
}

const tooLarge = (maxBytes: number, options = {}) =>
  new BodyError(413, `the body has more than ${maxBytes} bytes`, options);

/**
 * Yields the chunks of a stream, and cancels it after the time limit or if iteration ends early.
 */
async function* arriving(stream: ReadableStream<Uint8Array>, timeoutMs: number): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let late: BodyError | undefined;
  // An error during cancellation is irrelevant.
  const cancel = () => void reader.cancel().catch(() => {});
  const timer = setTimeout(() => {
    late = new BodyError(408, `the body takes longer than ${timeoutMs} ms`);
    cancel();
  }, timeoutMs);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    // Cancellation ends a pending read, on Workers with an error.
    throw late ?? error;
  } finally {
    clearTimeout(timer);
    cancel();
  }
  if (late !== undefined) throw late;
}

const responseOf = ({ status, headers, body }: Answer): Response =>
  new Response(body === "" ? null : body, { status, headers });
