import { gzipSync } from "node:zlib";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { decodeJson } from "../../src/otlp/decode-json.ts";
import { makeTrace, toProtobuf } from "../support/otel-spans.ts";
import { attribute, exportRequest, newTraceId, otlpSpan } from "../support/otlp-json.ts";
import { type StoreUnderTest, startStore } from "../support/store-under-test.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };
const NAMES = { caller: "shop", called: "orders" };

let store: StoreUnderTest;
beforeEach(async () => {
  store = await startStore();
});
afterEach(() => store.close());

const nowMs = () => store.clock.now * 1000;
const spanOf = async (traceId: unknown) =>
  (await store.ask(`/api/traces/${traceId}`)).answer.data[0].spans[0];

describe("encodings", () => {
  test("protobuf and JSON of the same spans are kept alike", async () => {
    const { traceID, spans } = makeTrace(NAMES, nowMs());
    const sent = await store.send(toProtobuf(spans), PROTOBUF);
    expect(sent).toMatchObject({ status: 200, body: "" });
    expect(sent.headers["content-type"]).toBe("application/x-protobuf");
    const first = (await store.ask(`/api/traces/${traceID}`)).answer.data[0];
    expect(first.spans).toHaveLength(2);

    const body = decodeJson(JsonTraceSerializer.serializeRequest(spans)!);
    const other = await startStore();
    expect(await other.send(body)).toMatchObject({ status: 200, body: "{}" });
    expect((await other.ask(`/api/traces/${traceID}`)).answer.data[0]).toEqual(first);
    await other.close();
  });

  test("gzip, in either encoding", async () => {
    const { traceID, spans } = makeTrace(NAMES, nowMs());
    expect(
      await store.send(gzipSync(toProtobuf(spans)), { ...PROTOBUF, "content-encoding": "gzip" }),
    ).toMatchObject({ status: 200 });
    expect((await store.ask(`/api/traces/${traceID}`)).status).toBe(200);
    const span = otlpSpan(nowMs());
    await store.send(gzipSync(JSON.stringify(exportRequest("shop", [span]))), { "content-encoding": "gzip" });
    expect((await store.ask(`/api/traces/${span.traceId}`)).status).toBe(200);
  });

  test("every kind of value, with its type", async () => {
    const span = otlpSpan(nowMs(), {
      attributes: [
        attribute("text", { stringValue: "<b>&" }),
        attribute("small", { intValue: "42" }),
        attribute("number", { intValue: 7 }),
        attribute("big", { intValue: "9007199254740993" }),
        attribute("float", { doubleValue: 1.5 }),
        attribute("nan", { doubleValue: "NaN" }),
        attribute("yes", { boolValue: true }),
        attribute("bytes", { bytesValue: "AAEC" }),
        attribute("list", { arrayValue: { values: [{ intValue: "1" }, { stringValue: "x" }, {}] } }),
        attribute("map", { kvlistValue: { values: [attribute("__proto__", { boolValue: false })] } }),
        attribute("none", {}),
      ],
    });
    await store.send(exportRequest("shop", [span]));
    const tags = (await spanOf(span.traceId)).tags.map(({ key, type, value }: Record<string, unknown>) => [
      key,
      type,
      value,
    ]);
    expect(tags).toEqual([
      ["otel.scope.name", "string", "by hand"],
      ["text", "string", "<b>&"],
      ["small", "int64", 42],
      ["number", "int64", 7],
      ["big", "int64", "9007199254740993"],
      ["float", "float64", 1.5],
      ["nan", "float64", "NaN"],
      ["yes", "bool", true],
      ["bytes", "binary", "AAEC"],
      ["list", "string", '[1,"x",null]'],
      ["map", "string", '{"__proto__":false}'],
      ["none", "string", ""],
      ["span.kind", "string", "internal"],
    ]);
  });

  test("times are cut to microseconds, an end before the start is a warning", async () => {
    const backwards = otlpSpan(nowMs(), { endTimeUnixNano: "1" });
    const exact = otlpSpan(nowMs(), {
      startTimeUnixNano: "1800000000123456789",
      endTimeUnixNano: "1800000000123459999",
    });
    await store.send(exportRequest("shop", [backwards, exact]));
    expect(await spanOf(backwards.traceId)).toMatchObject({
      duration: 0,
      warnings: [expect.stringContaining("ends before")],
    });
    expect(await spanOf(exact.traceId)).toMatchObject({
      startTime: 1_800_000_000_123_456,
      duration: 3,
      warnings: null,
    });
  });

  test("a resource without a name can be found", async () => {
    const span = otlpSpan(nowMs());
    await store.send({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    expect((await store.ask("/api/services")).answer.data).toEqual(["missing-service-name"]);
  });
});

describe("bad requests are refused whole, in their own encoding", () => {
  test.each([
    ["not JSON", "{", {}, 400, "invalid_json"],
    ["not UTF-8", Buffer.from([0x22, 0xff, 0x22]), {}, 400, "invalid_json"],
    ["null", "null", {}, 400, "invalid_request"],
    ["resourceSpans of a wrong type", { resourceSpans: 5 }, {}, 400, "invalid_request"],
    [
      "plain text, which pages may send without asking",
      "{}",
      { "content-type": "text/plain" },
      415,
      "unsupported_media_type",
    ],
    ["another compression", "{}", { "content-encoding": "br" }, 415, "unsupported_encoding"],
    ["not gzip", "{}", { "content-encoding": "gzip" }, 400, "invalid_gzip"],
    ["cut gzip", gzipSync("{}").subarray(0, 12), { "content-encoding": "gzip" }, 400, "invalid_gzip"],
    ["too large", "x".repeat(100_001), {}, 413, "body_too_large"],
    ["a gzip bomb", gzipSync(Buffer.alloc(5_000_000)), { "content-encoding": "gzip" }, 413, "body_too_large"],
  ])("%s", async (_name, body, headers, status, code) => {
    const answer = await store.send(body, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).message).toMatch(new RegExp(`^${code}: `));
    expect((await store.ask("/api/services")).answer.data).toEqual([]);
  });

  test("A14: a small body that inflates to more than 32 times its size", async () => {
    const inflated = JSON.stringify(
      exportRequest("shop", [otlpSpan(nowMs(), { name: "x".repeat(300_000) })]),
    );
    const body = gzipSync(inflated);
    expect(body.length * 32).toBeLessThan(inflated.length);
    const answer = await store.send(body, { "content-encoding": "gzip" });
    expect(answer).toMatchObject({ status: 413, body: expect.stringContaining("32 times") });
  });

  test("A14: the spans of a batch are alike, and compress well", async () => {
    const spans = Array.from({ length: 150 }, () => otlpSpan(nowMs(), { traceId: newTraceId() }));
    const body = gzipSync(JSON.stringify(exportRequest("shop", spans)));
    expect(await store.send(body, { "content-encoding": "gzip" })).toMatchObject({ status: 200, body: "{}" });
  });

  test.each([
    ["spans", (count: number) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${list(count)}]}]}]}`],
    ["numbers", (count: number) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${"1,".repeat(count)}1]}]}]}`],
    ["lists that nothing reads", (count: number) => `{"more":[${"[],".repeat(count)}[]]}`],
    ["attributes", (count: number) => `{"resourceSpans":[{"resource":{"attributes":[${list(count)}]}}]}`],
    ["attributes after an escaped quote", (count: number) => `{"a\\"b\\\\":[${list(count)}]}`],
  ])("A14: JSON of very many %s is not decoded", async (_name, bodyOf) => {
    const big = await startBig();
    expect(await big.send(bodyOf(400_000))).toMatchObject({
      status: 413,
      body: expect.stringContaining("too many values"),
    });
  });

  test.each([
    ["spans", (bytes: Buffer) => field(0x0a, field(0x12, bytes)), 0x12],
    ["resources", (bytes: Buffer) => bytes, 0x0a],
    ["attributes", (bytes: Buffer) => field(0x0a, field(0x12, field(0x12, bytes))), 0x4a],
    ["fields that nothing reads", (bytes: Buffer) => bytes, 0x78],
  ])("A14: protobuf of very many %s is not decoded", async (_name, around, tag) => {
    const big = await startBig();
    const body = around(Buffer.alloc(1_000_000, Buffer.from([tag, 0])));
    expect(await big.send(body, PROTOBUF)).toMatchObject({
      status: 413,
      body: expect.stringContaining("too many values"),
    });
  });

  test.each([
    ["JSON", `{"resourceSpans":[{"scopeSpans":[{"spans":[${"{},".repeat(10_000)}{}]}]}]}`, {}],
    ["protobuf", field(0x0a, field(0x12, Buffer.alloc(20_002, Buffer.from([0x12, 0])))), PROTOBUF],
  ])("A14: more than 10000 spans in one request, in %s", async (_name, body, headers) => {
    expect(await store.send(body, headers)).toMatchObject({
      status: 413,
      body: expect.stringContaining("more than 10000 spans"),
    });
  });

  test("A14: a string's contents are one value", async () => {
    const big = await startBig();
    const span = otlpSpan(nowMs(), { name: '{[,\\"'.repeat(3000) });
    expect(await big.send(exportRequest("shop", Array(60).fill(span)))).toMatchObject({ status: 200 });
  });

  test.each([
    ["garbage", Buffer.from("this is not protobuf")],
    ["a length beyond the end", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ["text that is not UTF-8", Buffer.from([0x0a, 0x08, 0x12, 0x06, 0x12, 0x04, 0x2a, 0x02, 0xff, 0xfe])],
    ["nesting without end", nestedProtobuf(20_000)],
  ])("protobuf: %s", async (_name, body) => {
    const answer = await store.send(body, PROTOBUF);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.headers["content-type"]).toBe("application/x-protobuf");
    // google.rpc.Status: field 1 is code 3, field 2 the message.
    expect(answer.bytes.subarray(0, 3)).toEqual(Buffer.from([0x08, 3, 0x12]));
    expect(answer.body).toContain("invalid_protobuf: ");
  });
});

