/**
 * `node bench/abuse/silent-connections.ts [--target gateway|auth-server]`: 2,048 connections from
 * 16 addresses that send nothing.
 *
 * @module
 */

import { Agent, request } from "undici";
import { attackStack, choice, connections } from "./support/phases.ts";

const COUNT = 2048;
const ADDRESSES = 16;
const PLAIN_EVERY_MS = 5_000;
const PLAIN = "GET /nowhere HTTP/1.1\r\nHost: nowhere.localhost\r\n\r\n";
const service = choice("target", ["gateway", "auth-server"]);

await attackStack(({ ports, urls }) => {
  const isGateway = service === "gateway";
  const port = isGateway ? ports.gateway : ports.authServer;
  const host = isGateway ? new URL(urls.supplyChainAgent).host : `localhost:${port}`;
  const path = isGateway ? "/.well-known/aauth-resource" : "/health";
  // A new connection for each request: the attack is on those that are not open yet.
  const dispatcher = new Agent({ pipelining: 0 });
  const common = { port, count: COUNT, addresses: ADDRESSES };
  return {
    title: `${COUNT} silent connections, at ${service}`,
    service,
    attack: connections({ ...common, use: () => {} }),
    plain: connections({
      ...common,
      use(socket) {
        const send = () => void (socket.writable && socket.write(PLAIN));
        socket.on("data", () => setTimeout(send, PLAIN_EVERY_MS));
        send();
      },
    }),
    async honest() {
      const url = `http://127.0.0.1:${port}${path}`;
      const { statusCode, body } = await request(url, {
        headers: { host },
        dispatcher,
        headersTimeout: 5_000,
      });
      await body.dump();
      return statusCode;
    },
  };
});
