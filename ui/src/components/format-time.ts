/** An ISO time as local time of day; as it came when it is no time. */
export function formatTimeOfDay(isoTime: string): string {
  const date = new Date(isoTime);
  return Number.isNaN(date.getTime())
    ? isoTime
    : date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
