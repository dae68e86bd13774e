import { QuotaStore } from "aauth";
import { describe, expect, it } from "vitest";
import { createOwnedStore, type OwnedStoreOptions } from "../../src/store/owned-store.ts";

interface Item {
  readonly id: string;
  readonly userId: string;
  readonly isFinal: boolean;
}

function storeOf(options: Partial<OwnedStoreOptions<Item>> = {}) {
  const clock = { now: 1000 };
  const now = () => clock.now;
  const removed: string[] = [];
  const waiting = new QuotaStore<true>({ maxEntries: 1000, maxPerOwner: 20, now });
  const store = createOwnedStore<Item>({
    now,
    maxEntries: 1000,
    isFinal: (item) => item.isFinal,
    settle: (item) => item,
    waiting,
    tooMany: "too many",
    onRemove: (id) => removed.push(id),
    ...options,
  });
  let count = 0;
  const add = async (userId: string, isFinal = false) => {
    const item = { id: String(count++), userId, isFinal };
    await store.add(item);
    return item;
  };
  return { store, add, clock, removed, waiting };
}

describe("a store of what users have begun", () => {
  it("B4 shows a value to its owner only", async () => {
    const { store, add } = storeOf();
    const mine = await add("alice");
    expect(await store.get("alice", mine.id)).toEqual(mine);
    expect(await store.get("bob", mine.id)).toBeUndefined();
    expect(await store.list("bob")).toEqual([]);
  });

  it("B4 clears the caller's own values only", async () => {
    const { store, add, removed } = storeOf();
    const mine = await add("alice");
    const other = await add("bob");
    expect(await store.clear("alice")).toBe(1);
    expect(removed).toEqual([mine.id]);
    expect(await store.get("alice", mine.id)).toBeUndefined();
    expect(await store.get("bob", other.id)).toEqual(other);
  });

  it("lists newest first, whatever was read or changed", async () => {
    const { store, add } = storeOf();
    const first = await add("alice");
    const second = await add("alice");
    await store.update(first.id, (item) => ({ ...item }));
    expect(await store.list("alice")).toEqual([second, first]);
  });

  it("changes what is there, and nothing else", async () => {
    const { store, add } = storeOf({ settle: (item) => ({ ...item, userId: item.userId.toLowerCase() }) });
    const { id } = await add("ALICE");
    expect(await store.update(id, (item) => ({ ...item, isFinal: item.userId === "alice" }))).toMatchObject({
      isFinal: true,
    });
    expect(await store.update("other", (item) => item)).toBeUndefined();
  });

  it("removes a value after its lifetime, which a change does not prolong", async () => {
    const { store, add, clock, removed } = storeOf({ lifetimeSeconds: 60 });
    const { id } = await add("alice");
    clock.now += 59;
    expect(await store.update(id, (item) => item)).toBeDefined();
    clock.now += 1;
    expect(await store.get("alice", id)).toBeUndefined();
    await add("alice");
    expect(removed).toEqual([id]);
  });

  it("makes room for a user at the cost of that user's oldest final value", async () => {
    const { store, add, removed } = storeOf({ maxPerOwner: 3 });
    const open = await add("alice");
    const final = await add("alice", true);
    const later = await add("alice", true);
    const other = await add("bob", true);
    const newest = await add("alice");
    expect(await store.list("alice")).toEqual([newest, later, open]);
    expect(removed).toEqual([final.id]);
    expect(await store.list("bob")).toEqual([other]);
  });

  it("A9: is bounded over all users, and no user's value goes for another's", async () => {
    const { store, add, removed } = storeOf({ maxEntries: 2 });
    const oldest = await add("alice");
    await add("bob");
    await expect(add("carol")).rejects.toMatchObject({ code: "store_full" });
    expect(await store.list("alice")).toEqual([oldest]);
    expect(removed).toEqual([]);
    const newest = await add("alice");
    expect(await store.list("alice")).toEqual([newest]);
  });

  it("refuses a user's twenty-first open value, also when they arrive at once", async () => {
    const { store, add } = storeOf();
    const added = await Promise.allSettled(Array.from({ length: 30 }, () => add("alice")));
    expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    expect(added.at(-1)).toMatchObject({ reason: { kind: "too_many", message: "too many" } });
    expect(await store.list("alice")).toHaveLength(20);
    await add("bob");
  });

  it("counts what waits at other parties", async () => {
    const { add, waiting } = storeOf();
    for (let index = 0; index < 20; index++) waiting.put("alice", `state-${index}`, true, 600);
    await expect(add("alice")).rejects.toMatchObject({ kind: "too_many" });
    await add("bob");
  });
});
