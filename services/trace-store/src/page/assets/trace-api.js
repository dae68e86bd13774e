/** Jaeger's query API. Every answer is `{ data, errors }`; a failure becomes an Error with its text and `status`. */
async function ask(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const answer = await response.json().catch(() => undefined);
  const reason = answer?.errors?.[0]?.msg ?? answer?.detail;
  const { ok, status } = response;
  if (!ok || !answer) throw Object.assign(new Error(reason ?? `the store answered ${status}`), { status });
  return answer.data ?? [];
}

export const fetchServices = () => ask("/api/services");

export const fetchOperations = (service) => ask(`/api/services/${encodeURIComponent(service)}/operations`);

export async function fetchTrace(traceID) {
  const [trace] = await ask(`/api/traces/${encodeURIComponent(traceID)}`);
  return trace;
}

/**
 * Searches one service, or each of several and puts the answers together: the API wants exactly one.
 *
 * @param {string[]} services
 * @param {{ operation?: string, tags: Record<string, string>, lookbackSeconds: number, minDuration?: string, limit: number }} query
 */
export async function findTraces(services, query) {
  const end = (Date.now() + 1000) * 1000;
  const answers = await Promise.all(
    services.map((service) => {
      const parameters = new URLSearchParams({
        service,
        limit: String(query.limit),
        start: String(end - query.lookbackSeconds * 1_000_000),
        end: String(end),
      });
      if (query.operation) parameters.set("operation", query.operation);
      if (query.minDuration) parameters.set("minDuration", query.minDuration);
      if (Object.keys(query.tags).length > 0) parameters.set("tags", JSON.stringify(query.tags));
      return ask(`/api/traces?${parameters}`);
    }),
  );
  const byId = new Map(answers.flat().map((trace) => [trace.traceID, trace]));
  return [...byId.values()].sort((a, b) => startOf(b) - startOf(a)).slice(0, query.limit);
}

function startOf(trace) {
  return Math.min(...trace.spans.map(({ startTime }) => startTime));
}
