/**
 * The peer: `@fastify/http-proxy` in its plain form, without a log. Arguments: its port, the
 * origin's port.
 *
 * @module
 */

import httpProxy from "@fastify/http-proxy";
import Fastify from "fastify";

const [port, originPort] = process.argv.slice(2).map(Number);
const app = Fastify();
await app.register(httpProxy, {
  upstream: `http://127.0.0.1:${originPort}`,
  undici: { connections: 256, pipelining: 1 },
});
await app.listen({ host: "127.0.0.1", port: port! });
