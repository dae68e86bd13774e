/**
 * The autonomous flow over both hops, through the demo of the current folder: caller -> gateway ->
 * supply-chain agent -> gateway -> market-analysis agent. One flow at a time; keys and documents
 * are cached, no spans are made. Once with the caller's token cached, once with a caller that meets
 * the challenge and requests a token in each flow.
 *
 * @module
 */

import assert from "node:assert";
import { createMemoryStores, type RecordStore } from "aauth";
import type { ObtainedToken } from "aauth/agent";
import { installLocalhostLookup } from "agent-kit/service";
import { startVisitor } from "../../scripts/february-2026/visitor.ts";
import { startDemo } from "../demo.ts";
import { quantile } from "../measure.ts";
import { printRows, publishRows, rowsOf } from "../rows.ts";

/** V8 optimises a function when it has been called about 3000 times. */
const WARM_UP_FLOWS = 3_000;
const FLOWS = 400;
const BODY_BYTES = 1024;

type Send = (url: string, init: RequestInit) => Promise<Response>;

/** A body of 1 KB, whose words make the supply-chain agent ask the market-analysis agent. */
function promptBody(): string {
  const bodyOf = (text: string) =>
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "message/send",
      params: {
        message: { kind: "message", messageId: "bench-1", role: "user", parts: [{ kind: "text", text }] },
      },
    });
  const text = "Optimize the laptop supply chain and perform market analysis. ";
  return bodyOf(text + "x".repeat(BODY_BYTES - bodyOf(text).length));
}

installLocalhostLookup();
const body = promptBody();
const demo = await startDemo({ LOG_LEVEL: "warn", OTEL_SDK_DISABLED: "true" });
const url = `${demo.urls.supplyChainAgent}/`;
const caller = await startVisitor([demo.urls.issuer]);
const forgetful = { ...createMemoryStores().records<ObtainedToken>("test"), get: () => undefined };
const [cached, first] = [createMemoryStores().records<ObtainedToken>("test"), forgetful].map((store) => {
  const stores = { records: <Value>() => store as RecordStore<Value> };
  const agent = caller.agent({ signatureScheme: "jwks", stores });
  return (url: string, init: RequestInit) => agent.fetchFor()(url, init);
}) as [Send, Send];

/**
 * @throws Error unless both agents have answered: the first reports a failed second hop in its text
 */
async function flowMs(send: Send): Promise<number> {
  const startedAt = performance.now();
  const headers = { "content-type": "application/json", accept: "application/json" };
  const response = await send(url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status === 200 && text.includes("# Market Analysis Report"))
    return performance.now() - startedAt;
  throw new Error(`the flow failed with status ${response.status}: ${text.slice(0, 2000)}`);
}

try {
  // A stack that accepts unsigned requests would win any race.
  const unsigned = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assert.equal(unsigned.status, 401, "an unsigned request");
  for (let count = 0; count < WARM_UP_FLOWS; count++) await flowMs(count % 2 === 0 ? cached : first);
  const cachedMs: number[] = [];
  const firstMs: number[] = [];
  for (let count = 0; count < FLOWS; count++) {
    cachedMs.push(await flowMs(cached));
    firstMs.push(await flowMs(first));
  }
  console.log(`Median of ${FLOWS} flows each:`);
  const rows = rowsOf([
    { what: "autonomous flow, tokens cached", value: quantile(cachedMs, 0.5), unit: "ms" },
    { what: "autonomous flow, the caller's first time", value: quantile(firstMs, 0.5), unit: "ms" },
  ]);
  printRows(rows);
  publishRows(rows);
} finally {
  await caller.stop();
  await demo.stop();
}
