/** Above the longest wildcard a host name can match: names are at most 255 characters long. */
const EXACT_RANK = 1000;

/**
 * How well a pattern fits a host name: undefined when it does not, higher for a better fit (exact, then the longer `*.suffix`, then
 * `*`). Case-sensitive, as in Agentgateway.
 */
export function matchesHostname(pattern: string, hostname: string): number | undefined {
  if (pattern === hostname) return EXACT_RANK;
  if (pattern === "*") return 0;
  if (!pattern.startsWith("*.")) return undefined;
  const suffix = pattern.slice(1);
  return hostname.length > suffix.length && hostname.endsWith(suffix) ? suffix.length : undefined;
}
