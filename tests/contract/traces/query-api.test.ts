/**
 * Black-box tests over HTTP of the parts of a trace store that tools and our UI use: OTLP/HTTP in,
 * Jaeger's query API out. Runs against the embedded store, or with JAEGER_OTLP_URL and
 * JAEGER_QUERY_URL against that Jaeger (2.13, its memory storage). Names are new in every run, so a
 * Jaeger with other traces does no harm.
 */

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeTrace,
  sendByExporter,
  toProtobuf,
} from "../../../services/trace-store/test/support/otel-spans.ts";
import { attribute, exportRequest, otlpSpan } from "../../../services/trace-store/test/support/otlp-json.ts";
import { arrived, ask as askAt, startTraces, type TracesUnderTest } from "./traces-under-test.ts";

const run = randomBytes(4).toString("hex");
const NAMES = { caller: `shop ${run}`, called: `orders/${run}` };
const BY_HAND = `by-hand-${run}`;
const startMs = Date.now() - 10_000;
const made = makeTrace(NAMES, startMs);
const secondTrace = makeTrace(NAMES, startMs + 1000);
const byHand = otlpSpan(startMs + 2000, {
  name: "by hand",
  traceState: "vendor=1",
  attributes: [
    attribute("big", { intValue: "9007199254740993" }),
    attribute("exact", { intValue: "9007199254740991" }),
    attribute("bytes", { bytesValue: "AAEC" }),
    attribute("map", { kvlistValue: { values: [attribute("k", { stringValue: "v" })] } }),
    attribute("hostile", { stringValue: "<script>alert(1)</script>" }),
  ],
});

let traces: TracesUnderTest;
const ask = (path: string) => askAt(traces.queryUrl, path);
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>, path = "/v1/traces") =>
  fetch(`${traces.otlpUrl}${path}`, { method: "POST", body, headers });
const JSON_TYPE = { "content-type": "application/json" };
const PROTOBUF_TYPE = { "content-type": "application/x-protobuf" };

beforeAll(async () => {
  traces = await startTraces();
  await sendByExporter(traces.otlpUrl, made.spans);
  const second = await post(gzipSync(toProtobuf(secondTrace.spans)), {
    ...PROTOBUF_TYPE,
    "content-encoding": "gzip",
  });
  expect([second.status, second.headers.get("content-type")]).toEqual([200, "application/x-protobuf"]);
  const third = await post(JSON.stringify(exportRequest(BY_HAND, [byHand])), JSON_TYPE);
  expect([third.status, await third.json()]).toMatchObject([200, {}]);
  await arrived(traces.queryUrl, made.traceID, 2);
  await arrived(traces.queryUrl, secondTrace.traceID, 2);
  await arrived(traces.queryUrl, String(byHand.traceId), 1);
});
afterAll(() => traces?.close());

/** Tags without their order, since Jaeger sorts them, and one of each name. */
const tagsOf = ({ tags }: { tags: { key: string; type: string; value: unknown }[] }) =>
  Object.fromEntries(tags.map(({ key, type, value }) => [key, [type, value]]));

