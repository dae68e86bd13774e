import { createMemoryStores, type RecordStore, type Stores, StoreUnavailableError } from "aauth";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ATTRIBUTE } from "../../../../packages/aauth-explain/src/run/attribute-names.ts";
import { KeptRuns, type KeptTrace } from "../../src/store/kept-runs.ts";
import { TraceStore } from "../../src/store/trace-store.ts";
import { attribute, exportRequest, newTraceId, otlpSpan } from "../support/otlp-json.ts";
import { type StoreUnderTest, startStore } from "../support/store-under-test.ts";

const opened: StoreUnderTest[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function open(stores: Stores): Promise<StoreUnderTest> {
  const store = await startStore({}, undefined, stores);
  opened.push(store);
  return store;
}

const AT_MS = 1_800_000_000_000;
const ofRun = (traceId: string, name: string) =>
  otlpSpan(AT_MS, { traceId, name, attributes: [attribute(ATTRIBUTE.runId, { stringValue: "run-1" })] });
const other = (traceId: string, name: string) => otlpSpan(AT_MS, { traceId, name });
const send = (store: StoreUnderTest, ...spans: object[]) => store.send(exportRequest("shop", spans));

async function namesIn(store: StoreUnderTest, traceId: string): Promise<string[] | undefined> {
  const { status, answer } = await store.ask(`/api/traces/${traceId}`);
  return status === 404
    ? undefined
    : answer.data[0].spans.map(({ operationName }: { operationName: string }) => operationName);
}

const kept = (stores: Stores) => stores.records<KeptTrace>("traces").list("runs");

describe("the state after a restart", () => {
  test("all spans of a run's trace, found by id and by search, without spans of other traces", async () => {
    const stores = createMemoryStores();
    const [run, unrelated] = [newTraceId(), newTraceId()];
    const before = await open(stores);
    // The span that names the run comes last, because the spans below it end first.
    await send(before, other(run, "below"), other(unrelated, "elsewhere"));
    await send(before, ofRun(run, "run"));
    await opened.pop()!.close();

    const after = await open(stores);
    expect(await namesIn(after, run)).toEqual(["below", "run"]);
    expect(await namesIn(after, unrelated)).toBeUndefined();
    const { answer } = await after.ask(`/api/traces?service=shop&operation=run&start=0&end=${AT_MS * 2000}`);
    expect(answer.data).toHaveLength(1);
  });

  test("a continuing run has its earlier spans beside its new ones, after each restart", async () => {
    const stores = createMemoryStores();
    const run = newTraceId();
    await send(await open(stores), ofRun(run, "first"));
    await opened.pop()!.close();
    await send(await open(stores), other(run, "second"));
    await opened.pop()!.close();
    expect(await namesIn(await open(stores), run)).toEqual(["first", "second"]);
  });

  test("is written within a second, without waiting for the end", async () => {
    const stores = createMemoryStores();
    const store = await open(stores);
    await send(store, ofRun(newTraceId(), "run"));
    expect(await kept(stores)).toEqual([]);
    await vi.waitFor(async () => expect(await kept(stores)).toHaveLength(1), { timeout: 5_000 });
  });

  test("is the lifetime of its last write, whatever is read at a start", async () => {
    const clock = { now: 0 };
    const stores = createMemoryStores({ now: () => clock.now });
    await send(await open(stores), ofRun(newTraceId(), "run"));
    await opened.pop()!.close();
    clock.now += 3000;
    await open(stores);
    await opened.pop()!.close();
    clock.now += 601;
    expect(await kept(stores)).toEqual([]);
  });
});

describe("bounds", () => {
  const createKept = (maxBytes: number, records: RecordStore<KeptTrace>) => {
    const limits = { maxBytes, maxSpanBytes: 4000, maxSpansPerTrace: 3, maxAgeSeconds: 100 };
    const store = new TraceStore(limits, () => 0);
    const warn = vi.fn();
    return { store, warn, runs: new KeptRuns({ store, records, logger: { warn } }) };
  };
  const span = (traceID: string) => ({
    traceID,
    spanID: "1",
    operationName: "x".repeat(1000),
    references: [],
    startTime: 1,
    duration: 1,
    tags: [{ key: ATTRIBUTE.runId, type: "string" as const, value: "run-1" }],
    logs: [],
    warnings: null,
    process: { serviceName: "shop", tags: [] },
  });

  test("a trace that is removed from memory is no longer kept", async () => {
    const records = createMemoryStores().records<KeptTrace>("traces");
    const { store, runs } = createKept(4000, records);
    store.add([span("a")]);
    await runs.close();
    store.add([span("b"), span("c")]);
    await runs.close();
    expect(await records.get("a")).toBeUndefined();
    expect(await records.list("runs")).toHaveLength(2);
  });

  test("a store that fails costs no span, is logged once, and is tried again", async () => {
    const records = createMemoryStores().records<KeptTrace>("traces");
    let isDown = true;
    const put: typeof records.put = (...entry) => {
      if (isDown) throw new StoreUnavailableError("down");
      return records.put(...entry);
    };
    const list: typeof records.list = () => {
      throw new StoreUnavailableError("down");
    };
    const { store, runs, warn } = createKept(10_000, { ...records, put, list });
    await runs.restore();
    for (const id of ["a", "b"]) store.add([span(id)]);
    await runs.close();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(store.get("a")).toHaveLength(1);
    isDown = false;
    store.add([{ ...span("a"), spanID: "2" }]);
    await runs.close();
    expect((await records.get("a"))?.spans).toHaveLength(2);
  });
});
