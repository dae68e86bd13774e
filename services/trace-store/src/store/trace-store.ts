import type { StoredSpan } from "./stored-span.ts";

/** Limits of a store. */
export interface StoreLimits {
  /** Estimated memory of all spans together. */
  readonly maxBytes: number;
  readonly maxSpanBytes: number;
  readonly maxSpansPerTrace: number;
  /** Counted from a trace's first span. */
  readonly maxAgeSeconds: number;
}

/** Query that matches a trace if one of its spans meets all conditions. */
export interface TraceQuery {
  readonly service: string;
  readonly operation?: string;
  /** Required on the span, one of its events, or its process, with this value as a string. */
  readonly tags: ReadonlyMap<string, string>;
  /** Range of the span's start, inclusive. Unix microseconds. */
  readonly startMin: number;
  readonly startMax: number;
  /** Limit on returned traces, newest first. */
  readonly limit: number;
}

/** Data that a search compares before it parses a span. */
type SpanRecord = Pick<StoredSpan, "operationName" | "startTime"> & { serviceName: string };

/** Traces that share a part of the capacity, oldest first. */
interface Part {
  readonly traceIDs: Set<string>;
  sizeBytes: number;
}

interface StoredTrace {
  readonly receivedAt: number;
  part: Part;
  /** Keyed by JSON, so that repeated exports of a span have no effect and the size is known. */
  readonly spans: Map<string, SpanRecord>;
  sizeBytes: number;
  /** Whether one of its spans has {@link RUN_TAG}. */
  isRun: boolean;
}

/**
 * Set by services for users who have signed in or are named in an auth token. Other callers cannot
 * set it on a span.
 */
const USER_TAG = "aauth.user.sub";

/** Set by the backend to the id of a run, an order or a delegate's call. */
const RUN_TAG = "optimization.request_id";

/** Share of the capacity for traces without such a span. A run's trace begins as one of them. */
const ANONYMOUS_PART = 1 / 4;

/**
 * Memory of a span besides its text: the record, entries in two maps, object headers. Measured and
 * rounded up.
 */
const OVERHEAD_BYTES = 400;

/**
 * Traces in memory within {@link StoreLimits}. New traces displace the oldest. Other traces
 * displace users' traces only beyond three quarters of the capacity, because any caller creates a
 * trace with any request.
 */
export class TraceStore {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  /** Ordered by arrival of the first span, so the first is the oldest. */
  readonly #traces = new Map<string, StoredTrace>();
  readonly #users: Part = { traceIDs: new Set(), sizeBytes: 0 };
  readonly #anonymous: Part = { traceIDs: new Set(), sizeBytes: 0 };
  readonly #changedRuns = new Set<string>();

