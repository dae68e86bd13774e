/** Queries Jaeger's API at this page's origin, whose answers are `{ data, errors }`. */
async function ask(path: string): Promise<unknown[]> {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const answer = await response.json().catch(() => undefined);
  if (response.ok && Array.isArray(answer?.data)) return answer.data;
  throw new TraceStoreError(
    answer?.errors?.[0]?.msg ?? answer?.detail ?? `the trace store answered ${response.status}`,
    response.status,
  );
}

export class TraceStoreError extends Error {
  override readonly name = "TraceStoreError";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export function getServices(): Promise<string[]> {
  return ask("/api/services") as Promise<string[]>;
}

export function getOperations(service: string): Promise<string[]> {
  return ask(`/api/services/${encodeURIComponent(service)}/operations`) as Promise<string[]>;
}

/** One trace, not trusted; `aauth-explain/run` reads it. */
export async function getTrace(traceId: string): Promise<unknown> {
  const [trace] = await ask(`/api/traces/${encodeURIComponent(traceId)}`);
  return trace;
}

/**
 * Finds the traces in which one of the services took part and that match the conditions, each once.
 * The API accepts one service at a time.
 *
 * @param conditions further parameters of `GET /api/traces`
 */
export async function findTraces(
  services: readonly string[],
  conditions: readonly (readonly [name: string, value: string])[],
): Promise<unknown[]> {
  const answers = await Promise.all(
    services.map((service) => {
      const parameters = new URLSearchParams([["service", service], ...conditions] as string[][]);
      return ask(`/api/traces?${parameters}`) as Promise<{ traceID?: unknown }[]>;
    }),
  );
  return [...new Map(answers.flat().map((trace) => [trace.traceID, trace])).values()];
}
