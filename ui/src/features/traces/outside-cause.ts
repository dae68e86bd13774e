import type { WaterfallRow } from "aauth-explain/run";
import { formatDuration } from "../../components/format-time.ts";

/** Time by which a span extends beyond the span that caused it, in microseconds. */
export interface OutsideCause {
  before: number;
  after: number;
}

/** Smaller differences are clock resolution. */
const leastMicros = 1000;

/**
 * Time by which a row extends beyond the row that caused it, if that is in another process: the
 * clocks differ, or work continued after the response. Undefined if it does not, or if the spans do
 * not overlap.
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
