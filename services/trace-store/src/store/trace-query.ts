import type { StoredSpan } from "../model/stored-span.ts";
import type { SpanRecord } from "./span-record.ts";

/** A trace is found when one of its spans meets all of it. */
export interface TraceQuery {
  readonly service: string;
  readonly operation?: string;
  /** Each must be there with this value as text: on the span, on one of its events, or on its process. */
  readonly tags: ReadonlyMap<string, string>;
  /** The span starts in here, both included. Unix microseconds. */
  readonly startMin: number;
  readonly startMax: number;
  /** Microseconds, both included. */
  readonly durationMin?: number;
  readonly durationMax?: number;
  /** Most traces to return, the newest first. */
  readonly limit: number;
}

/** Whether a span meets `query`. `parse` is called only when everything but the tags does. */
export function matches(record: SpanRecord, query: TraceQuery, parse: () => StoredSpan): boolean {
  const { startTime, duration } = record;
  if (record.serviceName !== query.service) return false;
  if (query.operation !== undefined && record.operationName !== query.operation) return false;
  if (startTime < query.startMin || startTime > query.startMax) return false;
  if (duration < (query.durationMin ?? 0) || duration > (query.durationMax ?? Infinity)) return false;
  if (query.tags.size === 0) return true;
  const span = parse();
  const tags = [...span.tags, ...span.process.tags, ...span.logs.flatMap(({ fields }) => fields)];
  return [...query.tags].every(([key, value]) =>
    tags.some((tag) => tag.key === key && String(tag.value) === value),
  );
}
