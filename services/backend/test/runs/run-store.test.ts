import { describe, expect, it } from "vitest";
import { Run } from "../../src/runs/run.ts";
import { createRunStore, type RunStoreOptions } from "../../src/runs/run-store.ts";

let now = 1000;

function storeOf(options: Partial<RunStoreOptions> = {}) {
  now = 1000;
  const store = createRunStore({ now: () => now, ...options });
  const add = (userId: string, finished = false) => {
    const run = new Run({ userId, prompt: "p", now: () => now });
    run.begin();
    if (finished) run.complete("x");
    store.add(run);
    return run;
  };
  return { store, add };
}

describe("the run store", () => {
  it("B4 shows a run to its owner only", () => {
    const { store, add } = storeOf();
    const run = add("alice");
    expect(store.get("alice", run.id)).toBe(run);
    expect(store.get("bob", run.id)).toBeUndefined();
    expect(store.list("bob")).toEqual([]);
  });

  it("B4 clears the caller's own runs only, and stops their work", () => {
    const { store, add } = storeOf();
    const mine = add("alice");
    const other = add("bob");
    expect(store.clear("alice")).toBe(1);
    expect(mine.signal.aborted).toBe(true);
    expect(store.get("alice", mine.id)).toBeUndefined();
    expect(store.get("bob", other.id)).toBe(other);
    expect(other.signal.aborted).toBe(false);
  });

  it("lists newest first, whatever was looked at", () => {
    const { store, add } = storeOf();
    const first = add("alice");
    const second = add("alice");
    store.get("alice", first.id);
    expect(store.list("alice")).toEqual([second, first]);
  });

  it("forgets a run after its lifetime", () => {
    const { store, add } = storeOf({ lifetimeSeconds: 60 });
    const run = add("alice");
    now += 59;
    expect(store.get("alice", run.id)).toBe(run);
    now += 1;
    expect(store.get("alice", run.id)).toBeUndefined();
    expect(store.list("alice")).toEqual([]);
    add("alice");
    expect(run.signal.aborted).toBe(true);
  });

  it("makes room for a user at the cost of that user's oldest finished run", () => {
    const { store, add } = storeOf({ maxRunsPerUser: 3 });
    const unfinished = add("alice");
    const finished = add("alice", true);
    const later = add("alice", true);
    const other = add("bob", true);
    const newest = add("alice");
    expect(store.list("alice")).toEqual([newest, later, unfinished]);
    expect(finished.signal.aborted).toBe(true);
    expect(store.list("bob")).toEqual([other]);
  });

  it("A9: is bounded over all users, and no user's run goes for another's", () => {
    const { store, add } = storeOf({ maxRuns: 2 });
    const oldest = add("alice");
    add("bob");
    expect(() => add("carol")).toThrow(expect.objectContaining({ code: "store_full" }));
    expect(store.list("alice")).toEqual([oldest]);
    expect(oldest.signal.aborted).toBe(false);
    const newest = add("alice");
    expect(store.list("alice")).toEqual([newest]);
    expect(oldest.signal.aborted).toBe(true);
  });
});
