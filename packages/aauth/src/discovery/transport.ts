/**
 * How documents are fetched and requests are sent. Two platforms implement both under `#http`.
 *
 * @module
 */

/** Limits of one document fetch. */
export interface DocumentFetchInit {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** What `Host` names, where it is not the address that is connected to. */
  readonly host?: string;
}

export interface FetchedDocument {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Fetches one document with GET. Follows no redirect, reads at most `maxBytes`, and rejects when either is exceeded.
 */
export type DocumentTransport = (url: URL, init: DocumentFetchInit) => Promise<FetchedDocument>;

/** A request as it goes on the wire: everything, signature headers included, is already in `headers`. */
export interface TransportRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
  /** What keeps a `fetch` from taking the signature, and the token with it, to another place. */
  readonly redirect?: "manual";
}

/**
 * Sends a signed request and answers as soon as the response headers are here; the body streams. Follows no
 * redirect: a signature is made for one target. The global `fetch` fits this type, and follows none where `redirect` says so.
 */
export type Transport = (url: string, request: TransportRequest) => Promise<Response>;
