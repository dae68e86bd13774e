/**
 * `node bench/abuse/unsigned-json.ts [--seconds 4] [--connections 16] [--rounds 3]`: anonymous callers send 2 MiB of JSON without a signature through
 * the gateway, and an honest caller fetches an agent's metadata. Beside it the same number of connections that send plain requests, which
 * end in 404 or 401. Exit code 1 when the honest p50 under the attack is twice that or more.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { startStack } from "../../tests/support/start-stack.ts";
import { quantile } from "../measure.ts";
import { honestCaller, phase } from "./support/gateway-abuse.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "16" },
    rounds: { type: "string", default: "3" },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const rounds = Number(values.rounds);

const stack = await startStack();
try {
  const { port, pid, headers, honest, close } = honestCaller(stack);
  const common = { seconds, honest, pauseMs: 5, pid };
  const to = { port, connections, headers: { ...headers, "content-type": "application/json" } };
  await phase("warm-up", common);
  await phase("before", common);
  const ratios: number[] = [];
  // By turns, so that what else the machine does hits both.
  for (let round = 0; round < rounds; round++) {
    const plain = await phase(`${connections} connections, plain requests`, {
      ...common,
      flood: { ...to, method: "GET", path: "/no-such-path" },
    });
    const attack = await phase(`${connections} connections, 2 MiB of unsigned JSON`, {
      ...common,
      flood: { ...to, method: "POST", path: "/", jsonBytes: 2_097_000 },
    });
    ratios.push(attack.p50Ms / plain.p50Ms);
  }
  await phase("after", common);
  await close();
  const ratio = quantile(ratios, 0.5);
  console.log(
    `honest p50 under the attack: ${ratio.toFixed(2)} times that under plain requests, median of ${rounds} (wanted: under 2)`,
  );
  process.exitCode = ratio < 2 ? 0 : 1;
} finally {
  await stack.stop();
}
