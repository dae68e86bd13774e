import { createServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../../tests/support/free-ports.ts";
import { createOtlpTelemetry } from "../../src/observe/otlp-telemetry.ts";
import type { GatewaySpan } from "../../src/telemetry.ts";
import { type FakeAnswer, startFakeServer } from "../support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const TOKEN = `eyJhbGciOiJFZERTQSJ9.${"A".repeat(60)}.${"B".repeat(86)}`;
const soon = { timeout: 5000, interval: 20 };

async function setUp(
  tracing: object,
  more: {
    policies?: object;
    answer?: FakeAnswer;
    limits?: NonNullable<Parameters<typeof startGateway>[1]>["limits"];
  } = {},
) {
  const sink = await startOtlpSink();
  const agent = await startFakeServer(more.answer);
  const config = {
    tracing: { otlpEndpoint: sink.url, otlpProtocol: "http", randomSampling: true, ...tracing },
  };
  const gateway = await startGateway(oneRoute(agent.address, more.policies ?? {}, { config }), {
    isExporting: true,
    ...(more.limits && { limits: more.limits }),
  });
  cleanUps.push(sink.close, agent.close, () => gateway.close());
  return { sink, agent, gateway };
}

// The real gateway sends protobuf, which the sink does not read.
describe.skipIf(isRealGateway)("a span a request by OTLP/HTTP", () => {
  test("name, kind, service, scope and the attributes of Agentgateway", async () => {
    const { sink, agent, gateway } = await setUp({
      fields: {
        add: {
          map: '{"a": [1]}',
          yes: "true",
          number: "size(request.path)",
          missing: "request.headers.nope",
          nothing: "null",
        },
        remove: ["gateway"],
      },
    });
    await send({ port: gateway.port, method: "POST", path: "/x?y=1", host: "agent.test:3000", body: "{}" });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    const [span] = sink.spans;
    expect(span).toMatchObject({
      path: "/v1/traces",
      contentType: "application/json",
      scope: "agentgateway",
      name: "POST /*",
      kind: 2,
      resource: { "service.name": "agentgateway" },
      attributes: {
        listener: "main",
        route: "default/agent",
        endpoint: agent.address,
        "http.method": "POST",
        "http.host": "agent.test",
        "http.path": "/x?y=1",
        "http.version": "HTTP/1.1",
        "http.status": 200,
        protocol: "http",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        map: '{"a":[1]}',
        yes: "true",
        number: 2,
      },
    });
    expect(span!.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span!.attributes["span.id"]).toBe(span!.spanId);
    expect(agent.seen[0]!.headers.traceparent).toBe(`00-${span!.traceId}-${span!.spanId}-01`);
    expect(span!.parentSpanId ?? "").toBe("");
    expect(span!.endMs).toBeGreaterThan(span!.startMs);
    for (const name of ["gateway", "missing", "nothing"]) expect(span!.attributes).not.toHaveProperty(name);
  });

  test("joins the caller's trace; no status even for 503; span.name is a name and no attribute", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const { sink, gateway } = await setUp(
      { fields: { add: { "span.name": "'chosen'" } } },
      { answer: (_, response) => response.writeHead(503).end() },
    );
    await send({ port: gateway.port, headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    expect(sink.spans[0]).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331", name: "chosen" });
    expect(sink.spans[0]!.attributes).toMatchObject({ "http.status": 503 });
    expect(sink.spans[0]!.attributes).not.toHaveProperty("span.name");
    expect(sink.spans[0]!.status?.code ?? 0).toBe(0);
  });

  test.each<[string, object, string]>([
    ["path", { path: "/other/traces" }, "/other/traces"],
    ["the endpoint's own path", { path: "/other" }, "/own/traces?x=1"],
  ])("where to: %s", async (_name, tracing, path) => {
    const sink = await startOtlpSink();
    const agent = await startFakeServer();
    const otlpEndpoint = path.startsWith("/own") ? `${sink.url}${path}` : sink.url;
    const gateway = await startGateway(
      oneRoute(
        agent.address,
        {},
        { config: { tracing: { otlpEndpoint, otlpProtocol: "http", randomSampling: true, ...tracing } } },
      ),
      { isExporting: true, limits: { traceServiceName: "my-gateway" } },
    );
    cleanUps.push(sink.close, agent.close, () => gateway.close());
    await send({ port: gateway.port });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    expect(sink.spans[0]!.path).toBe(path);
    expect(sink.spans[0]!.resource["service.name"]).toBe("my-gateway");
  });

  test("OTEL_SDK_DISABLED: nothing is sent, and a caller's trace goes on to the agent", async () => {
    const { sink, agent, gateway } = await setUp({}, { limits: { tracesDisabled: true } });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await send({ port: gateway.port });
    await send({ port: gateway.port, headers: { traceparent } });
    await gateway.close();
    expect(sink.spans).toEqual([]);
    const [first, second] = agent.seen.map(({ headers }) => headers.traceparent);
    expect(first).toBeUndefined();
    expect(second).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/);
  });

  test("what is not sampled is not sent, and closing sends the rest", async () => {
    const { sink, gateway } = await setUp({ randomSampling: false });
    const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    await send({ port: gateway.port });
    await send({ port: gateway.port, headers: { traceparent: `${sampled}-00` } });
    await send({ port: gateway.port, headers: { traceparent: `${sampled}-01` } });
    await gateway.close();
    expect(sink.spans).toHaveLength(1);
  });

  test("no token, signature or cookie leaves with it", async () => {
    const { sink, gateway } = await setUp(
      { fields: { add: { request_headers: "request.headers", response_headers: "response.headers" } } },
      {
        answer: (_, response) =>
          response.writeHead(200, { "agent-auth": `httpsig; resource_token="${TOKEN}"` }).end(),
      },
    );
    await send({
      port: gateway.port,
      path: `/?request_token=${TOKEN}`,
      headers: {
        "signature-key": `sig1=(scheme=jwt jwt="${TOKEN}")`,
        signature: `sig1=:${"s".repeat(86)}:`,
        authorization: `Bearer ${TOKEN}`,
        cookie: "session=secret-session",
        "x-shown": "yes",
      },
    });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    const text = JSON.stringify(sink.spans);
    expect(JSON.parse(sink.spans[0]!.attributes.request_headers as string)).toMatchObject({
      "x-shown": "yes",
    });
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain("s".repeat(86));
    expect(text).not.toContain("secret-session");
  });

  test("/metrics counts the spans, and has no such count without tracing", async () => {
    const { sink, agent, gateway } = await setUp({});
    await send({ port: gateway.port });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    const metrics = async ({ statsUrl }: { statsUrl: string }) => (await fetch(`${statsUrl}/metrics`)).text();
    await vi.waitFor(async () =>
      expect(await metrics(gateway)).toContain('agentgateway_spans_total{result="exported"} 1\n'),
    );
    expect(await metrics(gateway)).toContain('agentgateway_spans_total{result="dropped"} 0\n');
    const untraced = await startGateway(oneRoute(agent.address), { isExporting: true });
    cleanUps.push(untraced.close);
    expect(await metrics(untraced)).not.toContain("spans_total");
  });
});

describe("a collector that does not take the spans", () => {
  const span = (index: number): GatewaySpan => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: index.toString(16).padStart(16, "0"),
    name: "GET /*",
    startTimeMs: 1,
    endTimeMs: 2,
    attributes: { "http.path": "/" },
  });
  const exporterTo = (url: string) => {
    const lines: string[] = [];
    const telemetry = createOtlpTelemetry({
      url,
      serviceName: "agentgateway",
      timeoutMs: 300,
      logger: {
        info: (message) => void lines.push(message),
        warn: (fields, message) => void lines.push(`${message} ${JSON.stringify(fields)}`),
      },
    });
    cleanUps.push(telemetry.close);
    return { lines, telemetry };
  };
  /** Accepts and says nothing. */
  const startSilentServer = async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanUps.push(async () => server.close());
    return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1/traces`;
  };
  const startBrokenSink = async (status: number) => {
    const sink = await startOtlpSink();
    cleanUps.push(sink.close);
    sink.answer = (response) => response.writeHead(status).end("trouble");
    return `${sink.url}/v1/traces`;
  };

  test.each<[string, () => Promise<string>, RegExp]>([
    ["absent", async () => `http://127.0.0.1:${await freePort()}/v1/traces`, /ECONNREFUSED/],
    ["silent", startSilentServer, /failed/],
    ["answers 500", () => startBrokenSink(500), /HTTP 500/],
    ["answers 503", () => startBrokenSink(503), /failed/],
    ["answers 404", () => startBrokenSink(404), /HTTP 404/],
  ])("%s: dropped and counted, one line however many batches", async (_name, start, failure) => {
    const { lines, telemetry } = exporterTo(await start());
    for (let index = 1; index <= 300; index++) telemetry.exportSpan(span(index));
    await vi.waitFor(() => expect(telemetry.counts()).toEqual({ exported: 0, dropped: 300 }), soon);
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^spans do not reach the collector and are dropped .*${failure.source}`),
      ),
    ]);
    expect(lines.join()).not.toContain("trouble");
  });

  test("one line when it works again, with the number that was lost", async () => {
    const sink = await startOtlpSink();
    cleanUps.push(sink.close);
    const good = sink.answer;
    sink.answer = (response) => response.writeHead(500).end();
    const { lines, telemetry } = exporterTo(`${sink.url}/v1/traces`);
    telemetry.exportSpan(span(1));
    await vi.waitFor(() => expect(telemetry.counts().dropped).toBe(1), soon);
    sink.answer = good;
    telemetry.exportSpan(span(2));
    await vi.waitFor(() => expect(telemetry.counts().exported).toBe(1), soon);
    telemetry.exportSpan(span(3));
    await vi.waitFor(() => expect(sink.spans).toHaveLength(2), soon);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe("spans reach the collector again; 1 were dropped");
  });

  test("the queue is bounded: what does not fit is dropped at once", async () => {
    const { telemetry } = exporterTo(await startSilentServer());
    for (let index = 1; index <= 5000; index++) telemetry.exportSpan(span(index));
    expect(telemetry.counts()).toEqual({ exported: 0, dropped: 5000 - 1024 });
  });

  test("an attribute is bounded", async () => {
    const sink = await startOtlpSink();
    cleanUps.push(sink.close);
    const { telemetry } = exporterTo(`${sink.url}/v1/traces`);
    telemetry.exportSpan({ ...span(1), attributes: { long: "x".repeat(60_000) } });
    await vi.waitFor(() => expect(sink.spans).toHaveLength(1), soon);
    expect((sink.spans[0]!.attributes.long as string).length).toBe(8193);
  });

  test.skipIf(isRealGateway)("requests and the end of the gateway do not wait for it", async () => {
    const silent = await startSilentServer();
    const agent = await startFakeServer();
    const config = {
      tracing: { otlpEndpoint: silent, otlpProtocol: "http", randomSampling: true },
    };
    const gateway = await startGateway(oneRoute(agent.address, {}, { config }), { isExporting: true });
    cleanUps.push(agent.close);
    for (let count = 0; count < 10; count++) {
      expect((await send({ port: gateway.port })).status).toBe(200);
    }
    await gateway.close();
  });
});
