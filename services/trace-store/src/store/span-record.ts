import { type StoredSpan, spanKindOf } from "../model/stored-span.ts";

/** What searches look at first, so that most spans of a search need not be parsed. */
export interface SpanRecord {
  readonly serviceName: string;
  readonly operationName: string;
  readonly spanKind: string;
  /** Unix microseconds. */
  readonly startTime: number;
  /** Microseconds. */
  readonly duration: number;
  readonly sizeBytes: number;
}

/** What a span costs beside its text: the record, its place in two maps, object heads. Measured, rounded up. */
const OVERHEAD_BYTES = 400;

/** The record for a span whose kept form is `text`. */
export function recordOf(span: StoredSpan, text: string): SpanRecord {
  return {
    serviceName: span.process.serviceName,
    operationName: span.operationName,
    spanKind: spanKindOf(span),
    startTime: span.startTime,
    duration: span.duration,
    sizeBytes: OVERHEAD_BYTES + textBytes(text),
  };
}

/** V8 keeps a text in one byte a character as long as all fit, and in two otherwise. */
function textBytes(text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) return text.length * 2;
  }
  return text.length;
}
