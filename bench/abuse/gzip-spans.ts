/**
 * `node bench/abuse/gzip-spans.ts`: 16 connections send the trace store 16 KB of gzip, again and
 * again, which inflate to 15 MiB of empty spans.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { attackStack, flood } from "./support/phases.ts";

const CONNECTIONS = 16;
const INFLATED_BYTES = 15 * 2 ** 20;
const JSON_TYPE = { "content-type": "application/json" };
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

await attackStack(({ ports }) => {
  const to = { port: ports.traceStoreOtlp, connections: CONNECTIONS };
  const path = "/v1/traces";
  return {
    title: `${CONNECTIONS} connections with ${bomb.length} bytes of gzip a request, at the port for spans`,
    service: "trace-store",
    attack: flood({
      ...to,
      request: { method: "POST", path, headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: bomb },
    }),
    plain: flood({ ...to, request: { method: "GET", path: "/nowhere" } }),
    async honest() {
      const { statusCode, body } = await request(`http://127.0.0.1:${to.port}${path}`, {
        method: "POST",
        headers: JSON_TYPE,
        body: honestSpans(),
      });
      await body.dump();
      return statusCode;
    },
  };
});
