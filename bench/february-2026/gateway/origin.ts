/**
 * Origin behind the gateways that `gateway.ts` measures: reads the request's body and answers with
 * 1 KB. The port is its only argument.
 *
 * @module
 */

import { createServer } from "node:http";

const answer = Buffer.from(JSON.stringify({ text: "x".repeat(1013) }));
const head = { "content-type": "application/json", "content-length": answer.length };

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, head).end(answer));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), "127.0.0.1");
