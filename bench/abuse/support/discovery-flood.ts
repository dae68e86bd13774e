/**
 * A process of its own that floods an address from many connections: each sends its next request when the last one is answered. `{NAME}`
 * in a field becomes a name that no request had before. Its only argument is a {@link Flood} as JSON; it prints the counts when it ends.
 *
 * @module
 */

import { Pool } from "undici";

/** What to send, and for how long. */
export interface Flood {
  readonly origin: string;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
  /** Ends earlier, after so many requests. */
  readonly requests?: number;
  /** `{NAME}` becomes one of so many names. Default: a new one for each request. */
  readonly names?: number;
}

const flood = JSON.parse(process.argv[2] ?? "") as Flood;
const { connections, seconds, requests = Number.POSITIVE_INFINITY, names = Number.POSITIVE_INFINITY } = flood;
const pool = new Pool(flood.origin, { connections, pipelining: 1, headersTimeout: 30_000 });
const end = performance.now() + seconds * 1000;
const counts: Record<string, number> = {};
let sent = 0;

async function connection(): Promise<void> {
  while (performance.now() < end && sent < requests) {
    const name = `a${sent++ % names}`;
    const headers = Object.fromEntries(
      Object.entries(flood.headers).map(([field, value]) => [field, value.replaceAll("{NAME}", name)]),
    );
    let outcome: string;
    try {
      const { method, path, body = null } = flood;
      const answer = await pool.request({ method, path, headers, body });
      await answer.body.dump();
      outcome = String(answer.statusCode);
    } catch (error) {
      outcome = (error as { code?: string }).code ?? "failed";
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: connections }, connection));
process.stdout.write(JSON.stringify({ sent, counts }));
process.exit();
