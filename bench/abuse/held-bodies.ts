/**
 * `node bench/abuse/held-bodies.ts [--target gateway|supply-chain-agent]`: 17 anonymous connections
 * send all but the last byte of the largest body that is accepted, and hold it.
 *
 * @module
 */

import { request } from "undici";
import { attackStack, choice, connections, flood } from "./support/phases.ts";

const COUNT = 17;
const MIB = 2 ** 20;
const service = choice("target", ["gateway", "supply-chain-agent"]);

await attackStack(({ ports, urls }) => {
  const isGateway = service === "gateway";
  const port = isGateway ? ports.gateway : ports.supplyChainAgent;
  const { host } = new URL(urls.supplyChainAgent);
  const bytes = isGateway ? 2 * MIB : MIB;
  const held = Buffer.alloc(bytes - 1, "x");
  // The agent checks no body of a path that it does not serve.
  const path = isGateway ? "/" : "/nowhere";
  return {
    title: `${COUNT} bodies of ${bytes / MIB} MiB held, at ${service}`,
    service,
    attack: connections({
      port,
      count: COUNT,
      use(socket) {
        const fields = `Host: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}`;
        socket.write(`POST ${path} HTTP/1.1\r\n${fields}\r\n\r\n`);
        socket.write(held);
      },
    }),
    plain: flood({ port, connections: COUNT, request: { method: "GET", path: "/nowhere" } }),
    async honest() {
      const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, {
        method: "POST",
        headers: { host, "content-type": "application/json" },
        body: JSON.stringify({ text: "x".repeat(1000) }),
        headersTimeout: 5_000,
      });
      await body.dump();
      return statusCode;
    },
    // From the agent: it has seen the request, which is not signed.
    served: 401,
  };
});
