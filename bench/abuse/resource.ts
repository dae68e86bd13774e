/**
 * `node bench/abuse/resource.ts [--target replay-memory|codes]`: one person's agent fills the
 * memory of used signatures of a resource of draft -11, or a browser guesses codes at the
 * resource's page. The honest caller is another person's agent, and with `codes` its person's
 * browser, which has the address of the attacker, as behind a proxy.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { PrivateJwk } from "aauth";
import { request } from "undici";
import { startChild } from "../../tests/support/child.ts";
import { agentOf } from "./support/parties.ts";
import { choice, flood, type Load, showPhases } from "./support/phases.ts";
import type { SignedFlood } from "./support/signed-flood.ts";

const CONNECTIONS = 20;
const target = choice("target", ["replay-memory", "codes"]);

const { privateKey } = generateKeyPairSync("ed25519");
const personServer = { ...privateKey.export({ format: "jwk" }), alg: "Ed25519" } as unknown as PrivateJwk;
const { d: _, ...publicJwk } = personServer;
const program = fileURLToPath(new URL("support/resource.ts", import.meta.url));
const resource = startChild(process.execPath, [program, JSON.stringify(publicJwk)]);
const port = Number((await resource.prints(/^(\d+)$/m))[1]);
const post = await agentOf("honest", port, personServer);

const workerData: SignedFlood = { port, connections: CONNECTIONS, personServer };
const worker = new Worker(new URL("support/signed-flood.ts", import.meta.url), { workerData });
const signedFlood: Load = () => {
  worker.postMessage("start");
  return async () => {
    const answers = new Promise((resolve) => worker.once("message", resolve));
    worker.postMessage("stop");
    return answers;
  };
};

async function orderOnce(): Promise<number> {
  const { headers, body } = await post("/orders");
  await body.dump();
  const code = /code="([^"]+)"/.exec(String(headers["aauth-requirement"]))?.[1];
  const page = await request(`http://127.0.0.1:${port}/interaction?code=${code}`);
  await page.body.dump();
  return page.statusCode;
}

async function callOnce(): Promise<number> {
  const { statusCode, body } = await post("/");
  await body.dump();
  return statusCode;
}

const page = { port, connections: CONNECTIONS, method: "GET" } as const;
await showPhases(
  { processes: [{ name: "resource", pid: resource.pid }] },
  {
    title: `${CONNECTIONS} connections, at ${target} of a resource`,
    service: "resource",
    honest: target === "codes" ? orderOnce : callOnce,
    attack: target === "codes" ? flood({ ...page, path: "/interaction?code=ZZZZ-0000-{NAME}" }) : signedFlood,
    plain: flood({ ...page, path: "/nothing-here" }),
    maxP99Ratio: 3,
    // Its own requests are remembered, too.
    pauseMs: 50,
  },
);
process.exit();
