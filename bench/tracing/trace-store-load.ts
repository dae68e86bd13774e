import { randomBytes } from "node:crypto";
import { ATTRIBUTE, SERVICE_NAME } from "protocol-trace/names";
import { request } from "undici";
import { LogLines } from "../../scripts/demo/log-lines.ts";
import { residentMib } from "../../scripts/demo/memory.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import { DEMO_MODES, DEMO_PORTS, describeStack } from "../../scripts/demo/stack.ts";
import { freePorts } from "../../tests/support/free-ports.ts";
import type { Figure } from "../rows.ts";

const SPANS_PER_BATCH = 128;
/** Enough to fill the store's bound three times over. */
const BATCHES = 400;
const WARM_UP_BATCHES = 40;
const BASE_CHARACTERS = 600;
const HEADER_CHARACTERS = 1500;

/** Fills the embedded trace store beyond its bound with spans as the agents make them, one request at a time. */
export async function measureTraceStore(): Promise<Figure[]> {
  const [traceStore, traceStoreOtlp] = (await freePorts(2)) as [number, number];
  const services = describeStack({ ...DEMO_PORTS, traceStore, traceStoreOtlp }, DEMO_MODES);
  const stack = await runStack(
    services.filter(({ name }) => name === "trace-store"),
    {
      log: new LogLines(["trace-store"], { sink: { write: () => true }, colour: false }),
      signal: new AbortController().signal,
      baseEnv: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: "warn" },
    },
  );
  try {
    const { pid } = stack.processes[0]!;
    const emptyMib = residentMib(pid!)!;
    const url = `http://127.0.0.1:${traceStoreOtlp}/v1/traces`;
    for (let count = 0; count < WARM_UP_BATCHES; count++) await send(url, batch());
    const batches = Array.from({ length: BATCHES }, batch);
    const startedAt = performance.now();
    for (const body of batches) await send(url, body);
    const seconds = (performance.now() - startedAt) / 1000;
    const fullMib = residentMib(pid!)!;
    console.log(
      `\ntrace store: ${BATCHES} batches of ${SPANS_PER_BATCH} spans, ${Math.round(batches[0]!.length / SPANS_PER_BATCH / 100) / 10} kB each; ` +
        `${emptyMib.toFixed(0)} MiB empty, ${fullMib.toFixed(0)} MiB when its 64 MiB are full`,
    );
    return [
      { what: "trace store: spans taken in", value: (BATCHES * SPANS_PER_BATCH) / seconds, unit: "spans/s" },
      { what: "trace store: resident memory, bound of 64 MiB reached", value: fullMib, unit: "MiB" },
    ];
  } finally {
    await stack.stop();
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
