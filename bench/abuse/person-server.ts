/**
 * `node bench/abuse/person-server.ts`: a provider of its own mints agents and agent tokens, and
 * each request leaves what it can in the stores of a person server of draft -11. The honest callers
 * are agents of other providers and persons.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { PrivateJwk } from "aauth";
import { startChild } from "../../tests/support/child.ts";
import { flood, type Load, showPhases } from "./support/phases.ts";
import type { TokenFlood } from "./support/token-flood.ts";
import { tokenRequests } from "./support/token-requests.ts";

const CONNECTIONS = 8;
const MAX_REQUESTS = 6_000;
/** Each keeps below what one agent may have. */
const HONEST_PROVIDERS = 20;

const { privateKey } = generateKeyPairSync("ed25519");
const provider = { ...privateKey.export({ format: "jwk" }), alg: "Ed25519" } as unknown as PrivateJwk;
const { d: _, ...publicJwk } = provider;
const program = fileURLToPath(new URL("support/person-server.ts", import.meta.url));
const server = startChild(process.execPath, [program, JSON.stringify(publicJwk)]);
const port = Number((await server.prints(/^(\d+)$/m))[1]);
const honest = await Promise.all(
  Array.from({ length: HONEST_PROVIDERS }, (_, index) =>
    tokenRequests(`honest${index}.example`, { port, provider }),
  ),
);
let turn = 0;

const workerData: TokenFlood = { port, connections: CONNECTIONS, maxRequests: MAX_REQUESTS, provider };
const worker = new Worker(new URL("support/token-flood.ts", import.meta.url), { workerData });
await once(worker, "message");
const tokenFlood: Load = () => {
  worker.postMessage("start");
  return async () => {
    const answers = once(worker, "message");
    worker.postMessage("stop");
    return (await answers)[0];
  };
};

await showPhases(
  { processes: [{ name: "person-server", pid: server.pid }] },
  {
    title: `${CONNECTIONS} connections that ask for tokens as ever new agents, at a person server`,
    service: "person-server",
    honest: () => honest[turn++ % HONEST_PROVIDERS]!(0),
    attack: tokenFlood,
    plain: flood({ port, connections: CONNECTIONS, method: "POST", path: "/aauth/person" }),
    maxP99Ratio: 3,
    // The tokens of honest callers are kept, too.
    pauseMs: 50,
  },
);
process.exit();
