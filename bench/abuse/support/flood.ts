/**
 * A thread that sends requests repeatedly on its own connections, each as soon as the previous one
 * is answered. It posts a message when it begins. At the first message of its parent it posts the
 * number of answers by status and ends.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import type { PrivateJwk } from "aauth";
import { Pool } from "undici";
import type { SignedPost } from "./signed-requests.ts";

/** Requests of a flood, and their rate. */
export interface Flood {
  readonly port: number;
  readonly connections: number;
  readonly request: PlainRequest | SignedRequests;
  /** Address that the requests come from. Default: that of the system's choice. */
  readonly from?: string;
  /** Requests in a second, of all connections together. Default: as many as are answered. */
  readonly perSecond?: number;
  /** Default: no limit. */
  readonly maxRequests?: number;
}

/** One request; `{NAME}` in a field or the path becomes a name that no request had before. */
interface PlainRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Signed requests of one person's agent at a resource, or of ever new agents for person tokens. */
interface SignedRequests {
  readonly as: "one-agent" | "new-agents";
  readonly issuer: PrivateJwk;
}

const { port, connections, request, from, perSecond, maxRequests = Infinity } = workerData as Flood;
const pool = new Pool(`http://127.0.0.1:${port}`, {
  connections,
  pipelining: 1,
  ...(from !== undefined && { localAddress: from }),
});
const intervalMs = perSecond === undefined ? 0 : (connections * 1000) / perSecond;
const answers: Record<string, number> = {};
let sent = 0;

parentPort!.on("message", () => {
  parentPort!.postMessage(answers);
  process.exit();
});

const next = "as" in request ? await signed(request) : async () => named(request, `a${sent}`);
parentPort!.postMessage("begins");
for (let index = 0; index < connections; index++) void repeat();

async function signed({ as, issuer }: SignedRequests): Promise<() => Promise<SignedPost>> {
  const { agentOf, signAsAgent } = await import("./signed-requests.ts");
  const post = await agentOf("greedy", issuer);
  return as === "one-agent"
    ? () => post("/")
    : () => signAsAgent("mallory.example", sent, { issuer, to: "person-server" });
}

function named({ path, headers = {}, ...request }: PlainRequest, name: string): PlainRequest {
  const fields = Object.entries(headers).map(([field, value]) => [field, value.replace("{NAME}", name)]);
  return { ...request, path: path.replace("{NAME}", name), headers: Object.fromEntries(fields) };
}

async function one(): Promise<void> {
  let outcome: string;
  try {
    const message = next();
    sent++;
    const answer = await pool.request({ method: "POST", ...(await message) });
    await answer.body.dump();
    outcome = String(answer.statusCode);
  } catch (error) {
    outcome = (error as { code?: string }).code ?? "failed";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  answers[outcome] = (answers[outcome] ?? 0) + 1;
}

async function repeat(): Promise<void> {
  for (let at = performance.now(); sent < maxRequests; at += intervalMs) {
    const earlyMs = at - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    await one();
  }
}
