/** Formats an ISO time as local time of day. Returns anything else unchanged. */
export function formatTimeOfDay(isoTime: string): string {
  const date = new Date(isoTime);
  return Number.isNaN(date.getTime())
    ? isoTime
    : date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** `3.4 ms`, `25 ms`, `1.25 s` */
export function formatDuration(micros: number): string {
  const ms = micros / 1000;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
