import { randomBytes } from "node:crypto";
import { ATTRIBUTE, SERVICE_NAME } from "protocol-trace/names";
import { request } from "undici";
import { residentMib } from "../../scripts/demo/memory.ts";
import { freePorts } from "../../tests/support/free-ports.ts";
import type { Figure } from "../rows.ts";
import { MeasuredStore } from "./measured-store.ts";

const SPANS_PER_BATCH = 128;
/** Enough to fill the store's bound three times over. */
const BATCHES = 400;
const WARM_UP_BATCHES = 40;
const BASE_CHARACTERS = 600;
const HEADER_CHARACTERS = 1500;
const MIB = 1024 * 1024;
/** The store's own default, said here because the figures are for it. */
const BOUND_MIB = 64;

/**
 * Fills the embedded trace store beyond its bound with spans as the agents make them, one request at a time: how many it takes and what
 * they cost, its resident memory when they have just come in, and its heap when what they left behind has been collected.
 */
export async function measureTraceStore(): Promise<Figure[]> {
  const [queryPort, otlpPort] = (await freePorts(2)) as [number, number];
  const store = await MeasuredStore.start({ queryPort, otlpPort, maxBytes: BOUND_MIB * MIB });
  try {
    const url = `http://127.0.0.1:${otlpPort}/v1/traces`;
    for (let count = 0; count < WARM_UP_BATCHES; count++) await send(url, batch());
    // What was compiled and loaded stays; the spans of the warming up are a tenth of what comes.
    const before = await store.usage();
    const batches = Array.from({ length: BATCHES }, batch);
    const startedAt = performance.now();
    for (const body of batches) await send(url, body);
    const seconds = (performance.now() - startedAt) / 1000;
    // First, because asking for the usage collects.
    const fullMib = residentMib(store.pid)!;
    const after = await store.usage();
    const spans = BATCHES * SPANS_PER_BATCH;
    const heldMib = (after.heapBytes - store.emptyHeapBytes) / MIB;
    console.log(
      `\ntrace store: ${BATCHES} batches of ${SPANS_PER_BATCH} spans, ${Math.round(batches[0]!.length / SPANS_PER_BATCH / 100) / 10} kB each; ` +
        `processor time ${((after.cpuUs - before.cpuUs) / spans).toFixed(0)} us a span; its bound of ${BOUND_MIB} MiB reached:\n` +
        `  heap ${heldMib.toFixed(0)} MiB more than empty (${(heldMib / BOUND_MIB).toFixed(2)} of the bound), ` +
        `resident ${store.emptyResidentMib.toFixed(0)} MiB empty, ${fullMib.toFixed(0)} MiB in the flood`,
    );
    return [
      { what: "trace store: spans taken in", value: spans / seconds, unit: "spans/s" },
      { what: "trace store: heap beyond empty / its bound, reached", value: heldMib / BOUND_MIB },
      {
        what: "trace store: resident memory in a flood, bound of 64 MiB reached",
        value: fullMib,
        unit: "MiB",
      },
    ];
  } finally {
    await store.stop();
  }
}

async function send(url: string, body: string): Promise<void> {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (answer.statusCode !== 200) throw new Error(`the trace store answered with ${answer.statusCode}`);
  await answer.body.dump();
}

function batch(): string {
  const traceId = randomBytes(16).toString("hex");
  const spans = Array.from({ length: SPANS_PER_BATCH }, () => span(traceId));
  const attributes = [text("service.name", SERVICE_NAME.supplyChainAgent)];
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: "bench" }, spans }] }],
  });
}

/** The size and shape of a signed request's span. */
function span(traceId: string) {
  const now = `${Date.now()}000000`;
  return {
    traceId,
    spanId: randomBytes(8).toString("hex"),
    name: "POST signed with jwt",
    kind: 3,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    attributes: [
      text(ATTRIBUTE.method, "POST"),
      text(ATTRIBUTE.url, "http://supply-chain-agent.localhost:3000/"),
      text(ATTRIBUTE.signatureScheme, "jwt"),
      text(ATTRIBUTE.signatureBase, randomText(BASE_CHARACTERS)),
      text(ATTRIBUTE.requestHeaders, randomText(HEADER_CHARACTERS)),
      text(ATTRIBUTE.responseHeaders, randomText(BASE_CHARACTERS)),
      text(ATTRIBUTE.requestBody, randomText(BASE_CHARACTERS)),
      text(ATTRIBUTE.tokenSent, randomText(BASE_CHARACTERS)),
      { key: ATTRIBUTE.status, value: { intValue: 200 } },
    ],
  };
}

function text(key: string, stringValue: string) {
  return { key, value: { stringValue } };
}

function randomText(characters: number): string {
  return randomBytes(characters / 2).toString("hex");
}
