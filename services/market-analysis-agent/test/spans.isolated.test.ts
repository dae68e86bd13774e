import { prepareProcess, startTelemetry } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  attributesOf,
  type Collector,
  startCollector,
} from "../../../packages/agent-kit/test/service/support/collector.ts";
import { settings } from "../src/config.ts";
import { type Stack, startStack } from "./stack.ts";

let collector: Collector;
beforeAll(prepareProcess);
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

const spanOf = (name: string) => collector.spans.find((span) => span.name === name)!;
/** Name of a span's parent. */
const above = (name: string) =>
  collector.spans.find(({ spanId }) => spanId === spanOf(name).parentSpanId)?.name;

/** Sends a signed request to the service, and waits for its spans. */
async function trace(call: Parameters<Stack["call"]>[0]): Promise<void> {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const config = loadConfig({ service: "test", settings, env, argv: [] });
  const telemetry = await startTelemetry(config, { logger: { info: vi.fn(), warn: vi.fn() } });
  await telemetry.run(async () => {
    const stack = await startStack({ AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
    expect((await stack.call(call)).statusCode).toBe(200);
    await stack.app.close();
  });
  await telemetry.close();
}

test("the work has the published walk-through's spans, one within the other", async () => {
  await trace({});
  expect(above("market_analysis_agent.process_request")).toBe("market_analysis_agent.invoke");
  expect(above("market_analysis_agent.invoke")).toBe("market_analysis_agent.executor.execute");
  expect(above("market_analysis_agent.executor.execute")).toBe("POST /");
  expect(spanOf("POST /").events.map(({ name }) => name)).toEqual([
    "aauth.document_fetched",
    "aauth_signature_verified",
    "signature_only_accepted",
  ]);
});

test("a caller cannot make the headers of its message unreadable by sending many", async () => {
  const many = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`x-${index}`, '"'.repeat(60)]));
  await trace({ change: ({ headers }) => ({ headers: { ...many, ...headers } }) });
  const value = String(attributesOf(spanOf("POST /"))["aauth.http.request.headers"]);
  expect(JSON.parse(value)).toMatchObject({
    "signature-input": expect.stringContaining("@method"),
    "signature-key": expect.any(String),
    "x-0": many["x-0"],
  });
  expect(value.length).toBeGreaterThan(8000);
});
