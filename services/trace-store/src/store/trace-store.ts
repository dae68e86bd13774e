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

/** Traces that share their room, oldest first. */
interface Part {
  readonly traceIDs: Set<string>;
  sizeBytes: number;
}

interface StoredTrace {
  readonly receivedAt: number;
  part: Part;
  /** Spans as JSON, so that a repeated export of the same span changes nothing and the size is known. */
  readonly spans: Map<string, SpanRecord>;
  sizeBytes: number;
}

/** Services write it about users who have signed in, or whom an auth token names: no other caller gets it onto a span. */
const USER_TAG = "aauth.user.sub";

/** Of the whole room, for traces without such a span. A run's trace begins as one of them. */
const ANONYMOUS_PART = 1 / 4;

/**
 * Traces in memory within {@link StoreLimits}: the oldest are given up for new ones. Traces of users are given up for others only beyond
 * three quarters of the room, because any caller makes a trace with any request. With a journal they outlive the process; the
 * journal mirrors the memory and is read once, at the start.
 */
export class TraceStore {
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #journal: SpanJournal | undefined;
  readonly #onJournalError: (error: unknown) => void;
  /** In the order of their first spans, so the first is the oldest. */
  readonly #traces = new Map<string, StoredTrace>();
  readonly #users: Part = { traceIDs: new Set(), sizeBytes: 0 };
  readonly #anonymous: Part = { traceIDs: new Set(), sizeBytes: 0 };

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

  get #sizeBytes(): number {
    return this.#users.sizeBytes + this.#anonymous.sizeBytes;
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
    const { traceID } = span;
    const record = recordOf(span, text);
    const { sizeBytes } = record;
    if (sizeBytes > Math.min(maxSpanBytes, maxBytes)) {
      return { refused: `a span is larger than ${maxSpanBytes} bytes` };
    }
    const known = this.#traces.get(traceID);
    if (known?.spans.has(text)) return "known";
    if ((known?.spans.size ?? 0) >= maxSpansPerTrace) {
      return { refused: `a trace has more than ${maxSpansPerTrace} spans` };
    }
    const ownBytes = (known?.sizeBytes ?? 0) + sizeBytes;
    if (ownBytes > maxBytes) return { refused: "a trace alone fills the store" };
    const isUsers = known?.part === this.#users || span.tags.some(({ key }) => key === USER_TAG);
    const part = isUsers ? this.#users : this.#anonymous;
    const trace = known ?? { receivedAt, part, spans: new Map<string, SpanRecord>(), sizeBytes: 0 };
    if (known !== undefined && known.part !== part) move(traceID, known, part);
    while (this.#sizeBytes + sizeBytes > maxBytes) {
      const oldest = this.#oldestBut(traceID, isUsers ? 0 : sizeBytes);
      if (!isUsers && ownBytes > maxBytes * ANONYMOUS_PART && this.#users.traceIDs.has(oldest)) {
        return { refused: "a trace without a user has more than a quarter of the store" };
      }
      removed.push(this.#remove(oldest));
    }
    this.#traces.set(traceID, trace);
    part.traceIDs.add(traceID);
    trace.spans.set(text, record);
    trace.sizeBytes = ownBytes;
    part.sizeBytes += sizeBytes;
    return "added";
  }

  /** The trace that makes room. Never the one that is being written, which must not eat itself: it fits when all others are gone. */
  #oldestBut(traceID: string, anonymousBytes: number): string {
    const isOver = this.#anonymous.sizeBytes + anonymousBytes > this.#limits.maxBytes * ANONYMOUS_PART;
    const parts = isOver ? [this.#anonymous, this.#users] : [this.#users, this.#anonymous];
    return parts.flatMap(({ traceIDs }) => firstBut(traceID, traceIDs))[0] as string;
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
    const trace = this.#traces.get(traceID);
    if (trace !== undefined) {
      trace.part.traceIDs.delete(traceID);
      trace.part.sizeBytes -= trace.sizeBytes;
      this.#traces.delete(traceID);
    }
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

function move(traceID: string, trace: StoredTrace, part: Part): void {
  trace.part.traceIDs.delete(traceID);
  trace.part.sizeBytes -= trace.sizeBytes;
  trace.part = part;
  part.traceIDs.add(traceID);
  part.sizeBytes += trace.sizeBytes;
}

/** The first of them that is not `traceID`, or none. */
function firstBut(traceID: string, traceIDs: Iterable<string>): string[] {
  for (const other of traceIDs) if (other !== traceID) return [other];
  return [];
}
