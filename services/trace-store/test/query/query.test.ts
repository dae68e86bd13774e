import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeTrace, toProtobuf } from "../support/otel-spans.ts";
import { attribute, exportRequest, otlpSpan } from "../support/otlp-json.ts";
import { type StoreUnderTest, startStore } from "../support/store-under-test.ts";

/**
 * tests/contract/traces tests the queries that Jaeger supports, too. The tests here need a fixed
 * clock or cover our own queries.
 */

let store: StoreUnderTest;
beforeEach(async () => {
  store = await startStore();
});
afterEach(() => store.close());

const nowMs = () => store.clock.now * 1000;
const found = async (query: string) =>
  (await store.ask(`/api/traces?service=shop&${query}`)).answer.data.map(
    ({ traceID }: { traceID: string }) => traceID,
  );

describe("search", () => {
  test("the newest first, as many as wanted", async () => {
    const spans = Array.from({ length: 5 }, () => otlpSpan(nowMs()));
    for (const span of spans) await store.send(exportRequest("shop", [span]));
    expect(await found("limit=2")).toEqual([spans[4]!.traceId, spans[3]!.traceId]);
  });

  test("two days back by default, start and end in microseconds", async () => {
    const hour = 3_600_000;
    const [old, hours, fresh] = [50 * hour, 3 * hour, 0].map((ago) => otlpSpan(nowMs() - ago)) as [
      Record<string, unknown>,
      Record<string, unknown>,
      Record<string, unknown>,
    ];
    await store.send(exportRequest("shop", [old, hours, fresh]));
    expect((await found("")).sort()).toEqual([hours.traceId, fresh.traceId].sort());
    expect(await found(`start=0&end=${(nowMs() - 40 * hour) * 1000}`)).toEqual([old.traceId]);
  });

  test("all conditions are about the same span", async () => {
    const traceId = "a".repeat(32);
    await store.send(
      exportRequest("shop", [
        otlpSpan(nowMs(), { traceId, name: "one" }),
        otlpSpan(nowMs(), { traceId, name: "two", attributes: [attribute("color", { stringValue: "red" })] }),
      ]),
    );
    expect(await found('operation=two&tags={"color":"red"}')).toEqual([traceId]);
    expect(await found('operation=one&tags={"color":"red"}')).toEqual([]);
    await store.send(exportRequest("other", [otlpSpan(nowMs(), { traceId, name: "three" })]));
    expect(await found("operation=three")).toEqual([]);
  });

  test("tags: kind, status and error too, on events, on the process", async () => {
    const { traceID, spans } = makeTrace({ caller: "client", called: "shop" }, nowMs());
    await store.send(toProtobuf(spans), { "content-type": "application/x-protobuf" });
    const tagged = (tags: object) => found(`tags=${encodeURIComponent(JSON.stringify(tags))}`);
    for (const [key, value] of [
      ["error", "true"],
      ["span.kind", "server"],
      ["otel.status_code", "ERROR"],
      ["event", "challenge.sent"],
      ["demo.scheme", "jwt"],
      ["deployment.environment.name", "test"],
    ] as const) {
      expect(await tagged({ [key]: value }), key).toEqual([traceID]);
    }
    expect(await tagged({ error: "true", "span.kind": "client" })).toEqual([]);
    expect(await tagged({ error: "tru" })).toEqual([]);
    expect(await tagged({ constructor: "x" })).toEqual([]);
  });
});

test("ids: any case, without leading zeros", async () => {
  const traceId = `${"0".repeat(16)}00000000000000ab`;
  await store.send(exportRequest("shop", [otlpSpan(nowMs(), { traceId: traceId.toUpperCase() })]));
  for (const id of ["ab", "AB", "00000000000000ab", traceId]) {
    expect((await store.ask(`/api/traces/${id}`)).answer.data[0].traceID).toBe(traceId);
  }
});

test.each([
  ["limit=0", "limit"],
  ["limit=many", "limit"],
  ["start=now", "start"],
  ["minDuration=5ms", "minDuration"],
  ["tag=a:b", "tag"],
  ["tags=no", "tags"],
  [`tags=${encodeURIComponent('{"a":1}')}`, "tags"],
  ["traceID=a", "traceID"],
])("refuses %s by name", async (query, name) => {
  const { status, answer } = await store.ask(`/api/traces?service=shop&${query}`);
  expect(status).toBe(400);
  expect(answer).toMatchObject({ data: null, errors: [{ code: 400, msg: expect.stringContaining(name) }] });
});

test("unknown addresses, and hostile ones, are 404", async () => {
  for (const url of [
    "/api/nothing",
    "/assets/../config.ts",
    "/assets/%2e%2e%2fapp.ts",
    "/trace/a/b",
    "/trace/a",
    "/",
  ]) {
    expect((await store.app.inject({ url })).statusCode, url).toBe(404);
  }
});
