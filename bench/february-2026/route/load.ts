import type { Pool } from "undici";

/** One request, signed beforehand. */
export interface PreparedRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
}

/**
 * Sends every request once, `connections` at a time, each as soon as the one before it is answered.
 *
 * @throws Error when an answer is not 200: a refusal is cheaper than an answer, and would be
 * counted as speed
 */
export async function sendAll(
  pool: Pool,
  path: string,
  requests: readonly PreparedRequest[],
  connections: number,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < requests.length) {
      const { headers, body } = requests[next++]!;
      const startedAt = performance.now();
      const answer = await pool.request({ method: "POST", path, headers, body });
      const text = await answer.body.text();
      latenciesMs.push(performance.now() - startedAt);
      if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  return { requestsPerSecond: (requests.length * 1000) / (performance.now() - startedAt), latenciesMs };
}
