import type { WaterfallRow } from "protocol-trace/read";
import { formatDuration } from "../../components/format-time.ts";

/** What of a span lies outside the time of the span that caused it, in microseconds. */
export interface OutsideCause {
  before: number;
  after: number;
}

/** Less than this is the grain of the clocks. */
const leastMicros = 1000;

/**
 * What of a row is outside the time of the row that caused it, where that is of another process: two clocks differ, or there was work left
 * after the answer. Spans tell no more. Undefined where nothing is, and for a span that does not touch its cause's time at all.
 */
export function outsideCause(row: WaterfallRow, cause: WaterfallRow | undefined): OutsideCause | undefined {
  if (cause === undefined || cause.service === row.service) return undefined;
  const [end, causeEnd] = [endOf(row), endOf(cause)];
  if (row.startMicros >= causeEnd || end <= cause.startMicros) return undefined;
  const before = significant(cause.startMicros - row.startMicros);
  const after = significant(end - causeEnd);
  return before + after === 0 ? undefined : { before, after };
}

/** `3.0 ms before and 5.0 ms after the span that caused it` */
export function outsideWords({ before, after }: OutsideCause): string {
  const parts = [
    ...(before > 0 ? [`${formatDuration(before)} before`] : []),
    ...(after > 0 ? [`${formatDuration(after)} after`] : []),
  ];
  return `${parts.join(" and ")} the span that caused it`;
}

const significant = (micros: number) => (micros < leastMicros ? 0 : micros);

const endOf = ({ startMicros, durationMicros }: WaterfallRow) => startMicros + durationMicros;