describe("one trace", () => {
  test("its frame, its processes, its spans", async () => {
    const answer = await ask(`/api/traces/${made.traceID}`);
    expect(answer).toMatchObject({ status: 200, total: 0, limit: 0, offset: 0, errors: null });
    expect(answer.data).toHaveLength(1);
    const [trace] = answer.data;
    expect(trace).toMatchObject({ traceID: made.traceID, warnings: null });
    expect(Object.keys(trace.processes).sort()).toEqual(["p1", "p2"]);
    const processes = Object.values<{ serviceName: string; tags: [] }>(trace.processes);
    expect(processes.map(({ serviceName }) => serviceName).sort()).toEqual(
      [NAMES.called, NAMES.caller].sort(),
    );
    for (const process of processes) {
      expect(tagsOf(process)).toEqual({ "deployment.environment.name": ["string", "test"] });
    }
  });

  test("a root: times in microseconds, typed tags, no references", async () => {
    const [{ spans, processes }] = (await ask(`/api/traces/${made.traceID}`)).data;
    const root = spans.find(({ spanID }: { spanID: string }) => spanID === made.rootID);
    expect(root).toMatchObject({
      traceID: made.traceID,
      operationName: "GET /orders",
      references: [],
      startTime: startMs * 1000,
      duration: 250_000,
      logs: [],
      warnings: null,
    });
    expect(processes[root.processID].serviceName).toBe(NAMES.caller);
    expect(tagsOf(root)).toEqual({
      "otel.scope.name": ["string", "contract"],
      "otel.scope.version": ["string", "1.2.3"],
      "span.kind": ["string", "client"],
      "http.request.method": ["string", "GET"],
      "http.response.status_code": ["int64", 502],
      "demo.share": ["float64", 0.25],
      "demo.cached": ["bool", false],
      "demo.list": ["string", '["a","b"]'],
    });
  });

  test("a child: its parent first, links, events as logs, the error", async () => {
    const [{ spans }] = (await ask(`/api/traces/${made.traceID}`)).data;
    const child = spans.find(({ spanID }: { spanID: string }) => spanID === made.childID);
    expect(child.references).toEqual([
      { refType: "CHILD_OF", traceID: made.traceID, spanID: made.rootID },
      { refType: "FOLLOWS_FROM", traceID: "1".repeat(32), spanID: "2".repeat(16) },
    ]);
    expect(tagsOf(child)).toMatchObject({
      "span.kind": ["string", "server"],
      "otel.status_code": ["string", "ERROR"],
      "otel.status_description": ["string", "no orders <today>"],
      error: ["bool", true],
    });
    expect(child.logs).toHaveLength(1);
    expect(child.logs[0].timestamp).toBe((startMs + 60) * 1000);
    expect(tagsOf({ tags: child.logs[0].fields })).toEqual({
      event: ["string", "challenge.sent"],
      "demo.scheme": ["string", "jwt"],
    });
  });

  test("values that JSON or HTML could spoil", async () => {
    const [{ spans }] = (await ask(`/api/traces/${byHand.traceId}`)).data;
    expect(tagsOf(spans[0])).toMatchObject({
      big: ["int64", "9007199254740993"],
      exact: ["int64", 9007199254740991],
      bytes: ["binary", "AAEC"],
      map: ["string", '{"k":"v"}'],
      hostile: ["string", "<script>alert(1)</script>"],
      "w3c.tracestate": ["string", "vendor=1"],
      "span.kind": ["string", "internal"],
    });
  });

  test("protobuf and JSON come out alike", async () => {
    const [json] = (await ask(`/api/traces/${made.traceID}`)).data;
    const [protobuf] = (await ask(`/api/traces/${secondTrace.traceID}`)).data;
    const shape = ({ spans }: { spans: { operationName: string; duration: number; tags: [] }[] }) =>
      spans
        .map((span) => ({ name: span.operationName, duration: span.duration, tags: tagsOf(span) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(shape(protobuf)).toEqual(shape(json));
  });

  test("unknown and impossible ids", async () => {
    expect(await ask(`/api/traces/${"e".repeat(32)}`)).toMatchObject({
      status: 404,
      data: null,
      errors: [{ code: 404, msg: "trace not found" }],
    });
    for (const id of ["xyz", "a".repeat(33)]) {
      expect(await ask(`/api/traces/${id}`), id).toMatchObject({ status: 400, errors: [{ code: 400 }] });
    }
  });
});

describe("names", () => {
  test("lists the services", async () => {
    const { data, total } = await ask("/api/services");
    expect(data).toEqual(expect.arrayContaining([NAMES.caller, NAMES.called, BY_HAND]));
    expect(total).toBe(data.length);
  });

  test("operations of a service", async () => {
    expect(await ask(`/api/services/${encodeURIComponent(NAMES.called)}/operations`)).toMatchObject({
      status: 200,
      data: ["list orders"],
      total: 1,
      errors: null,
    });
  });
});

describe("search", () => {
  const found = async (parameters: Record<string, string>) => {
    const { status, data } = await ask(`/api/traces?${new URLSearchParams(parameters)}`);
    expect(status).toBe(200);
    return (data ?? []).map(({ traceID }: { traceID: string }) => traceID).sort();
  };
  const both = [made.traceID, secondTrace.traceID].sort();

  test("by service, with whole traces", async () => {
    expect(await found({ service: NAMES.called })).toEqual(both);
    const { data } = await ask(`/api/traces?${new URLSearchParams({ service: NAMES.called })}`);
    expect(data.map(({ spans }: { spans: [] }) => spans.length)).toEqual([2, 2]);
    expect(await found({ service: "unknown" })).toEqual([]);
  });

  test("by operation, and only of that service", async () => {
    expect(await found({ service: NAMES.caller, operation: "GET /orders" })).toEqual(both);
    expect(await found({ service: NAMES.caller, operation: "list orders" })).toEqual([]);
  });

  test("by tags, as text, on events and processes too", async () => {
    const service = NAMES.caller;
    const tagged = (service: string, tags: object) => found({ service, tags: JSON.stringify(tags) });
    expect(await tagged(service, { "http.response.status_code": "502", "demo.cached": "false" })).toEqual(
      both,
    );
    expect(await tagged(service, { "http.response.status_code": "200" })).toEqual([]);
    expect(await tagged(service, { "deployment.environment.name": "test" })).toEqual(both);
    expect(await tagged(NAMES.called, { "demo.scheme": "jwt" })).toEqual(both);
  });

  test("by operation and tags, which one and the same span must have", async () => {
    const tags = '{"demo.cached":"false","http.request.method":"GET"}';
    expect(await found({ service: NAMES.caller, operation: "GET /orders", tags })).toEqual(both);
    expect(await found({ service: NAMES.called, operation: "list orders", tags })).toEqual([]);
  });

  test("by the time of their start", async () => {
    const service = NAMES.caller;
    const end = String((startMs + 500) * 1000);
    expect(await found({ service, start: "0", end })).toEqual([made.traceID]);
    expect(await found({ service, start: end })).toEqual([secondTrace.traceID]);
  });

  test("as many as wanted", async () => {
    expect(await found({ service: NAMES.caller, limit: "1" })).toHaveLength(1);
  });

  test.each([
    ["no service", "limit=5", "parameter 'service' is required"],
    ["a start that is no number", "service=a&start=soon", "'start'"],
    ["tags that are no JSON", "service=a&tags=x", "'tags'"],
    ["a limit that is no number", "service=a&limit=x", ""],
  ])("refuses %s", async (_name, query, words) => {
    const answer = await ask(`/api/traces?${query}`);
    expect(answer).toMatchObject({ status: 400, data: null, errors: [{ code: 400 }] });
    expect(answer.errors?.[0]?.msg).toContain(words);
  });
});

describe("refused exports", () => {
  test.each([
    ["garbage for JSON", "{", JSON_TYPE, 400],
    ["garbage for protobuf", "this is not protobuf", PROTOBUF_TYPE, 400],
    ["garbage for gzip", "{}", { ...JSON_TYPE, "content-encoding": "gzip" }, 400],
    ["another content type", "{}", { "content-type": "text/plain" }, 415],
  ])("%s", async (_name, body, headers, status) => {
    const response = await post(body, headers);
    expect(response.status).toBe(status);
  });

  test("other signals have no address", async () => {
    expect((await post("{}", JSON_TYPE, "/v1/logs")).status).toBe(404);
    expect((await post("{}", JSON_TYPE, "/v1/metrics")).status).toBe(404);
  });

  test("bounds of the embedded store", async (context) => {
    if (!traces.isEmbedded) return context.skip("Jaeger's bounds are its operator's");
    expect((await post("x".repeat(1024 * 1024 + 1), JSON_TYPE)).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, " "));
    expect((await post(bomb, { ...JSON_TYPE, "content-encoding": "gzip" })).status).toBe(413);
    const many = Array.from({ length: 1001 }, () => otlpSpan(startMs, { traceId: "d".repeat(32) }));
    const partial = await post(JSON.stringify(exportRequest(`many ${run}`, many)), JSON_TYPE);
    expect(await partial.json()).toEqual({
      partialSuccess: { rejectedSpans: "1", errorMessage: "a trace has more than 1000 spans" },
    });
  });
});
