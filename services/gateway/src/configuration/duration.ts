const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `5s`, `250ms`, `1m30s` -> milliseconds; undefined when the text is no duration, not longer than zero, or of more than 285,000 years. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * UNIT_MS[unit!]!;
  }
  return totalMs > 0 && totalMs <= Number.MAX_SAFE_INTEGER ? totalMs : undefined;
}
