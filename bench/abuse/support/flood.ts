/**
 * A thread that sends one request again and again on connections of its own, each as soon as the
 * one before it is answered. `{NAME}` in a field or the path becomes a name that no request had
 * before. At the first message of its parent it posts the number of answers by status and ends.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { Pool } from "undici";

/** What a flood sends. */
export interface Flood {
  readonly port: number;
  readonly connections: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Address that the requests come from. Default: that of the system's choice. */
  readonly from?: string;
  /** Requests in a second, of all connections together. Default: as many as are answered. */
  readonly perSecond?: number;
}

const { port, connections, method, path, headers = {}, body = null, from, perSecond } = workerData as Flood;
const pool = new Pool(`http://127.0.0.1:${port}`, {
  ...{ connections, pipelining: 1 },
  ...(from !== undefined && { localAddress: from }),
});
const intervalMs = perSecond === undefined ? 0 : (connections * 1000) / perSecond;
const answers: Record<string, number> = {};
let names = 0;

async function one(): Promise<void> {
  let outcome: string;
  try {
    const name = `a${names++}`;
    const fields = Object.entries(headers).map(([field, value]) => [field, value.replace("{NAME}", name)]);
    const target = path.replace("{NAME}", name);
    const answer = await pool.request({ method, path: target, headers: Object.fromEntries(fields), body });
    await answer.body.dump();
    outcome = String(answer.statusCode);
  } catch (error) {
    outcome = (error as { code?: string }).code ?? "failed";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  answers[outcome] = (answers[outcome] ?? 0) + 1;
}

parentPort!.on("message", () => {
  parentPort!.postMessage(answers);
  process.exit();
});

for (let index = 0; index < connections; index++) void repeat();

async function repeat(): Promise<never> {
  for (let next = performance.now(); ; next += intervalMs) {
    const earlyMs = next - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    await one();
  }
}
