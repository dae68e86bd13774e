/**
 * Reads the arguments of a `fetch` call into something that can be signed, and sent more than once.
 *
 * @module
 */

import { readAtMost } from "../metadata/read-at-most.ts";

export interface OutgoingRequest {
  readonly method: string;
  /** Absolute and in the URL parser's spelling, which is what goes on the wire and into the signature. */
  readonly url: string;
  /** Lower-case names; nothing that belongs to the signature or the connection. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly signals: readonly AbortSignal[];
}

/** Ours to set, or the connection's. */
const RESERVED = [
  ...["signature-key", "signature-input", "signature", "content-digest", "nonce"],
  ...["host", "connection", "content-length", "transfer-encoding"],
];

/**
 * @throws TypeError for an URL that is not http or https or has credentials, and for a GET or HEAD with a body;
 * RangeError for a body over `maxBodyBytes`: it is kept in memory for its digest and for the retry.
 */
export async function readOutgoingRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
  maxBodyBytes: number,
): Promise<OutgoingRequest> {
  const request = input instanceof Request ? input : undefined;
  const url = new URL(request?.url ?? String(input));
  if (!/^https?:$/.test(url.protocol)) throw new TypeError("only http and https can be signed");
  if (url.username !== "" || url.password !== "")
    throw new TypeError("an URL with credentials cannot be signed");
  url.hash = "";
  const method = (init?.method ?? request?.method ?? "GET").toUpperCase();

  const headers = new Headers(init?.headers ?? request?.headers);
  const body = await readBody(init?.body ?? request?.body ?? null, headers, maxBodyBytes);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`${method} cannot have a body`);
  }
  for (const name of RESERVED) headers.delete(name);
  const signals = [init?.signal, request?.signal].filter((signal) => signal instanceof AbortSignal);
  return { method, url: url.href, headers: Object.fromEntries(headers), body, signals };
}

async function readBody(
  source: NonNullable<RequestInit["body"]> | null,
  headers: Headers,
  maxBodyBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (source === null) return undefined;
  const response = new Response(source);
  let body: Uint8Array<ArrayBuffer>;
  if (typeof source === "string") {
    body = new TextEncoder().encode(source);
    if (body.byteLength > maxBodyBytes)
      throw new RangeError(`the request body exceeds ${maxBodyBytes} bytes`);
  } else {
    body = await readAtMost(response.body, maxBodyBytes);
  }
  if (body.byteLength === 0) return undefined;
  // A body is never without a type: the signature has to cover it.
  if (!headers.has("content-type")) {
    headers.set("content-type", response.headers.get("content-type") ?? "application/octet-stream");
  }
  return body;
}
