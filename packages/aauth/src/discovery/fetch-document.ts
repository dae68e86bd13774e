/**
 * Fetches one document: guards its address, takes a slot, parses the response, and names the
 * address in errors.
 *
 * @module
 */

import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { DiscoveryKind } from "./discovery.ts";
import { LoadError, type Loaded } from "./document-cache.ts";
import type { FetchSlots, Standing } from "./fetch-slots.ts";
import { freshSeconds } from "./fresh-seconds.ts";
import { type DocumentTransport, type FetchedDocument, isUnknownHost, noAddress } from "./transport.ts";
import { guardUrl } from "./url-guard.ts";

const MAX_BODY_BYTES = 65_536;
const CACHE_SECONDS = 300;
const MAX_CACHE_SECONDS = 86_400;

/** Settings that all fetches of a discovery share. */
export interface FetchContext {
  readonly development: boolean;
  /** Unix seconds. */
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly transport: DocumentTransport;
  readonly slots: FetchSlots;
}

/** The document as `read` parses it; undefined for a 404. @throws LoadError */
export type FetchDocument = <T>(
  address: string,
  kind: DiscoveryKind,
  standing: Standing,
  read: (document: unknown) => T,
) => Promise<Loaded<T> | undefined>;

export function createFetchDocument(context: FetchContext): FetchDocument {
  return async (address, kind, standing, read) => {
    let answer: FetchedDocument | undefined;
    try {
      answer = await fetchAnswer(address, standing, context);
      if (answer.status === 404) return undefined;
      return { value: read(jsonOf(answer)), cacheSeconds: cacheSecondsOf(answer, kind, context.now()) };
    } catch (error) {
      // An oversized body is also a response.
      const isAnswered = answer !== undefined || (error as Error).cause instanceof RangeError;
      throw new LoadError(aboutAddress(address, error), isAnswered);
    }
  };
}

async function fetchAnswer(
  address: string,
  standing: Standing,
  { development, timeoutMs, transport, slots }: FetchContext,
): Promise<FetchedDocument> {
  const url = guardUrl(address, { development });
  try {
    return await slots.run({ standing, owner: ownerOf(address), timeoutMs }, (signal) =>
      transport(url, { signal, maxBytes: MAX_BODY_BYTES }),
    );
  } catch (error) {
    if (error instanceof AAuthError) throw error;
    const reason = isUnknownHost(error) ? noAddress(url) : reasonOf(error);
    throw failed(`could not be fetched: ${reason}`, error);
  }
}

/**
 * Cache time of a document, at least the interval: a shorter one would make every request wait for
 * a fetch.
 */
function cacheSecondsOf({ headers }: FetchedDocument, kind: DiscoveryKind, now: number): number {
  const { keySetIntervalSeconds } = kind;
  if (keySetIntervalSeconds === undefined) return CACHE_SECONDS;
  const seconds = (headers && freshSeconds(headers, now)) ?? CACHE_SECONDS;
  return Math.min(Math.max(seconds, keySetIntervalSeconds), MAX_CACHE_SECONDS); // hole S11d
}

function jsonOf({ status, body }: FetchedDocument): unknown {
  if (status !== 200) throw failed(`answered with status ${status}`);
  if (body.byteLength > MAX_BODY_BYTES) throw failed(`answered with more than ${MAX_BODY_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw failed("did not answer with JSON", error);
  }
}

const failed = (reason: string, cause?: unknown) =>
  new AAuthVerificationError("discovery_failed", reason, { cause });

/** The error for a document or key set that an address lacks. */
export const missing = (what: string, address: string): unknown =>
  aboutAddress(address, failed(`no ${what}; its party must serve it there`));

/** Adds the address to an error, for logs. Callers receive its `publicRefusal`. */
export function aboutAddress(address: string, error: unknown): unknown {
  if (!(error instanceof AAuthError) || error.code === "discovery_busy") return error;
  const message = `${printable(address)}: ${error.message}`;
  return new AAuthVerificationError(error.code, message, { cause: error.cause ?? error });
}

const MAX_SHOWN_CHARACTERS = 200;

/**
 * Makes a string from an untrusted caller safe for a log: truncated, with `?` for anything but
 * printable ASCII.
 */
export function printable(text: string): string {
  const start = text.slice(0, MAX_SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, "?");
  return text.length > MAX_SHOWN_CHARACTERS ? `${start}...` : start;
}

/** Reason of an error. Node's error has no message if no address of a host is reachable. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return printable(message || code || "no reason given");
}
