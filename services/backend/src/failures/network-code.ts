const MAX_CAUSES = 5;

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection_refused",
  ENOTFOUND: "name_not_found",
  EAI_AGAIN: "name_not_found",
  ECONNRESET: "connection_broken",
  EPIPE: "connection_broken",
  UND_ERR_SOCKET: "connection_broken",
  ETIMEDOUT: "connect_timeout",
  UND_ERR_CONNECT_TIMEOUT: "connect_timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

/**
 * Returns `timeout`, `connect_timeout`, `connection_refused`, …; undefined if the error is not a
 * network error.
 */
export function networkCodeOf(error: unknown): string | undefined {
  const codes = causesOf(error).map(({ name, code }) => {
    if (name === "TimeoutError" || name === "AbortError") return "timeout";
    return CODES[code] ?? (/^UND_ERR_\w+_TIMEOUT$/.test(code) ? "timeout" : undefined);
  });
  return codes.includes("timeout") ? "timeout" : codes.find((code) => code !== undefined);
}

/** Node and undici nest the system's code in causes and in the members of an AggregateError. */
function causesOf(error: unknown): { name: string; code: string }[] {
  const causes: { name: string; code: string }[] = [];
  let at = error;
  while (at instanceof Error && causes.length <= MAX_CAUSES) {
    causes.push({ name: at.name, code: "code" in at ? String(at.code) : "" });
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return causes;
}
