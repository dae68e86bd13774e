import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { loadConfig, prepareProcess, startTelemetry } from "agent-kit/service";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { settings } from "../src/config.ts";
import { startStack } from "./stack.ts";

interface SentSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly events: readonly { readonly name: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

const spans: SentSpan[] = [];
const collector = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  for (const { scopeSpans } of JSON.parse(body).resourceSpans)
    spans.push(...scopeSpans.flatMap((scope: { spans: SentSpan[] }) => scope.spans));
  response.setHeader("content-type", "application/json").end("{}");
});

beforeAll(prepareProcess);
beforeEach(() => new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve)));
afterEach(() => new Promise((resolve) => collector.close(resolve)));

/** Name of a span's parent. */
const above = (name: string) =>
  spans.find(({ spanId }) => spanId === spans.find((span) => span.name === name)?.parentSpanId)?.name;

/** Sends a signed request to the service as it runs, and waits for its spans to arrive. */
async function trace(call: Parameters<Awaited<ReturnType<typeof startStack>>["call"]>[0]): Promise<void> {
  spans.length = 0;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  };
  const config = loadConfig({ service: "test", settings, env, argv: [] });
  const telemetry = await startTelemetry(config, { logger: { info: vi.fn(), warn: vi.fn() } });
  await telemetry.run(async () => {
    const stack = await startStack({ AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
    expect((await stack.call(call)).statusCode).toBe(200);
    await stack.app.close();
  });
  await telemetry.close();
}

test("the work is told as in the published walk-through, one span within the other", async () => {
  await trace({});
  expect(above("market_analysis_agent.process_request")).toBe("market_analysis_agent.invoke");
  expect(above("market_analysis_agent.invoke")).toBe("market_analysis_agent.executor.execute");
  expect(above("market_analysis_agent.executor.execute")).toBe("POST /");
  const gate = spans.find(({ name }) => name === "POST /")!;
  expect(gate.events.map(({ name }) => name)).toEqual([
    "aauth.document_fetched",
    "aauth_signature_verified",
    "signature_only_accepted",
  ]);
});

test("a caller cannot make the headers of its message unreadable by sending many", async () => {
  const many = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`x-${index}`, '"'.repeat(60)]));
  await trace({ change: ({ headers }) => ({ headers: { ...many, ...headers } }) });
  const { attributes } = spans.find(({ name }) => name === "POST /")!;
  const value = attributes.find(({ key }) => key === "aauth.http.request.headers")!.value.stringValue!;
  expect(JSON.parse(value)).toMatchObject({
    "signature-input": expect.stringContaining("@method"),
    "signature-key": expect.any(String),
    "x-0": many["x-0"],
  });
  expect(value.length).toBeGreaterThan(8000);
});
