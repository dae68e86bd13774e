/**
 * `node bench/abuse/gzip-spans.ts`: 16 connections that send the trace store 16 KB of gzip, over and over, which inflate to 15 MiB of empty
 * spans. What a service that exports spans sees of them.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { startStack } from "../../tests/support/start-stack.ts";
import { showPhases } from "./support/listener-phases.ts";

const CONNECTIONS = 16;
const INFLATED_BYTES = 15 * 2 ** 20;
const around = (spans: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`;
const bomb = gzipSync(around(`${"{},".repeat(INFLATED_BYTES / 3)}{}`));

function honestSpans(): string {
  const now = `${Date.now()}000000`;
  const spans = Array.from({ length: 20 }, () => ({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "honest",
    startTimeUnixNano: now,
    endTimeUnixNano: now,
  }));
  return around(spans.map((span) => JSON.stringify(span)).join());
}

const stack = await startStack();
let bombs = 0;
try {
  const port = stack.ports.traceStoreOtlp;
  await showPhases({
    title: `${CONNECTIONS} connections with ${bomb.length} bytes of gzip a time, to the port for spans`,
    pid: stack.processes.find(({ name }) => name === "trace-store")!.pid!,
    port,
    connections: CONNECTIONS,
    attack(socket) {
      const send = () => {
        bombs++;
        socket.write(
          "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
            `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
        );
        socket.write(bomb);
      };
      socket.setEncoding("latin1").on("data", send);
      send();
    },
    plain: "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
    async honest() {
      const { statusCode, body } = await request(`http://127.0.0.1:${port}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: honestSpans(),
        headersTimeout: 60_000,
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(String(statusCode));
    },
  });
  console.log(`${bombs} times ${bomb.length} bytes were sent`);
} finally {
  await stack.stop();
}
