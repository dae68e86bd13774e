import type { StoredSpan } from "../model/stored-span.ts";
import type { JournalEntry, SpanJournal } from "./span-journal.ts";
import { recordOf, type SpanRecord } from "./span-record.ts";
import { matches, type TraceQuery } from "./trace-query.ts";

/** What a store may hold. */
export interface StoreLimits {
  /** All spans together, an estimate of what they take in memory. */
  readonly maxBytes: number;
  readonly maxSpanBytes: number;
  readonly maxSpansPerTrace: number;
  /** Counted from a trace's first span. */
  readonly maxAgeSeconds: number;
}

export interface AddResult {
  readonly refusedSpans: number;
  /** Why the first one was refused. */
  readonly firstReason: string | undefined;
}

interface StoredTrace {
  readonly receivedAt: number;
  /** Spans as JSON, so that a repeated export of the same span changes nothing and the size is known. */
  readonly spans: Map<string, SpanRecord>;
  sizeBytes: number;
}

/**
 * Traces in memory within {@link StoreLimits}: the oldest are given up for new ones. With a journal they outlive the process; the
 * journal mirrors the memory and is read once, at the start.
 */
export class TraceStore {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #journal: SpanJournal | undefined;
  readonly #onJournalError: (error: unknown) => void;
  /** In the order of their first spans, so the first is the oldest. */
  readonly #traces = new Map<string, StoredTrace>();
  #sizeBytes = 0;

  constructor(options: {
    limits: StoreLimits;
    /** Unix seconds. */
    now: () => number;
    journal?: SpanJournal;
    /** A journal that cannot be written loses persistence, not traces. */
    onJournalError?: (error: unknown) => void;
  }) {
    this.#limits = options.limits;
    this.#now = options.now;
    this.#journal = options.journal;
    this.#onJournalError = options.onJournalError ?? (() => {});
    this.#load();
  }

  /** Keeps spans, as far as the limits allow. */
  add(spans: readonly StoredSpan[]): AddResult {
    const removed = this.#removeExpired();
    const added: JournalEntry[] = [];
    const reasons: string[] = [];
    const receivedAt = this.#now();
    for (const span of spans) {
      const text = JSON.stringify(span);
      const outcome = this.#addOne(span, text, receivedAt, removed);
      if (outcome === "added") added.push({ traceID: span.traceID, receivedAt, text });
      else if (outcome !== "known") reasons.push(outcome.refused);
    }
    this.#writeJournal(added, removed);
    return { refusedSpans: reasons.length, firstReason: reasons[0] };
  }

  /** Forgets traces past their age. Adding and reading do it too; this is for when nothing happens. */
  expire(): void {
    this.#writeJournal([], this.#removeExpired());
  }

  /** Names of services with spans, sorted. */
  services(): string[] {
    return [...new Set(this.#records().map(({ serviceName }) => serviceName))].sort();
  }

  /** What a service did, sorted by name, then kind. */
  operations(service: string, spanKind?: string): { name: string; spanKind: string }[] {
    const found = new Map<string, { name: string; spanKind: string }>();
    for (const record of this.#records()) {
      if (record.serviceName !== service || (spanKind !== undefined && record.spanKind !== spanKind))
        continue;
      const { operationName: name, spanKind: kind } = record;
      found.set(JSON.stringify([name, kind]), { name, spanKind: kind });
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, operation]) => operation);
  }

  /** The newest traces that meet `query`, the newest first. */
  find(query: TraceQuery): StoredSpan[][] {
    this.expire();
    const found: StoredSpan[][] = [];
    for (const { spans } of [...this.#traces.values()].reverse()) {
      if (found.length >= query.limit) break;
      const hit = [...spans].some(([text, record]) => matches(record, query, () => JSON.parse(text)));
      if (hit) found.push(spansOf(spans));
    }
    return found;
  }

  /** All spans of a trace in the order they came; undefined when it is not here. */
  get(traceID: string): StoredSpan[] | undefined {
    this.expire();
    const trace = this.#traces.get(traceID);
    return trace && spansOf(trace.spans);
  }

  /** What is held now. */
  usage(): { traces: number; sizeBytes: number } {
    return { traces: this.#traces.size, sizeBytes: this.#sizeBytes };
  }

  close(): void {
    this.#journal?.close();
  }

  #addOne(
    span: StoredSpan,
    text: string,
    receivedAt: number,
    removed: string[],
  ): "added" | "known" | { refused: string } {
    const { maxBytes, maxSpanBytes, maxSpansPerTrace } = this.#limits;
    const record = recordOf(span, text);
    if (record.sizeBytes > Math.min(maxSpanBytes, maxBytes)) {
      return { refused: `a span is larger than ${maxSpanBytes} bytes` };
    }
    const known = this.#traces.get(span.traceID);
    if (known?.spans.has(text)) return "known";
    if ((known?.spans.size ?? 0) >= maxSpansPerTrace) {
      return { refused: `a trace has more than ${maxSpansPerTrace} spans` };
    }
    if ((known?.sizeBytes ?? 0) + record.sizeBytes > maxBytes)
      return { refused: "a trace alone fills the store" };
    for (const traceID of this.#traces.keys()) {
      if (this.#sizeBytes + record.sizeBytes <= maxBytes) break;
      // A trace that is being written must not eat itself.
      if (traceID !== span.traceID) removed.push(this.#remove(traceID));
    }
    const trace = this.#traces.get(span.traceID) ?? { receivedAt, spans: new Map(), sizeBytes: 0 };
    this.#traces.set(span.traceID, trace);
    trace.spans.set(text, record);
    trace.sizeBytes += record.sizeBytes;
    this.#sizeBytes += record.sizeBytes;
    return "added";
  }

  #removeExpired(): string[] {
    const oldest = this.#now() - this.#limits.maxAgeSeconds;
    const removed: string[] = [];
    for (const [traceID, { receivedAt }] of this.#traces) {
      if (receivedAt >= oldest) break;
      removed.push(this.#remove(traceID));
    }
    return removed;
  }

  #remove(traceID: string): string {
    this.#sizeBytes -= this.#traces.get(traceID)?.sizeBytes ?? 0;
    this.#traces.delete(traceID);
    return traceID;
  }

  #records(): SpanRecord[] {
    this.expire();
    return [...this.#traces.values()].flatMap(({ spans }) => [...spans.values()]);
  }

  #load(): void {
    if (this.#journal === undefined) return;
    // The limits may be tighter than those it was written under.
    const removed: string[] = [];
    for (const { traceID, receivedAt, text } of this.#journal.entries()) {
      const outcome = this.#addOne(JSON.parse(text) as StoredSpan, text, receivedAt, removed);
      if (typeof outcome === "object") removed.push(traceID);
    }
    const gone = new Set([...removed, ...this.#removeExpired()]);
    for (const traceID of gone) this.#remove(traceID);
    this.#writeJournal([], [...gone]);
  }

  #writeJournal(added: readonly JournalEntry[], removed: readonly string[]): void {
    if (this.#journal === undefined || (added.length === 0 && removed.length === 0)) return;
    try {
      // A trace may be given up for a later span of the very batch that began it.
      const kept = added.filter(({ traceID, text }) => this.#traces.get(traceID)?.spans.has(text));
      this.#journal.write({ added: kept, removed });
    } catch (error) {
      this.#onJournalError(error);
    }
  }
}

function spansOf(spans: ReadonlyMap<string, SpanRecord>): StoredSpan[] {
  return [...spans.keys()].map((text) => JSON.parse(text) as StoredSpan);
}
