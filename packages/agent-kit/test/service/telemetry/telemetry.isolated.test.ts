import { request as httpRequest } from "node:http";
import { context, propagation, trace } from "@opentelemetry/api";
import { request } from "undici";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  loadConfig,
  portSetting,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
} from "../../../src/service/config/index.ts";
import {
  createLogger,
  createService,
  currentPlace,
  type LoggerOptions,
  listenOn,
  markFailed,
  prepareProcess,
  startService,
  withSpan,
} from "../../../src/service/index.ts";
import {
  type StartTelemetry,
  startNodeSdk,
  startTelemetry,
  type Telemetry,
} from "../../../src/service/telemetry/start-telemetry.ts";
import { attributesOf, type Collector, startCollector } from "../support/collector.ts";

const soon = { timeout: 5000, interval: 20 };
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

let collector: Collector;
let telemetry: Telemetry | undefined;
/** The telemetry under test. */
let startUnderTest: StartTelemetry;
let close: (() => unknown) | undefined;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await close?.();
  close = undefined;
  await telemetry?.close();
  telemetry = undefined;
  await collector.close();
});

const silent = { info: vi.fn(), warn: vi.fn() };
async function start(env: Record<string, string> = {}) {
  const all = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env };
  const config = loadConfig({
    service: "test",
    settings: telemetrySettings("resource-one"),
    env: all,
    argv: [],
  });
  telemetry = await startUnderTest(config, { logger: silent });
  return telemetry;
}

/** Runs within the service whose telemetry was started. */
const inService = <T>(work: () => T): T => telemetry!.run(work);

