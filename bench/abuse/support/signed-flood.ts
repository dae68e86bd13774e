/**
 * A thread in which an agent of one person sends signed requests, each as soon as the one before it
 * is answered. It begins at the first message of its parent; at the second it posts the number of
 * answers by status and ends.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import type { PrivateJwk } from "aauth";
import { agentOf } from "./parties.ts";

export interface SignedFlood {
  readonly port: number;
  readonly connections: number;
  readonly personServer: PrivateJwk;
}

const { port, connections, personServer } = workerData as SignedFlood;
const answers: Record<string, number> = {};
const post = await agentOf("greedy", port, personServer);

parentPort!.on("message", (message) => {
  if (message === "start") {
    for (let index = 0; index < connections; index++) void repeat();
    return;
  }
  parentPort!.postMessage(answers);
  process.exit();
});

async function repeat(): Promise<never> {
  for (;;) {
    const { statusCode, body } = await post("/");
    await body.dump();
    answers[statusCode] = (answers[statusCode] ?? 0) + 1;
  }
}
