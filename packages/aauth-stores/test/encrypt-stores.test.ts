import { createMemoryStores, type RecordStore } from "aauth";
import { createTestClock, recordStoreContract } from "aauth/testing";
import { describe, expect, test, vi } from "vitest";
import { encryptStores, StoreRecordError } from "../src/index.ts";

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const TERMS = { owner: "alice", ttlSeconds: 100 };

/** An entry in its stored form. */
interface EncryptedRecord {
  readonly kid: string;
  readonly data: string;
}

function encrypted(stored: RecordStore<EncryptedRecord>, keys = [KEY], name = "tokens") {
  const stores = { ...createMemoryStores(), records: () => stored as RecordStore<never> };
  return encryptStores(stores, { keys }).records<unknown>(name);
}

describe("an encrypted record store", () => {
  test.each(recordStoreContract)("$title", ({ run }) =>
    run(({ maxEntries }) => {
      const clock = createTestClock();
      const { records } = createMemoryStores({ now: clock.now });
      return { store: encrypted(records("test", { maxEntries })), advance: clock.advance };
    }),
  );

  test("hides values, and whether two of them are equal", async () => {
    const stored = createMemoryStores().records<EncryptedRecord>("test");
    const store = encrypted(stored);
    await store.put("a", "secret", TERMS);
    await store.put("b", "secret", TERMS);
    const [first, second] = await stored.list("alice");
    expect(JSON.stringify(first)).not.toContain("secret");
    expect(first?.data).not.toBe(second?.data);
  });

  test("reads values of an earlier key, and rejects a key that it does not have", async () => {
    const stored = createMemoryStores().records<EncryptedRecord>("test");
    await encrypted(stored).put("a", 1, TERMS);
    expect(await encrypted(stored, [OTHER_KEY, KEY]).get("a")).toBe(1);
    await expect(encrypted(stored, [OTHER_KEY]).get("a")).rejects.toThrow(StoreRecordError);
  });

  test("V2: rejects an entry that was changed, cut, or moved to another key, owner or store", async () => {
    const stored = createMemoryStores().records<EncryptedRecord>("test");
    const store = encrypted(stored);
    await store.put("a", 1, TERMS);
    const entry = (await stored.get("a"))!;
    const changed = `${entry.data.slice(0, 30)}${entry.data[30] === "A" ? "B" : "A"}${entry.data.slice(31)}`;
    for (const data of [changed, entry.data.slice(0, -2), entry.data.slice(0, 30), "", undefined]) {
      await stored.put("a", { kid: entry.kid, data } as EncryptedRecord, TERMS);
      await expect(store.get("a")).rejects.toThrow(StoreRecordError);
    }
    await stored.put("b", entry, TERMS);
    await expect(store.get("b")).rejects.toThrow(StoreRecordError);
    await expect(store.take("b")).rejects.toThrow(StoreRecordError);
    const update = async () => store.update("a", () => ({ value: 2, ...TERMS }));
    await expect(update()).rejects.toThrow(StoreRecordError);
    await stored.put("a", entry, { ...TERMS, owner: "mallory" });
    await expect(store.list("mallory")).rejects.toThrow(StoreRecordError);
    await expect(encrypted(stored, [KEY], "grants").get("a")).rejects.toThrow(StoreRecordError);
    expect(await store.get("a")).toBe(1);
  });

  test("V8: leaves an entry that cannot be read out of a list, and reports it", async () => {
    const stored = createMemoryStores().records<EncryptedRecord>("test");
    const stores = { claims: expect.fail, records: () => stored as never };
    const onUnreadable = vi.fn();
    const store = encryptStores(stores, { keys: [KEY], onUnreadable }).records<number>("tokens");
    for (const [index, key] of ["a", "b", "c"].entries()) await store.put(key, index, TERMS);
    await stored.put("b", { kid: "", data: "" }, TERMS);
    expect(await store.list(TERMS.owner)).toEqual([0, 2]);
    expect(onUnreadable.mock.calls).toEqual([
      [expect.objectContaining({ code: "store_record_unreadable", store: "tokens" })],
    ]);
    await expect(store.get("b")).rejects.toThrow(StoreRecordError);
    expect(onUnreadable).toHaveBeenCalledTimes(2);
  });

  test.each([[null], [[]], [["a", "b"]], [7], ["text"], [true], [{}], [{ kid: null, data: null }]])(
    "V8: an entry overwritten with %j is unreadable, and hides no other of its owner",
    async (value) => {
      const stored = createMemoryStores().records<unknown>("test");
      const stores = { ...createMemoryStores(), records: () => stored as never };
      const onUnreadable = vi.fn();
      const store = encryptStores(stores, { keys: [KEY], onUnreadable }).records<number>("tokens");
      for (const [index, key] of ["a", "b"].entries()) await store.put(key, index, TERMS);
      await stored.put("a", value, TERMS);
      expect(await store.list(TERMS.owner)).toEqual([1]);
      expect(onUnreadable).toHaveBeenCalledExactlyOnceWith(expect.any(StoreRecordError));
      await expect(store.get("a")).rejects.toThrow(StoreRecordError);
      const update = async () => store.update("a", () => ({ value: 2, ...TERMS }));
      await expect(update()).rejects.toThrow(StoreRecordError);
      await expect(store.take("a")).rejects.toThrow(StoreRecordError);
    },
  );

  test("rejects keys of another length, and an empty list of keys", () => {
    for (const keys of [[], [new Uint8Array(16)], [KEY, new Uint8Array(31)]]) {
      expect(() => encrypted(createMemoryStores().records("test"), keys)).toThrow(RangeError);
    }
  });
});
