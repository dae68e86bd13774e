/**
 * `node bench/abuse/open-paths.ts [--seconds 8] [--rate 100]`: with `agentgateway/config-policy.yaml`, one anonymous caller fetches an
 * agent's key set at a steady rate while an honest verifier fetches the agent's metadata. Beside it the same rate of requests that end
 * in a refusal. Exit code 1 when one honest fetch under the flood is not answered with 200.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startStack } from "../../tests/support/start-stack.ts";
import { honestCaller, phase } from "./support/gateway-abuse.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "8" }, rate: { type: "string", default: "100" } },
});
const seconds = Number(values.seconds);
const perSecond = Number(values.rate);

const policyFile = fileURLToPath(new URL("../../agentgateway/config-policy.yaml", import.meta.url));
const stack = await startStack({ modes: { policyFile } });
try {
  const { port, pid, headers, honest, close } = honestCaller(stack);
  const common = { seconds, honest, pauseMs: 100, pid };
  const flood = { port, connections: 16, headers, method: "GET", perSecond } as const;
  await phase("before", common);
  await phase(`${perSecond}/s that end in a refusal`, {
    ...common,
    flood: { ...flood, path: "/no-such-path" },
  });
  const attack = await phase(`${perSecond}/s of /jwks.json`, {
    ...common,
    flood: { ...flood, path: "/jwks.json" },
  });
  await phase("after", common);
  await close();
  process.exitCode = Object.keys(attack.wrong).length === 0 ? 0 : 1;
} finally {
  await stack.stop();
}
