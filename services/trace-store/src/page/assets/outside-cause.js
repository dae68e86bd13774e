/** Microseconds: less than this is the grain of the clocks. */
const LEAST = 1000;

/**
 * What of a span lies outside the time of the span that caused it, in microseconds, where that is of another service: two clocks differ, or
 * there was work left after the answer. Spans tell no more, so nothing is moved. Undefined where nothing is outside, and for a span that does
 * not touch its cause's time at all.
 *
 * @param {{ span: { startTime: number, duration: number }, service: string }} row
 * @param {typeof row} [cause] the row of the span that caused it
 * @returns {{ before: number, after: number } | undefined}
 */
export function outsideCause({ span, service }, cause) {
  if (cause === undefined || cause.service === service) return undefined;
  const [end, causeEnd] = [endOf(span), endOf(cause.span)];
  if (span.startTime >= causeEnd || end <= cause.span.startTime) return undefined;
  const before = significant(cause.span.startTime - span.startTime);
  const after = significant(end - causeEnd);
  return before + after === 0 ? undefined : { before, after };
}

const significant = (time) => (time < LEAST ? 0 : time);

const endOf = ({ startTime, duration }) => startTime + duration;
