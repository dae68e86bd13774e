/**
 * Types of the transports for documents and requests. `#http` implements both for two platforms.
 *
 * @module
 */

import type { AddressMap } from "./address-map.ts";

/** Limits of one document fetch. */
export interface DocumentFetchInit {
  /** Ends the fetch. */
  readonly signal: AbortSignal;
  /** Maximum bytes; a longer body rejects. */
  readonly maxBytes: number;
  /** Value of `Host`, if it differs from the connected address. */
  readonly host?: string;
}

/** A complete response. */
export interface FetchedDocument {
  /** HTTP status. */
  readonly status: number;
  /** The bytes, without decoding. */
  readonly body: Uint8Array;
  /** Default: none; default cache times apply. */
  readonly headers?: Headers;
}

/** Fetches one document with GET. Rejects for a redirect, and for more than `maxBytes`. */
export type DocumentTransport = (url: URL, init: DocumentFetchInit) => Promise<FetchedDocument>;

/** A request exactly as sent: `headers` contains everything, including the signature. */
export interface TransportRequest {
  /** As signed. */
  readonly method: string;
  /** Lower-case names. The transport adds none that the signature covers. */
  readonly headers: Record<string, string>;
  /** Default: none. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Aborts the request and its streaming body. Default: none. */
  readonly signal?: AbortSignal;
  /** Prevents `fetch` from sending the signature and token to another address. */
  readonly redirect?: "manual";
}

/**
 * Sends a signed request and resolves when the response headers arrive; the body streams. Follows
 * no redirect, because a signature is valid for one target. The global `fetch` has this type, and
 * obeys `redirect`.
 */
export type Transport = (url: string, request: TransportRequest) => Promise<Response>;

/** Whether a transport has found no address for the name of a host. */
export function isUnknownHost(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return /^(?:ENOTFOUND|EAI_AGAIN)$/.test(String(code)) || (cause !== undefined && isUnknownHost(cause));
}

/** Explains that. A party of a local run has no address by its identifier. */
export const noAddress = (url: string | URL): string =>
  `${new URL(url).host} has no address. If the party is elsewhere, name its address: createDiscovery({ addresses })`;

/** Sends to mapped parties by the map, and to others by `otherwise`. */
export const mappedTransport = (
  addresses: Pick<AddressMap, "has" | "requests"> | undefined,
  otherwise: Transport,
): Transport =>
  addresses === undefined
    ? otherwise
    : (url, request) => (addresses.has(url) ? addresses.requests : otherwise)(url, request);
