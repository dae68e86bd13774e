/**
 * Complete requests of recent runs, to attack and to save. They contain working tokens, so they are
 * kept in memory, for minutes, and only in demo mode.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { QuotaStore } from "aauth";
import type { Transport } from "aauth/agent";
import type { Run } from "../runs/run.ts";

/** One user's requests take up at most half of this. */
const MAX_RUNS = 50;
const MAX_REQUESTS_PER_RUN = 12;
const MAX_BODY_BYTES = 65_536;
/** Lifetime of an auth token. */
const LIFETIME_SECONDS = 300;

/** A request as it was sent, and the status of its response. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names, signature fields included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly status: number;
}

/** The members of a form or of a JSON body. */
export function membersOf({ headers, body }: SentRequest): Readonly<Record<string, unknown>> {
  const text = new TextDecoder().decode(body);
  return headers["content-type"] === "application/x-www-form-urlencoded"
    ? Object.fromEntries(new URLSearchParams(text))
    : JSON.parse(text);
}

export interface Evidence {
  /**
   * Does a run's work and keeps what it sends through {@link Evidence.recording} under the run's
   * id.
   */
  during<T>(run: Pick<Run, "id" | "userId">, work: () => Promise<T>): Promise<T>;
  /** Like {@link during} for repeated work. On success its requests replace the earlier ones. */
  replacing<T>(run: Pick<Run, "id" | "userId">, work: () => Promise<T>): Promise<T>;
  /** Wraps a transport to keep what it sends. */
  recording(transport: Transport): Transport;
  /** Requests of a run, oldest first; empty if none are kept, or no longer. */
  of(runId: string): readonly SentRequest[];
}

/** @param now Unix seconds */
export function createEvidence(now: () => number): Evidence {
  const current = new AsyncLocalStorage<(request: SentRequest) => void>();
  const kept = new QuotaStore<readonly SentRequest[]>({ maxEntries: MAX_RUNS, maxPerOwner: MAX_RUNS, now });

  function keep({ id, userId }: Pick<Run, "id" | "userId">, requests: readonly SentRequest[]): void {
    if (kept.hasRoom(userId) || kept.list(userId).length > 0)
      kept.put(userId, id, requests, LIFETIME_SECONDS);
  }

  return {
    during: (run, work) =>
      current.run((request) => keep(run, withLast(kept.get(run.id) ?? [], request)), work),
    async replacing(run, work) {
      let sent: readonly SentRequest[] = [];
      const add = (request: SentRequest) => {
        sent = withLast(sent, request);
      };
      const result = await current.run(add, work);
      keep(run, sent);
      return result;
    },
    recording: (transport) => async (url, request) => {
      const response = await transport(url, request);
      const { method, headers, body = new Uint8Array() } = request;
      // Polls have no body, and would displace everything else.
      if (body.byteLength > 0 && body.byteLength <= MAX_BODY_BYTES)
        current.getStore()?.({ method, url, headers: { ...headers }, body, status: response.status });
      return response;
    },
    of: (runId) => kept.get(runId) ?? [],
  };
}

const withLast = (requests: readonly SentRequest[], last: SentRequest): readonly SentRequest[] =>
  [...requests, last].slice(-MAX_REQUESTS_PER_RUN);
