import { describe, expect, it } from "vitest";
import { stoppableStores } from "../../../../tests/support/stoppable-stores.ts";
import { createOpenRequests } from "../../src/store/open-requests.ts";
import { createUserRecords, type UserRecordsOptions } from "../../src/store/user-records.ts";
import { createJsonStores } from "../support/json-stores.ts";

interface Item {
  readonly id: string;
  readonly userId: string;
  readonly isFinal: boolean;
  readonly count?: number;
}

function recordsOf(options: Partial<UserRecordsOptions<Item>> = {}) {
  const clock = { now: 1000 };
  const now = () => clock.now;
  const removed: string[] = [];
  const stores = stoppableStores(createJsonStores({ now }));
  const open = createOpenRequests({ stores, name: "open", tooMany: "too many" });
  const create = () =>
    createUserRecords<Item>({
      stores,
      name: "items",
      now,
      open,
      maxEntries: 1000,
      isFinal: (item) => item.isFinal,
      settle: (item) => item,
      onRemove: (id) => removed.push(id),
      ...options,
    });
  const records = create();
  let count = 0;
  const add = async (userId: string, isFinal = false) => {
    const item = { id: String(count++), userId, isFinal };
    await records.add(item);
    if (isFinal) await open.end(userId, item.id);
    return item;
  };
  return { records, other: create(), add, clock, removed, open, stores };
}

describe("records of users' runs and orders", () => {
  it("B4: show a value to its owner only", async () => {
    const { records, add } = recordsOf();
    const mine = await add("alice");
    expect(await records.get("alice", mine.id)).toEqual(mine);
    expect(await records.get("bob", mine.id)).toBeUndefined();
    expect(await records.list("bob")).toEqual([]);
  });

  it("B4: clear the caller's own values only", async () => {
    const { records, add, removed } = recordsOf();
    const mine = await add("alice");
    const other = await add("bob");
    expect(await records.clear("alice")).toBe(1);
    expect(removed).toEqual([mine.id]);
    expect(await records.get("alice", mine.id)).toBeUndefined();
    expect(await records.get("bob", other.id)).toEqual(other);
  });

  it("list newest first, whatever was read or changed", async () => {
    const { records, add } = recordsOf();
    const first = await add("alice");
    const second = await add("alice");
    await records.update(first.id, (item) => ({ ...item, count: 1 }));
    expect((await records.list("alice")).map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it("change only existing entries", async () => {
    const { records, add } = recordsOf({ settle: (item) => ({ ...item, count: 7 }) });
    const { id } = await add("alice");
    expect(await records.update(id, (item) => ({ ...item, isFinal: item.count === 7 }))).toMatchObject({
      isFinal: true,
    });
    expect(await records.update("other", (item) => item)).toBeUndefined();
  });

  it("lose no change of two processes", async () => {
    const { records, other, add } = recordsOf();
    const { id } = await add("alice");
    const grow = (item: Item) => ({ ...item, count: (item.count ?? 0) + 1 });
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? records : other).update(id, grow)),
    );
    expect(await records.get("alice", id)).toMatchObject({ count: 20 });
  });

  it("remove a value after its lifetime, which a change does not prolong", async () => {
    const { records, add, clock } = recordsOf();
    const { id } = await add("alice");
    clock.now += 3599;
    expect(await records.update(id, (item) => ({ ...item, count: 1 }))).toBeDefined();
    clock.now += 1;
    expect(await records.get("alice", id)).toBeUndefined();
    expect(await records.find(id)).toBeUndefined();
  });

  it("make room for a user at the cost of that user's oldest final value", async () => {
    const { records, add, removed } = recordsOf({ maxPerUser: 3 });
    const open = await add("alice");
    const final = await add("alice", true);
    const later = await add("alice", true);
    const other = await add("bob", true);
    const newest = await add("alice");
    expect(await records.list("alice")).toEqual([newest, later, open]);
    expect(removed).toEqual([final.id]);
    expect(await records.list("bob")).toEqual([other]);
  });

  it("A9: are bounded over all users, and no user loses a value to another", async () => {
    const { records, add, removed, open } = recordsOf({ maxEntries: 2 });
    const oldest = await add("alice");
    await add("bob");
    await expect(add("carol")).rejects.toMatchObject({ code: "store_full" });
    expect(await open.count("carol")).toBe(0);
    await expect(add("alice")).rejects.toMatchObject({ code: "store_full" });
    expect(await records.list("alice")).toEqual([oldest]);
    await records.update(oldest.id, (item) => ({ ...item, isFinal: true }));
    const newest = await add("alice");
    expect(await records.list("alice")).toEqual([newest]);
    expect(removed).toEqual([oldest.id]);
  });

  it("are found by id alone for work in the background, in another process, too", async () => {
    const { other, add } = recordsOf();
    const item = await add("alice");
    expect(await other.find(item.id)).toEqual(item);
    expect(await other.find("unknown")).toBeUndefined();
  });
});

describe("open requests of a user", () => {
  const tooMany = { kind: "too_many", message: "too many" };

  it("are twenty at most, also when they arrive at two processes at once", async () => {
    const { records, other, add } = recordsOf();
    const begin = (_: unknown, index: number) =>
      (index % 2 ? records : other).add({ id: `at once ${index}`, userId: "alice", isFinal: false });
    const added = await Promise.allSettled(Array.from({ length: 30 }, begin));
    expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    expect(added.find(({ status }) => status === "rejected")).toMatchObject({ reason: tooMany });
    expect(await records.list("alice")).toHaveLength(20);
    await add("bob");
  });

  it("are charged as long as they wait at other parties", async () => {
    const { add, open, clock } = recordsOf();
    for (let index = 0; index < 20; index++) await open.keep("alice", `gone-${index}`, 600);
    await expect(add("alice")).rejects.toMatchObject(tooMany);
    await open.keep("alice", "one too many", 600);
    expect(await open.count("alice")).toBe(20);
    await open.end("alice", "gone-3");
    await add("alice");
    clock.now += 600;
    expect(await open.count("alice")).toBe(1);
  });

  it("do not include requests that were refused while the store was down", async () => {
    const { records, open, clock, stores } = recordsOf();
    let refused = 0;
    for (let operations = 0; refused === operations; operations++) {
      stores.stopAfter(operations);
      const adding = records.add({ id: `refused ${operations}`, userId: "alice", isFinal: false });
      await adding.catch((error: unknown) => {
        expect(error).toMatchObject({ code: "store_unavailable" });
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(3);
    stores.start();
    clock.now += 60;
    // The added request.
    expect(await open.count("alice")).toBe(1);
  });

  it("are each counted once, for the time that was said last", async () => {
    const { open, clock } = recordsOf();
    await open.begin("alice", "a", 3600);
    await open.keep("alice", "a", 90);
    expect(await open.count("alice")).toBe(1);
    clock.now += 90;
    expect(await open.count("alice")).toBe(0);
  });
});
