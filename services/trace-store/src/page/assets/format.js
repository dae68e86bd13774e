/** `1.25 s`, `34.1 ms`, `120 µs` */
export function formatDuration(microseconds) {
  if (microseconds >= 1_000_000) return `${rounded(microseconds / 1_000_000)} s`;
  if (microseconds >= 1000) return `${rounded(microseconds / 1000)} ms`;
  return `${Math.round(microseconds)} µs`;
}

function rounded(value) {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The reader's own date and time, to the millisecond. */
export function formatTime(unixMicroseconds) {
  return new Intl.DateTimeFormat(undefined, {
    dateStyle: "medium",
    timeStyle: "medium",
  }).format(new Date(unixMicroseconds / 1000));
}

/** `1 span`, `2 spans` */
export function formatCount(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
