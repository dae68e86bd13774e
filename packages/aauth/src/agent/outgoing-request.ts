/**
 * Reads the arguments of a `fetch` call into a request that can be signed and sent more than once.
 *
 * @module
 */

import { readAtMost } from "../discovery/read-at-most.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import { anyOf } from "./timeout.ts";

export interface OutgoingRequest {
  readonly method: string;
  /** Absolute, as serialized by the URL parser. This form is sent and signed. */
  readonly url: string;
  /** Lower-case names, without fields of the signature or the connection. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly signals: readonly AbortSignal[];
}

/** A request of a caller's `fetch`. */
export interface CallersRequest extends OutgoingRequest {
  readonly origin: string;
}

/**
 * @throws TypeError for a URL that is not http or https or has credentials, for a GET or HEAD with
 *   a body, and for a body that has already been read; RangeError for a body over `maxBodyBytes`,
 *   which is kept in memory for the digest and the retry; the reason of a signal that aborts while
 *   the body is read
 */
export async function readOutgoingRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
  options: {
    maxBodyBytes: number;
    signal: AbortSignal | undefined;
    /** Fields that the signer sets. */
    signatureFields: SigningProfile["messages"]["fields"];
  },
): Promise<CallersRequest> {
  const { maxBodyBytes, signal, signatureFields } = options;
  const request = input instanceof Request ? input : undefined;
  const { url, origin } = addressOf(request?.url ?? String(input));
  const method = (init?.method ?? request?.method ?? "GET").toUpperCase();

  const fields = fieldsOf(init?.headers ?? request?.headers);
  // A caller may pass the same signal twice.
  const signals = [...new Set([signal, init?.signal, request?.signal])].filter(
    (signal) => signal instanceof AbortSignal,
  );
  const source = init?.body ?? request?.body ?? null;
  const body = await readBody(source, fields, { maxBodyBytes, signal: anyOf(signals) });
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`${method} cannot have a body`);
  }
  for (const name of [...RESERVED, ...Object.values(signatureFields)]) {
    delete fields[name];
  }
  return { method, url, origin, headers: fields, body, signals };
}

function addressOf(text: string): Pick<CallersRequest, "url" | "origin"> {
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError("only http and https can be signed");
  if (url.username !== "" || url.password !== "")
    throw new TypeError("a URL with credentials cannot be signed");
  url.hash = "";
  // Drops the question mark of an empty query: clients differ in sending it, and the signature
  // covers what is sent.
  if (url.search === "") url.search = "";
  return { url: url.href, origin: url.origin };
}

/**
 * Fields by lower-case name. The plain object of strings that most callers pass needs no `Headers`.
 */
function fieldsOf(source: RequestInit["headers"]): Record<string, string> {
  if (source === undefined || Object.getPrototypeOf(source) !== Object.prototype) {
    return Object.fromEntries(new Headers(source));
  }
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    const lower = name.toLowerCase();
    if (!PLAIN_NAME.test(lower) || !PLAIN_VALUE.test(value) || Object.hasOwn(fields, lower)) {
      return Object.fromEntries(new Headers(source));
    }
    fields[lower] = value;
  }
  return fields;
}

/** Names and values that the platform's `Headers` would neither change nor refuse. */
const PLAIN_NAME = /^[a-z0-9-]+$/;
const PLAIN_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

async function readBody(
  source: NonNullable<RequestInit["body"]> | null,
  fields: Record<string, string>,
  { maxBodyBytes, signal }: { maxBodyBytes: number; signal: AbortSignal | undefined },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (source === null) return undefined;
  let body: Uint8Array<ArrayBuffer>;
  let type: string | null = null;
  if (typeof source === "string") {
    body = utf8.encode(source);
    type = "text/plain;charset=UTF-8";
    requireBounded(body, maxBodyBytes);
  } else if (source instanceof Uint8Array) {
    requireBounded(source, maxBodyBytes);
    // A copy, so that later changes by the owner cannot affect the sent bytes or the retry.
    body = new Uint8Array(source);
  } else {
    const response = unreadBody(source);
    // The signal also ends a stream that never ends by itself.
    const stream = signal && response.body?.pipeThrough(new TransformStream(), { signal });
    body = await readAtMost(stream ?? response.body, maxBodyBytes).catch((error: unknown) => {
      throw error instanceof RangeError ? tooLong(maxBodyBytes, error) : error;
    });
    type = response.headers.get("content-type");
  }
  if (body.byteLength === 0) return undefined;
  // The signature must cover the type of a body, so there is always one.
  fields["content-type"] ??= type ?? "application/octet-stream";
  return body;
}

const utf8 = new TextEncoder();

function requireBounded({ byteLength }: Uint8Array, maxBytes: number): void {
  if (!(byteLength <= maxBytes)) throw tooLong(maxBytes);
}

function tooLong(maxBytes: number, cause?: RangeError): RangeError {
  return new RangeError(`the request body exceeds ${maxBytes} bytes, the agent's maxRequestBodyBytes`, {
    cause,
  });
}

function unreadBody(source: NonNullable<RequestInit["body"]>): Response {
  try {
    return new Response(source);
  } catch (cause) {
    const reason =
      "the body has already been read; a stream, or a Request with a body, can be used for one call only";
    throw new TypeError(reason, { cause });
  }
}

/** Fields that the connection sets. */
const RESERVED = ["host", "connection", "content-length", "transfer-encoding"];
