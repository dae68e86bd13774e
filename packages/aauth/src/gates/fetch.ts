/**
 * A gate in front of handlers that turn a `Request` into a `Response`: Hono, Workers, Bun, Deno,
 * Next.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Resource, ResourceRequest } from "../resource/create-resource.ts";
import type { CallerOf, Requirement } from "../types.ts";
import {
  answerOwn,
  BodyError,
  boundsOf,
  checkGate,
  type GateBounds,
  type GateOptions,
  judge,
} from "./gate.ts";

export type { GateOptions } from "./gate.ts";

/**
 * Lets requests reach `handler` whose callers meet the requirement, and answers all others:
 * documents and endpoints of the resource, challenges and refusals. The body has been read and
 * compared with what was signed before the handler runs; its request has the same bytes again.
 *
 * A `Headers` joins lines of one name with a comma. Lines that were added to a covered field on the
 * way thus change what was signed, and the request is refused; a handler that looks at a field
 * which no signature covers sees what anyone on the way has made of it.
 *
 * The signature is compared with the URL that the request has here. A router that takes a prefix
 * off, such as `mount` of Hono, makes one path of two: what was signed for `/reports` passes at
 * `/admin/reports`, and what was signed for that is refused. Give the gate the request as it came:
 * `app.all("/admin/*", (c) => gate(c.req.raw))`.
 *
 * What the handler throws passes to the server, which ends the request with 500. Does NOT listen,
 * route or limit rates; a request for any other path is the handler's. `Host` and `X-Forwarded-*`
 * are never read.
 *
 * @returns `fetch` of a server; further arguments, such as the environment of Workers, reach the
 * handler
 * @throws TypeError for a requirement that is missing or unknown, or that the resource can never
 * meet
 * @throws RangeError for bounds that bound nothing
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
  return async (request, ...context) => {
    const { answer, admitted } = await judge(resource, requirement, received(request, bounds), bounds);
    if (admitted === undefined) return responseOf(answer);
    return handler(replayed(request, admitted.body), admitted.caller, ...context);
  };
}

/**
 * Answers documents, the key set and endpoints of the resource; undefined for any other request,
 * whose body is untouched. For servers with several gates, or with paths that are open to everyone.
 *
 * @throws RangeError for bounds that bound nothing
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
    const own = await answerOwn(resource, received(request, bounds), bounds);
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

/** The request with its body again. Those that may have none are as they came. */
function replayed(request: Request, body: Uint8Array | undefined): Request {
  if (body === undefined || request.method === "GET" || request.method === "HEAD") return request;
  const own = { body: body as Uint8Array<ArrayBuffer> };
  try {
    return new Request(request, own);
  } catch {
    // Next hands over a proxy of its request, which the platform does not take for one.
    const { url, method, headers, signal } = request;
    return new Request(url, { method, headers, signal, ...own });
  }
}

/**
 * Path and query as the platform writes them: a URL's `search` would drop a question mark alone.
 */
const targetOf = (url: string): string => url.slice(url.indexOf("/", url.indexOf("//") + 2));

async function readBody(
  { body, bodyUsed, headers }: Request,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  if (bodyUsed) throw new TypeError("the body has been read before the gate");
  if (body === null) return undefined;
  if (Number(headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  try {
    return await readAtMost(arriving(body, timeoutMs), maxBytes);
  } catch (error) {
    if (error instanceof BodyError) throw error;
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new BodyError(400, "the request ended before its body", { cause: error });
  }
}

const tooLarge = (maxBytes: number) => new BodyError(413, `the body has more than ${maxBytes} bytes`);

/** The chunks of a stream, which is cancelled where it ends too late or is left early. */
async function* arriving(stream: ReadableStream<Uint8Array>, timeoutMs: number): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let late: BodyError | undefined;
  // A source that fails while it is cancelled has nothing more to say.
  const cancel = () => void reader.cancel().catch(() => {});
  const timer = setTimeout(() => {
    late = new BodyError(408, `the body takes longer than ${timeoutMs} ms`);
    cancel();
  }, timeoutMs);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    // A read that is under way ends when it is cancelled, on Workers with an error.
    throw late ?? error;
  } finally {
    clearTimeout(timer);
    cancel();
  }
  if (late !== undefined) throw late;
}

const responseOf = ({ status, headers, body }: Answer): Response =>
  new Response(body === "" ? null : body, { status, headers });
