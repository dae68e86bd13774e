/**
 * A thread that sends one request over and over on connections of its own, each as soon as the one before it is answered. Tells its
 * parent the statuses it has seen when it is asked, and ends with it.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { Pool } from "undici";

/** What a flood sends. */
export interface FloodPlan {
  readonly port: number;
  readonly connections: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Repeated `{}` in a JSON array up to this length. Default: no body. */
  readonly jsonBytes?: number;
  /** Requests a second, all connections together. Default: as many as are answered. */
  readonly perSecond?: number;
}

const { port, connections, method, path, headers, jsonBytes, perSecond } = workerData as FloodPlan;
const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
const body = jsonBytes === undefined ? null : jsonOf(jsonBytes);
const seen = new Map<string, number>();

/** The costliest JSON for its length: small objects, and the method behind them. */
function jsonOf(bytes: number): Buffer {
  const end = '0],"method":"message/send"}';
  const start = '{"params":[';
  return Buffer.from(start + "{},".repeat((bytes - start.length - end.length) / 3) + end);
}

async function one(): Promise<void> {
  let outcome: string;
  try {
    const answer = await pool.request({ method, path, headers, body });
    await answer.body.dump();
    outcome = String(answer.statusCode);
  } catch (error) {
    outcome = (error as { code?: string }).code ?? "failed";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
}

parentPort!.on("message", () => parentPort!.postMessage(Object.fromEntries(seen)));
if (perSecond === undefined) {
  for (let index = 0; index < connections; index++) void forever();
} else {
  setInterval(() => void one(), 1000 / perSecond);
}

async function forever(): Promise<never> {
  for (;;) await one();
}
