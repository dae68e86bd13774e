/**
 * How documents are fetched and requests are sent. Two platforms implement both under `#http`.
 *
 * @module
 */

/** Limits of one document fetch. */
export interface DocumentFetchInit {
  /** Ends the fetch. */
  readonly signal: AbortSignal;
  /** Bytes; a longer body rejects. */
  readonly maxBytes: number;
  /** What `Host` names, where it is not the address that is connected to. */
  readonly host?: string;
}

/** What came back, read whole. */
export interface FetchedDocument {
  /** HTTP status. */
  readonly status: number;
  /** The bytes, decoded of nothing. */
  readonly body: Uint8Array;
  /** Default: none, so that the answer says nothing of caching. */
  readonly headers?: Headers;
}

/**
 * Fetches one document with GET. Follows no redirect, reads at most `maxBytes`, and rejects when
 * either is exceeded.
 */
export type DocumentTransport = (url: URL, init: DocumentFetchInit) => Promise<FetchedDocument>;

/**
 * A request as it goes on the wire: everything, signature headers included, is already in
 * `headers`.
 */
export interface TransportRequest {
  /** As it is signed. */
  readonly method: string;
  /** Lower-case names; no others are added that a signature covers. */
  readonly headers: Record<string, string>;
  /** Default: none. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Ends the request, and the body that streams. Default: none. */
  readonly signal?: AbortSignal;
  /** What keeps a `fetch` from taking the signature, and the token with it, to another place. */
  readonly redirect?: "manual";
}

/**
 * Sends a signed request and answers as soon as the response headers are here; the body streams.
 * Follows no redirect: a signature is made for one target. The global `fetch` fits this type, and
 * follows none where `redirect` says so.
 */
export type Transport = (url: string, request: TransportRequest) => Promise<Response>;
