import { describe, expect, test } from "vitest";
import { ATTRIBUTE } from "../../../../packages/aauth-explain/src/run/attribute-names.ts";
import type { StoredSpan } from "../../src/store/stored-span.ts";
import { type StoreLimits, TraceStore } from "../../src/store/trace-store.ts";

const LIMITS: StoreLimits = { maxBytes: 10_000, maxSpanBytes: 4000, maxSpansPerTrace: 3, maxAgeSeconds: 100 };

let nextId = 0;
function span(traceID: string, more: Partial<StoredSpan> = {}): StoredSpan {
  nextId += 1;
  return {
    traceID,
    spanID: nextId.toString(16).padStart(16, "0"),
    operationName: "work",
    references: [],
    startTime: 1_000_000,
    duration: 10,
    tags: [],
    logs: [],
    warnings: null,
    process: { serviceName: "shop", tags: [] },
    ...more,
  };
}

function createStore(limits: Partial<StoreLimits> = {}) {
  const clock = { now: 1000 };
  return { clock, store: new TraceStore({ ...LIMITS, ...limits }, () => clock.now) };
}

/** A string of this many bytes makes a span of about twice the size. */
const sized = (bytes: number) => ({ operationName: "x".repeat(bytes) });

describe("bounds", () => {
  test("the oldest traces make room, by bytes", () => {
    const { store } = createStore();
    for (const id of ["a", "b", "c", "d"]) store.add([span(id, sized(2500))]);
    expect(["a", "b", "c", "d"].filter((id) => store.get(id) !== undefined)).toEqual(["b", "c", "d"]);
    expect(store.usage().sizeBytes).toBeLessThanOrEqual(LIMITS.maxBytes);
  });

  test("wide characters weigh two bytes", () => {
    const narrow = createStore().store;
    narrow.add([span("a", { operationName: "é".repeat(1000) })]);
    const wide = createStore().store;
    wide.add([span("a", { operationName: "€".repeat(1000) })]);
    expect(wide.usage().sizeBytes).toBeGreaterThan(narrow.usage().sizeBytes + 1000);
  });

  test("evicted traces leave nothing behind", () => {
    const { store } = createStore();
    for (let round = 0; round < 200; round += 1) store.add([span(`t${round}`, sized(round * 10))]);
    expect(store.usage().traces).toBeGreaterThan(0);
    const { clock, store: other } = createStore();
    other.add([span("a"), span("b")]);
    clock.now += 101;
    expect(other.services()).toEqual([]);
    expect(other.usage()).toEqual({ traces: 0, sizeBytes: 0 });
  });

  test("a trace that is being written does not eat itself", () => {
    const { store } = createStore({ maxSpansPerTrace: 100 });
    store.add([span("a", sized(1000))]);
    store.add([span("b", sized(1000))]);
    const { refusedSpans, firstReason } = store.add(Array.from({ length: 10 }, () => span("a", sized(1000))));
    expect(refusedSpans).toBeGreaterThan(0);
    expect(firstReason).toBe("a trace alone fills the store");
    expect(store.get("b")).toBeUndefined();
    expect(store.get("a")!.length).toBe(11 - refusedSpans);
  });

  test("a trace that cannot fit does not push others out", () => {
    const { store } = createStore({ maxBytes: 3000 });
    store.add([span("a")]);
    expect(store.add([span("b", sized(2900))]).refusedSpans).toBe(1);
    expect(store.get("a")).toHaveLength(1);
  });

  test("spans of a trace", () => {
    const { store } = createStore();
    expect(store.add(Array.from({ length: 5 }, () => span("a")))).toEqual({
      refusedSpans: 2,
      firstReason: "a trace has more than 3 spans",
    });
    expect(store.get("a")).toHaveLength(3);
  });

  test("bytes of a span", () => {
    const { store } = createStore();
    expect(store.add([span("a", sized(4000))])).toMatchObject({ refusedSpans: 1 });
    expect(store.get("a")).toBeUndefined();
  });

  test("age, counted from the first span", () => {
    const { store, clock } = createStore();
    store.add([span("a")]);
    clock.now += 60;
    store.add([span("a"), span("b")]);
    clock.now += 41;
    expect(store.get("a")).toBeUndefined();
    expect(store.get("b")).toHaveLength(1);
  });

  test("a span that is sent again is kept once and not refused", () => {
    const { store } = createStore();
    const sent = span("a");
    store.add([sent]);
    const before = store.usage();
    expect(store.add(Array.from({ length: 5 }, () => ({ ...sent })))).toEqual({
      refusedSpans: 0,
      firstReason: undefined,
    });
    expect(store.get("a")).toEqual([sent]);
    expect(store.usage()).toEqual(before);
  });
});

describe("A13: traces of signed-in users", () => {
  const ofUser = { tags: [{ key: ATTRIBUTE.userSub, type: "string", value: "anna" } as const] };
  const kept = (store: TraceStore, ids: readonly string[]) => ids.filter((id) => store.get(id) !== undefined);

  test("outlive any number of others, also where the user's span came last", () => {
    const { store } = createStore({ maxBytes: 100_000 });
    store.add([span("first", ofUser), span("second"), span("second", ofUser), span("second")]);
    for (let index = 0; index < 4_000; index++) store.add([span(`anonymous-${index}`, sized(1000))]);
    expect(kept(store, ["first", "second"])).toEqual(["first", "second"]);
    expect(store.get("second")).toHaveLength(3);
  });

  test("A13: have three quarters of the room, and lose their oldest beyond; other traces have the last quarter", () => {
    const { store } = createStore();
    const ids = ["a", "b", "c", "d"];
    for (const id of ids) store.add([span(id, { ...ofUser, ...sized(1700) })]);
    for (let index = 0; index < 10; index++) {
      store.add([span(`anonymous-${index}`)]);
      store.add([span(`anonymous-${index}`)]);
    }
    expect(kept(store, ids)).toEqual(["b", "c", "d"]);
    // The first spans of a run do not name the user yet.
    expect(kept(store, ["anonymous-8", "anonymous-9"])).toEqual(["anonymous-8", "anonymous-9"]);
  });

  test("do not go for one trace that others make grow", () => {
    const { store } = createStore({ maxSpansPerTrace: 100 });
    for (const id of ["a", "b", "c"]) store.add([span(id, { ...ofUser, ...sized(1900) })]);
    const { firstReason } = store.add(Array.from({ length: 20 }, () => span("grown", sized(500))));
    expect(firstReason).toBe("a trace without a user has more than a quarter of the store");
    expect(kept(store, ["a", "b", "c", "grown"])).toEqual(["a", "b", "c", "grown"]);
  });

  test("make room for each other if nothing else is stored, and for no refused span", () => {
    const { store } = createStore();
    for (const id of ["a", "b", "c", "d"]) store.add([span(id, { ...ofUser, ...sized(2500) })]);
    expect(kept(store, ["a", "b", "c", "d"])).toEqual(["b", "c", "d"]);
    store.add([span("e"), span("e", { ...ofUser, ...sized(4000) })]);
    for (let index = 0; index < 10; index++) store.add([span(`anonymous-${index}`, sized(1000))]);
    expect(kept(store, ["e"])).toEqual([]);
  });
});
