/**
 * Whole requests of recent runs, for "try to break it". They hold tokens that work: so they stay in memory, for minutes, and only where
 * the backend runs in demo mode.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Transport } from "aauth/agent";
import { LRUCache } from "lru-cache";

const MAX_RUNS = 50;
const MAX_REQUESTS_PER_RUN = 12;
const MAX_BODY_BYTES = 65_536;
/** As long as an auth token is valid. */
const LIFETIME_SECONDS = 300;

/** A request as it was sent, and the status of its response. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names; the signature is among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly status: number;
}

export interface Evidence {
  /** Does a run's work; what it sends through {@link Evidence.recording} is kept under its id. */
  during<T>(runId: string, work: () => Promise<T>): Promise<T>;
  /** The transport that keeps what it sends. */
  recording(transport: Transport): Transport;
  /** What a run has sent, oldest first; empty when nothing is kept (any more). */
  of(runId: string): readonly SentRequest[];
}

/** @param now Unix seconds */
export function createEvidence(now: () => number): Evidence {
  const current = new AsyncLocalStorage<string>();
  const kept = new LRUCache<string, SentRequest[]>({
    max: MAX_RUNS,
    ttl: LIFETIME_SECONDS * 1000,
    ttlResolution: 0,
    perf: { now: () => now() * 1000 },
  });

  function keep(runId: string, request: SentRequest): void {
    const { byteLength } = request.body;
    // Looks at an answer to come have none, and would push out all else.
    if (byteLength === 0 || byteLength > MAX_BODY_BYTES) return;
    const requests = kept.get(runId) ?? [];
    kept.set(runId, [...requests, request].slice(-MAX_REQUESTS_PER_RUN));
  }

  return {
    during: (runId, work) => current.run(runId, work),
    recording: (transport) => async (url, request) => {
      const response = await transport(url, request);
      const runId = current.getStore();
      if (runId !== undefined) {
        const { method, headers, body = new Uint8Array() } = request;
        keep(runId, { method, url, headers: { ...headers }, body, status: response.status });
      }
      return response;
    },
    of: (runId) => kept.get(runId) ?? [],
  };
}