  /** @param now Unix seconds */
  constructor(limits: StoreLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Stores spans as far as the limits allow, and returns the reason why the first one was refused.
   */
  add(spans: readonly StoredSpan[]): { refusedSpans: number; firstReason: string | undefined } {
    this.#expire();
    const reasons = spans.map((span) => this.#addOne(span)).filter((reason) => reason !== undefined);
    return { refusedSpans: reasons.length, firstReason: reasons[0] };
  }

  /** Names of services with spans, sorted. */
  services(): string[] {
    return [...new Set(this.#records().map(({ serviceName }) => serviceName))].sort();
  }

  /** Names of a service's spans, sorted. */
  operations(service: string): string[] {
    const records = this.#records().filter(({ serviceName }) => serviceName === service);
    return [...new Set(records.map(({ operationName }) => operationName))].sort();
  }

  /** The newest traces that match `query`, newest first. */
  find(query: TraceQuery): StoredSpan[][] {
    this.#expire();
    const found: StoredSpan[][] = [];
    for (const { spans } of [...this.#traces.values()].reverse()) {
      if (found.length >= query.limit) break;
      if ([...spans].some(([text, record]) => matches(record, text, query))) found.push(parsed(spans));
    }
    return found;
  }

  /** All spans of a trace in order of arrival; undefined if it is not stored. */
  get(traceID: string): StoredSpan[] | undefined {
    this.#expire();
    const trace = this.#traces.get(traceID);
    return trace && parsed(trace.spans);
  }

  /**
   * Traces of runs that received spans since the last call, each with the JSON of all its spans;
   * undefined for a dropped trace.
   */
  takeChangedRuns(): Map<string, string[] | undefined> {
    const changed = new Map(
      [...this.#changedRuns].map((traceID) => {
        const trace = this.#traces.get(traceID);
        return [traceID, trace && [...trace.spans.keys()]];
      }),
    );
    this.#changedRuns.clear();
    return changed;
  }

  /** Current usage. */
  usage(): { traces: number; sizeBytes: number } {
    return { traces: this.#traces.size, sizeBytes: this.#sizeBytes };
  }

  get #sizeBytes(): number {
    return this.#users.sizeBytes + this.#anonymous.sizeBytes;
  }

  /**
   * Stores a span. Returns the reason if it is refused; undefined if it is stored, or already was.
   */
  #addOne(span: StoredSpan): string | undefined {
    const { maxBytes, maxSpanBytes, maxSpansPerTrace } = this.#limits;
    const { traceID, operationName, startTime } = span;
    const text = JSON.stringify(span);
    const sizeBytes = OVERHEAD_BYTES + textBytes(text);
    if (sizeBytes > Math.min(maxSpanBytes, maxBytes)) return `a span is larger than ${maxSpanBytes} bytes`;
    const known = this.#traces.get(traceID);
    if (known?.spans.has(text)) return undefined;
    if (known && known.spans.size >= maxSpansPerTrace)
      return `a trace has more than ${maxSpansPerTrace} spans`;
    const ownBytes = (known?.sizeBytes ?? 0) + sizeBytes;
    if (ownBytes > maxBytes) return "a trace alone fills the store";
    const isUsers = known?.part === this.#users || span.tags.some(({ key }) => key === USER_TAG);
    const part = isUsers ? this.#users : this.#anonymous;
    const trace = known ?? { receivedAt: this.#now(), part, spans: new Map(), sizeBytes: 0, isRun: false };
    if (known !== undefined && known.part !== part) move(traceID, known, part);
    while (this.#sizeBytes + sizeBytes > maxBytes) {
      const oldest = this.#oldestBut(traceID, isUsers ? 0 : sizeBytes);
      if (!isUsers && ownBytes > maxBytes * ANONYMOUS_PART && this.#users.traceIDs.has(oldest)) {
        return "a trace without a user has more than a quarter of the store";
      }
      this.#remove(oldest);
    }
    this.#traces.set(traceID, trace);
    part.traceIDs.add(traceID);
    trace.spans.set(text, { serviceName: span.process.serviceName, operationName, startTime });
    trace.sizeBytes = ownBytes;
    part.sizeBytes += sizeBytes;
    trace.isRun ||= span.tags.some(({ key }) => key === RUN_TAG);
    if (trace.isRun) this.#changedRuns.add(traceID);
    return undefined;
  }

  /**
   * The trace to drop next. Never the one being written, which fits once all others are dropped.
   */
  #oldestBut(traceID: string, anonymousBytes: number): string {
    const isOver = this.#anonymous.sizeBytes + anonymousBytes > this.#limits.maxBytes * ANONYMOUS_PART;
    const parts = isOver ? [this.#anonymous, this.#users] : [this.#users, this.#anonymous];
    for (const { traceIDs } of parts) {
      for (const oldest of traceIDs) if (oldest !== traceID) return oldest;
    }
    throw new Error("no other trace is kept");
  }

  #expire(): void {
    const oldest = this.#now() - this.#limits.maxAgeSeconds;
    for (const [traceID, { receivedAt }] of this.#traces) {
      if (receivedAt >= oldest) break;
      this.#remove(traceID);
    }
  }

  #remove(traceID: string): void {
    const trace = this.#traces.get(traceID);
    if (trace === undefined) return;
    trace.part.traceIDs.delete(traceID);
    trace.part.sizeBytes -= trace.sizeBytes;
    this.#traces.delete(traceID);
    if (trace.isRun) this.#changedRuns.add(traceID);
  }

  #records(): SpanRecord[] {
    this.#expire();
    return [...this.#traces.values()].flatMap(({ spans }) => [...spans.values()]);
  }
}

function parsed(spans: ReadonlyMap<string, unknown>): StoredSpan[] {
  return [...spans.keys()].map((text) => JSON.parse(text) as StoredSpan);
}

/** Parses the span only if everything except the tags matches the query. */
function matches(record: SpanRecord, text: string, query: TraceQuery): boolean {
  if (record.serviceName !== query.service) return false;
  if (query.operation !== undefined && record.operationName !== query.operation) return false;
  if (record.startTime < query.startMin || record.startTime > query.startMax) return false;
  if (query.tags.size === 0) return true;
  const span = JSON.parse(text) as StoredSpan;
  const tags = [...span.tags, ...span.process.tags, ...span.logs.flatMap(({ fields }) => fields)];
  return [...query.tags].every(([key, value]) =>
    tags.some((tag) => tag.key === key && String(tag.value) === value),
  );
}

function move(traceID: string, trace: StoredTrace, part: Part): void {
  trace.part.traceIDs.delete(traceID);
  trace.part.sizeBytes -= trace.sizeBytes;
  trace.part = part;
  part.traceIDs.add(traceID);
  part.sizeBytes += trace.sizeBytes;
}

/** Memory of a string in V8: one byte per character if all fit in one byte, otherwise two. */
function textBytes(text: string): number {
  return /[^\0-\xff]/.test(text) ? text.length * 2 : text.length;
}
