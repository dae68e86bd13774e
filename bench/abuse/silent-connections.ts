/**
 * `node bench/abuse/silent-connections.ts [--target gateway|auth-server]`: 2,048 connections that say nothing, from 16 addresses. What an
 * honest caller sees of them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { Agent, request } from "undici";
import { startStack } from "../../tests/support/start-stack.ts";
import { showPhases } from "./support/listener-phases.ts";

const CONNECTIONS = 2048;
const { target } = parseArgs({ options: { target: { type: "string", default: "gateway" } } }).values;

const stack = await startStack();
// A new connection for each request: those that are open already are not what is attacked.
const dispatcher = new Agent({ pipelining: 0 });
try {
  const isGateway = target === "gateway";
  const port = isGateway ? stack.ports.gateway : stack.ports.authServer;
  const process = stack.processes.find(({ name }) => name === (isGateway ? "gateway" : "auth-server"));
  const host = isGateway ? new URL(stack.urls.supplyChainAgent).host : `localhost:${port}`;
  const path = isGateway ? "/.well-known/aauth-resource" : "/health";
  await showPhases({
    title: `${CONNECTIONS} silent connections to ${isGateway ? "the gateway" : "the auth server"}`,
    pid: process!.pid!,
    port,
    connections: CONNECTIONS,
    addresses: 16,
    attack: () => {},
    plain: "GET /nowhere HTTP/1.1\r\nHost: nowhere.localhost\r\n\r\n",
    plainEveryMs: 5000,
    async honest() {
      const { statusCode, body } = await request(`http://127.0.0.1:${port}${path}`, {
        headers: { host },
        dispatcher,
        headersTimeout: 5000,
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(String(statusCode));
    },
  });
} finally {
  await dispatcher.destroy();
  await stack.stop();
}
