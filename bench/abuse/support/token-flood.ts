/**
 * A thread in which the agents of one provider ask for tokens, each request as a new agent and as
 * soon as the one before it is answered, up to a number of requests. It posts when it is ready,
 * begins at the first message of its parent, and at the second one posts the number of answers by
 * status and ends.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import type { PrivateJwk } from "aauth";
import { tokenRequests } from "./token-requests.ts";

export interface TokenFlood {
  readonly port: number;
  readonly connections: number;
  readonly maxRequests: number;
  readonly provider: PrivateJwk;
}

const { port, connections, maxRequests, provider } = workerData as TokenFlood;
const answers: Record<string, number> = {};
const requestToken = await tokenRequests("mallory.example", { port, provider });
let sent = 0;

parentPort!.once("message", () => {
  for (let index = 0; index < connections; index++) void repeat();
  parentPort!.once("message", () => {
    parentPort!.postMessage(answers);
    process.exit();
  });
});
parentPort!.postMessage("ready");

async function repeat(): Promise<void> {
  while (sent < maxRequests) {
    const outcome = await requestToken(sent++).catch((error: { code?: string }) => error.code ?? "failed");
    answers[outcome] = (answers[outcome] ?? 0) + 1;
  }
}
