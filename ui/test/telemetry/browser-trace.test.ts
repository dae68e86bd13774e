import { expect, it, vi } from "vitest";
import { createBrowserTrace } from "../../src/telemetry/browser-trace.ts";

const REQUEST = { method: "POST", url: "http://localhost:8000/optimization/start" };

function collect() {
  const sent: { url: string; init: RequestInit }[] = [];
  const send = vi.fn(async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return new Response("{}");
  });
  const start = createBrowserTrace({
    otlpUrl: "http://localhost:4318",
    fetch: send as unknown as typeof fetch,
  });
  const spans = () =>
    sent.map(({ init }) => JSON.parse(String(init.body)).resourceSpans[0].scopeSpans[0].spans[0]);
  return { start, sent, spans };
}

it("sends the span that the request's traceparent names, when the request has ended", () => {
  const { start, sent, spans } = collect();
  const span = start("supply_chain_ui.start_optimization", REQUEST);
  expect(sent).toEqual([]);
  span.end(200);
  const [sentSpan] = spans();
  expect(span.traceparent).toBe(`00-${sentSpan.traceId}-${sentSpan.spanId}-01`);
  expect(sentSpan).toMatchObject({ name: "supply_chain_ui.start_optimization", kind: 3, status: {} });
  expect(sentSpan.attributes).toContainEqual({ key: "http.response.status_code", value: { intValue: 200 } });
  expect(BigInt(sentSpan.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(sentSpan.startTimeUnixNano));
  expect(sent[0]!.url).toBe("http://localhost:4318/v1/traces");
  expect(sent[0]!.init).toMatchObject({ keepalive: true, credentials: "omit" });
});

it.each([
  [503, "503"],
  [undefined, "no_answer"],
])("status %s is an error", (status, type) => {
  const { start, spans } = collect();
  start("x", REQUEST).end(status);
  expect(spans()[0].status).toEqual({ code: 2 });
  expect(spans()[0].attributes).toContainEqual({ key: "error.type", value: { stringValue: type } });
});

it("no two traces are one", () => {
  const { start } = collect();
  const seen = new Set(Array.from({ length: 100 }, () => start("x", REQUEST).traceparent));
  expect(seen.size).toBe(100);
  for (const traceparent of seen) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it("an unreachable collector is ignored", async () => {
  const send = () => Promise.reject(new TypeError("failed to fetch"));
  createBrowserTrace({ otlpUrl: "http://localhost:4318", fetch: send })("x", REQUEST).end(200);
  await new Promise((resolve) => setTimeout(resolve, 0));
});