/** A service with a few routes, and its log lines. */
async function serve(logOptions: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    service: "test",
    destination: { write: (line) => lines.push(line.trim()) },
    ...logOptions,
  });
  const app = createService({ name: "test", logger });
  app.post("/things/:id", async (asked) => {
    asked.log.info("handled");
    return { trace: currentPlace()?.traceId };
  });
  app.post("/handed-on", async () => {
    const headers: { traceparent?: string } = {};
    propagation.inject(context.active(), headers);
    return headers;
  });
  app.get("/things", async () => ({ trace: currentPlace()?.traceId ?? "none" }));
  app.post("/broken", async () => {
    throw new Error("out of order");
  });
  const running = await inService(() => listenOn(app, { host: "127.0.0.1", port: 0 }));
  close = running.close;
  const send = async (method: "GET" | "POST", path: string, headers: Record<string, string> = {}) => {
    const answer = await request(`${running.url}${path}`, {
      method,
      headers: { ...(method === "POST" && { "content-type": "application/json" }), ...headers },
      ...(method === "POST" && { body: "{}" }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
  return { send, lines, url: running.url };
}

test.each([
  ["OTEL_TRACES_EXPORTER", "otlp,console"],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:secret@x/"],
  ["OTEL_TRACES_SAMPLER", "sometimes"],
  ["OTEL_TRACES_SAMPLER_ARG", "two"],
])("%s=%s stops the start", (name, value) => {
  const settings = telemetrySettings("x");
  expect(() => loadConfig({ service: "test", settings, env: { [name]: value }, argv: [] })).toThrow(name);
});

describe.each([
  ["one of several services of a process", startTelemetry, prepareProcess],
  ["a process of its own", startNodeSdk, () => {}],
] as const)("%s", (_process, startInProcess, prepare) => {
  beforeEach(() => {
    startUnderTest = startInProcess;
    return prepare();
  });
  // Both register providers with the API of the process.
  afterEach(() => {
    for (const part of [trace, context, propagation]) part.disable();
  });

  describe("a span a request", () => {
    test("is a child of the caller's, has the conventions' attributes, and is the handler's, too", async () => {
      await start();
      const { send } = await serve();
      expect((await send("POST", "/things/7?code=secret", { traceparent: TRACEPARENT })).body).toEqual({
        trace: TRACE,
      });
      await vi.waitFor(() => expect(collector.spans).toHaveLength(1), soon);
      const [span] = collector.spans;
      expect(span).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, name: "POST /things/:id", kind: 2 });
      expect(attributesOf(span!)).toMatchObject({
        "http.request.method": "POST",
        "http.route": "/things/:id",
        "url.path": "/things/7",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "client.address": "127.0.0.1",
      });
      expect(JSON.stringify(span)).not.toContain("secret");
      expect(collector.services).toEqual(["resource-one"]);
    });

    test("is the handler's even if the body comes later than the head", async () => {
      await start();
      const { url } = await serve();
      const headers = { "content-type": "application/json", "content-length": 2, traceparent: TRACEPARENT };
      const body = await new Promise<string>((resolve, reject) => {
        const late = httpRequest(`${url}/things/7`, { method: "POST", headers }, async (answer) => {
          let text = "";
          for await (const chunk of answer) text += chunk;
          resolve(text);
        });
        late.once("error", reject);
        late.flushHeaders();
        setTimeout(() => late.end("{}"), 100);
      });
      expect(JSON.parse(body)).toEqual({ trace: TRACE });
    });

    test("starts a trace if there is none, except for a GET and /health", async () => {
      await start();
      const { send } = await serve();
      expect((await send("GET", "/things")).body).toEqual({ trace: "none" });
      await send("GET", "/health", { traceparent: TRACEPARENT });
      expect((await send("GET", "/things", { traceparent: TRACEPARENT })).body).toEqual({ trace: TRACE });
      const { body } = await send("POST", "/things/7");
      await vi.waitFor(() => expect(collector.spans).toHaveLength(2), soon);
      expect(collector.spans.map(({ traceId }) => traceId)).toEqual([TRACE, body.trace]);
    });

    test("is an error from 500 on, not at 404", async () => {
      await start();
      const { send } = await serve({ level: "silent" });
      await send("POST", "/broken");
      await send("POST", "/nowhere");
      await vi.waitFor(() => expect(collector.spans).toHaveLength(2), soon);
      expect(collector.spans.map(({ status }) => status.code ?? 0)).toEqual([2, 0]);
      expect(attributesOf(collector.spans[0]!)["error.type"]).toBe("500");
    });
  });

  test("a trace does not describe the machine, and a caller's additions are not forwarded", async () => {
    await start();
    const { send } = await serve();
    const baggage = "user=alice";
    const { body } = await send("POST", "/handed-on", { traceparent: TRACEPARENT, baggage });
    expect(Object.keys(body)).toEqual(["traceparent"]);
    await telemetry!.close();
    expect(collector.resources[0]).toEqual(
      new Set(["service.name", "telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"]),
    );
  });

  describe("log lines", () => {
    test.each([
      ["json", "info", false, true],
      ["text", "debug", false, true],
      ["text", "info", false, false],
      ["text", "info", true, true],
    ] as const)(
      "as %s at level %s with traceIds %s name their trace: %s",
      async (format, level, traceIds, isShown) => {
        await start();
        const { send, lines } = await serve({ format, level, traceIds });
        await send("POST", "/things/7", { traceparent: TRACEPARENT });
        const line = lines.find((text) => text.includes("handled"))!;
        expect(line.includes(TRACE)).toBe(isShown);
        expect(line.includes("span_id")).toBe(isShown);
        if (format === "text" && isShown)
          expect(line).toMatch(/ trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}$/);
      },
    );
  });

  describe("where spans go", () => {
    test("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT takes precedence over the general one, unchanged", async () => {
      const url = `${collector.url}/mine/`;
      await start({
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
      });
      await inService(() => withSpan("a.step", async () => {}));
      await telemetry!.close();
      expect(collector.spans).toHaveLength(1);
      expect(collector.paths).toEqual(["/mine/"]);
    });

    test("OTEL_TRACES_EXPORTER=none: nowhere, and the trace context is still forwarded", async () => {
      await start({ OTEL_TRACES_EXPORTER: "none" });
      const { send } = await serve();
      expect((await send("POST", "/things/7", { traceparent: TRACEPARENT })).body).toEqual({
        trace: TRACE,
      });
      await telemetry!.close();
      expect(collector.paths).toEqual([]);
    });
  });

  describe("sampling", () => {
    test.each([
      ["always_on", "", "00", 1],
      ["traceidratio", "0", "01", 0],
      ["parentbased_always_on", "", "00", 0],
      ["parentbased_traceidratio", "0", "01", 1],
    ])("%s %s with the caller's flag %s: %i spans", async (sampler, arg, flag, count) => {
      await start({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg });
      const { send } = await serve();
      const { body } = await send("POST", "/handed-on", { traceparent: TRACEPARENT.replace(/01$/, flag) });
      // The handler's own calls belong to the caller's trace even if it is not recorded here.
      expect(body.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-0${count}$`));
      await telemetry!.close();
      expect(collector.spans).toHaveLength(count);
    });
  });

  describe("work inside a service", () => {
    test("has a span, whose error is the work's", async () => {
      await start();
      const failure = Object.assign(new Error("token eyJhbGciOiJFZERTQSJ9.e30.c2ln is no good"), {
        code: "invalid",
      });
      await inService(() =>
        withSpan("outer.step", async () => {
          await expect(withSpan("inner.step", () => Promise.reject(failure))).rejects.toBe(failure);
          await expect(
            withSpan("expected.step", () => Promise.reject(failure), { isFailure: () => false }),
          ).rejects.toBe(failure);
        }),
      );
      await inService(() => withSpan("noted.step", async () => markFailed(new TypeError("noted"))));
      await telemetry!.close();
      const seen = Object.fromEntries(collector.spans.map((span) => [span.name, span]));
      expect(seen["inner.step"]).toMatchObject({
        parentSpanId: seen["outer.step"]!.spanId,
        status: { code: 2 },
      });
      expect(seen["inner.step"]!.status.message).not.toContain("eyJ");
      expect(attributesOf(seen["inner.step"]!)["error.type"]).toBe("invalid");
      expect(seen["expected.step"]!.status.code ?? 0).toBe(0);
      expect(attributesOf(seen["noted.step"]!)["error.type"]).toBe("TypeError");
    });
  });

  describe("a collector that fails", () => {
    test.each([
      ["is not there", "http://127.0.0.1:1"],
      ["never answers", undefined],
    ])("%s: requests are answered, and a stop does not wait for it", async (_name, url) => {
      collector.answer = () => {};
      await start(url === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: url });
      const { send } = await serve({ level: "silent" });
      const answers = await Promise.all(Array.from({ length: 50 }, () => send("POST", "/things/7")));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      for (let index = 0; index < 2000; index++) await inService(() => withSpan("work.step", async () => {}));
      const before = performance.now();
      await telemetry!.close();
      expect(performance.now() - before).toBeLessThan(3000);
    });

    test("is named once in the log, and again when it is back", async () => {
      silent.warn.mockClear();
      silent.info.mockClear();
      collector.answer = (response) => void response.writeHead(400).end();
      await start();
      for (const round of [1, 2]) {
        await inService(() => withSpan("lost.step", async () => {}));
        await vi.waitFor(() => expect(collector.paths).toHaveLength(round), soon);
      }
      collector.answer = (response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end("{}");
      await inService(() => withSpan("kept.step", async () => {}));
      await vi.waitFor(() => expect(silent.info).toHaveBeenCalledOnce(), soon);
      expect(silent.warn).toHaveBeenCalledOnce();
    });
  });

  test("OTEL_SDK_DISABLED: no spans, no trace, nothing sent", async () => {
    await start({ OTEL_SDK_DISABLED: "true" });
    const { send } = await serve();
    expect((await send("POST", "/things/7", { traceparent: TRACEPARENT })).body).toEqual({});
    expect(trace.getActiveSpan()).toBeUndefined();
    await telemetry!.close();
    expect(collector.spans).toEqual([]);
  });
});

describe("services in one process", () => {
  beforeAll(prepareProcess);

  const settings = {
    ...serviceSettings,
    ...storeSettings,
    ...telemetrySettings("unnamed"),
    port: setting({ env: "PORT", schema: portSetting(0), description: "TCP port to listen on" }),
  };
  const closes: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of closes.splice(0)) await end();
  });

  /** Starts a service that calls the next one, if any, inside its own step. */
  async function startOne(name: string, options: { next?: string; env?: NodeJS.ProcessEnv } = {}) {
    const lines: string[] = [];
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: name,
      LOG_TRACE_IDS: "true",
      AAUTH_STORE: "memory",
      ...options.env,
    };
    const running = await startService({
      name,
      settings,
      env,
      argv: [],
      startTelemetry,
      output: { write: (line) => lines.push(line.trim()) },
      build: async (_config, logger) => {
        const app = createService({ name, logger });
        app.post("/", async (asked) => {
          asked.log.info(`${name} handles`);
          return withSpan(`${name}.step`, async () => {
            if (options.next === undefined) return { last: name };
            const headers = { "content-type": "application/json" };
            propagation.inject(context.active(), headers);
            const answer = await request(options.next, { method: "POST", headers, body: "{}" });
            return answer.body.json();
          });
        });
        app.addHook("onClose", () => withSpan(`${name}.close`, async () => {}));
        return { app };
      },
    });
    closes.push(running.close);
    return { ...running, lines };
  }

  const call = (url: string) =>
    request(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then(
      ({ body }) => body.json(),
    );

  test("each makes its own spans, over connections that stay open, and all are of one trace", async () => {
    const last = await startOne("last");
    const first = await startOne("first", { next: last.url });
    for (let turn = 0; turn < 3; turn++) expect(await call(first.url)).toEqual({ last: "last" });
    for (const end of closes.splice(0)) await end();
    const seen = collector.spans.map((span, index) => [collector.services[index], span.name]);
    const expected = ["first", "last"].flatMap((name) => [
      ...[1, 2, 3].flatMap(() => [
        [name, "POST /"],
        [name, `${name}.step`],
      ]),
      [name, `${name}.close`],
    ]);
    expect(seen.toSorted()).toEqual(expected.toSorted());
    const traces = Map.groupBy(
      collector.spans.filter(({ name }) => !name.endsWith(".close")),
      ({ traceId }) => traceId,
    );
    expect([...traces.values()].map((spans) => spans.length)).toEqual([4, 4, 4]);
    expect(first.lines.join("")).toContain("trace_id=");
  });

  test("one without a tracer has no place in another's trace", async () => {
    const last = await startOne("last", { env: { OTEL_SDK_DISABLED: "true", LOG_TRACE_IDS: "false" } });
    const first = await startOne("first", { next: last.url });
    await call(first.url);
    for (const end of closes.splice(0)) await end();
    expect(new Set(collector.services)).toEqual(new Set(["first"]));
    expect(last.lines.join("")).not.toContain("trace_id");
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