describe("a malformed span refuses its request", () => {
  test.each([
    ["a short trace id", { traceId: "abcd" }],
    ["a trace id of zeros", { traceId: "0".repeat(32) }],
    ["a parent id of a wrong length", { parentSpanId: "abc" }],
    ["a name that is not a string", { name: 5 }],
    ["a time out of range", { startTimeUnixNano: "18446744073709551615" }],
    ["an integer of 65 bits", { attributes: [attribute("a", { intValue: "9223372036854775808" })] }],
    ["a malformed float", { attributes: [attribute("a", { doubleValue: "much" })] }],
    ["a value that is not an object", { attributes: [attribute("a", "text")] }],
    ["a link to nothing", { links: [{ traceId: newTraceId(), spanId: "" }] }],
    ["not an object", "span"],
  ])("%s", async (_name, more) => {
    const good = otlpSpan(nowMs());
    const bad = typeof more === "string" ? more : otlpSpan(nowMs(), more);
    const { status, body } = await store.send(exportRequest("shop", [good, bad]));
    expect(status).toBe(400);
    expect(body).toContain("invalid_request: ");
    expect((await store.ask("/api/services")).answer.data).toEqual([]);
  });

  test("a parent of zeros marks a root", async () => {
    const span = otlpSpan(nowMs(), { parentSpanId: "0".repeat(16) });
    expect(await store.send(exportRequest("shop", [span]))).toMatchObject({ status: 200 });
    expect((await spanOf(span.traceId)).references).toEqual([]);
  });

  test("JSON nested to the limit of a body does not crash the service", async () => {
    const levels = 30_000;
    const body = `{"resourceSpans":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect((await store.send(body)).body).toContain("more than 64 levels");
  });
});

describe("a span beyond the store's bounds is refused alone", () => {
  test("in a JSON request", async () => {
    const good = otlpSpan(nowMs());
    const large = otlpSpan(nowMs(), { name: "x".repeat(20_000) });
    const { status, body } = await store.send(exportRequest("shop", [large, good]));
    expect(status).toBe(200);
    expect(JSON.parse(body).partialSuccess).toEqual({
      rejectedSpans: "1",
      errorMessage: "a span is larger than 20000 bytes",
    });
    expect((await store.ask(`/api/traces/${good.traceId}`)).status).toBe(200);
  });

  test("in a protobuf request", async () => {
    const tight = await startStore({}, { maxSpanBytes: 1024 });
    const { status, bytes } = await tight.send(toProtobuf(makeTrace(NAMES, nowMs()).spans), PROTOBUF);
    expect(status).toBe(200);
    // partial_success { rejected_spans: 2 … }
    expect(bytes.subarray(2, 4)).toEqual(Buffer.from([0x08, 2]));
    await tight.close();
  });
});

describe("pages of other origins", () => {
  const preflight = (origin: string) =>
    store.otlp.inject({
      method: "OPTIONS",
      url: "/v1/traces",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });

  test("the UI may send spans", async () => {
    const answer = await preflight("http://localhost:3050");
    expect(answer.headers["access-control-allow-origin"]).toBe("http://localhost:3050");
    expect(answer.headers["access-control-allow-headers"]).toBe("content-type");
  });

  test("others may not, and may not read traces", async () => {
    expect((await preflight("http://evil.example")).headers["access-control-allow-origin"]).toBeUndefined();
    const read = await store.app.inject({ url: "/api/services", headers: { origin: "http://evil.example" } });
    expect(read.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

const list = (count: number) => `${"{},".repeat(count)}{}`;

/** A length-delimited field. */
function field(tag: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
}

/** With the bounds of the real store. */
async function startBig() {
  const big = await startStore({}, {});
  onTestFinished(() => big.close());
  return big;
}

/**
 * resource_spans → scope_spans → span → attribute → value → array_value → values → array_value …
 */
function nestedProtobuf(levels: number): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  for (let level = 0; level < levels && inner.length < 90_000; level += 1)
    inner = field(0x2a, field(0x0a, inner));
  for (const tag of [0x12, 0x4a, 0x12, 0x12, 0x0a]) inner = field(tag, inner);
  return inner;
}
