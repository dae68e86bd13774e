/**
 * `node bench/abuse/held-bodies.ts [--target gateway|agent]`: 17 anonymous connections that send all but the last byte of the largest body
 * that is taken, and hold it. What an honest caller's short POST sees of them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { request } from "undici";
import { startStack } from "../../tests/support/start-stack.ts";
import { showPhases } from "./support/listener-phases.ts";

const CONNECTIONS = 17;
const MIB = 2 ** 20;
const { target } = parseArgs({ options: { target: { type: "string", default: "gateway" } } }).values;

const stack = await startStack();
try {
  const isGateway = target === "gateway";
  const port = isGateway ? stack.ports.gateway : stack.ports.supplyChainAgent;
  const process = stack.processes.find(({ name }) => name === (isGateway ? "gateway" : "supply-chain-agent"));
  const { host } = new URL(stack.urls.supplyChainAgent);
  const bytes = isGateway ? 2 * MIB : MIB;
  const held = Buffer.alloc(bytes - 1, "x");
  // A path that nothing is served at has no check of the agent's before its body.
  const path = isGateway ? "/" : "/nowhere";
  await showPhases({
    title: `${CONNECTIONS} bodies of ${bytes / MIB} MiB held, to ${isGateway ? "the gateway" : "the agent itself"}`,
    pid: process!.pid!,
    port,
    connections: CONNECTIONS,
    attack(socket) {
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`,
      );
      socket.write(held);
    },
    plain: `GET /nowhere HTTP/1.1\r\nHost: nowhere.localhost\r\n\r\n`,
    async honest() {
      const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, {
        method: "POST",
        headers: { host, "content-type": "application/json" },
        body: JSON.stringify({ text: "x".repeat(1000) }),
        headersTimeout: 5000,
      });
      await body.dump();
      // The agent's own answer: it has seen the request, which is not signed.
      if (statusCode !== 401) throw new Error(String(statusCode));
    },
  });
} finally {
  await stack.stop();
}
