/** A span as a journal keeps it. */
export interface JournalEntry {
  readonly traceID: string;
  /** Unix seconds. */
  readonly receivedAt: number;
  /** The span as JSON. */
  readonly text: string;
}

/** Where a {@link TraceStore} keeps its spans beyond the life of its process. Small, so that another database is one file more. */
export interface SpanJournal {
  /** Everything kept, in the order it was written. */
  entries(): Iterable<JournalEntry>;
  /** All of it or nothing: forgets `removed` traces, then adds. @throws when it cannot be written */
  write(change: { added: readonly JournalEntry[]; removed: readonly string[] }): void;
  close(): void;
}
