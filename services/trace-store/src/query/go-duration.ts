/** Microseconds in each unit Go's durations have. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 0.001,
  us: 1,
  // Micro sign and Greek mu: Go takes both.
  "\u00b5s": 1,
  "\u03bcs": 1,
  ms: 1000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

/** Reads a duration as Go writes it, such as `1.2s`, `100us` or `1h30m`. Microseconds; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(text)) return undefined;
  let microseconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([a-z\u00b5\u03bc]+)/g)) {
    microseconds += Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
  }
  return microseconds;
}
