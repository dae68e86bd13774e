/** The engine of deferred requests: leases, holders, names and codes. */

import { describe, expect, test, vi } from "vitest";
import {
  type DeferredRecord,
  DeferredRequests,
  MissingRequestError,
  newRecord,
  randomName,
} from "../../src/deferred/deferred-requests.ts";
import { StoreUnavailableError } from "../../src/errors.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { outsideStore } from "../store/outside-store.ts";

interface Counted extends DeferredRecord {
  count: number;
}

async function kit() {
  const { now, advance } = createTestClock();
  const store = outsideStore<unknown>({ now });
  const open = () =>
    new DeferredRequests<Counted>({
      store,
      now,
      keptSeconds: 60,
      maxWrongCodes: 20,
      location: "https://resource.example/",
      retryAfterSeconds: 1,
      advance: ({ outcome }) => outcome,
      early: () => undefined,
    });
  const records = open();
  const id = randomName();
  const record = { ...newRecord(id), holder: "alice", owner: "o", expiresAt: now() + 600, count: 0 };
  return { store, records, id, record, advance, anotherProcess: open };
}

const count = async (record: Counted) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return ++record.count;
};

describe("a change", () => {
  test("is one at a time, also among processes", async () => {
    const { records, id, record, anotherProcess } = await kit();
    await records.begin(record);
    const processes = [records, records, anotherProcess()];
    const counts = processes.map((each) => each.change(id, "alice", count));
    expect((await Promise.all(counts)).sort()).toEqual([1, 2, 3]);
    expect(await records.get(id)).toMatchObject({ count: 3 });
  });

  test("that throws leaves the request as it was, for the next one", async () => {
    const { records, id, record } = await kit();
    await records.begin(record);
    const failing = records.change(id, "alice", (kept) => {
      kept.count = 7;
      throw new SyntaxError("no");
    });
    await expect(failing).rejects.toThrow(SyntaxError);
    expect(await records.change(id, "alice", count)).toBe(1);
  });

  test("that the store rejected does not delay others in its process", async () => {
    const { store, records, id, record } = await kit();
    await records.begin(record);
    const away = vi.spyOn(store, "update");
    const failing = records.change(id, "alice", (kept) => {
      away.mockRejectedValue(new StoreUnavailableError("the database"));
      return count(kept);
    });
    await expect(failing).rejects.toThrow(StoreUnavailableError);
    away.mockRestore();
    expect(await records.change(id, "alice", count)).toBe(1);
  });

  test("of a process that ended in it holds others up until its lease is over", async () => {
    const { store, records, id, record, advance } = await kit();
    await records.begin(record);
    const ended = vi.spyOn(store, "update");
    const never = records.change(id, "alice", () => new Promise<never>(() => {}));
    never.catch(() => {});
    await vi.waitFor(() => expect(ended).toHaveResolved());
    const next = records.change(id, "alice", count);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await records.get(id)).toMatchObject({ count: 0 });
    advance(121);
    expect(await next).toBe(1);
  });

  test("by another holder, of another name or of an ended request is refused", async () => {
    const { records, id, record } = await kit();
    await records.begin(record);
    const missing = (isEnded: boolean) => expect.objectContaining({ isEnded });
    await expect(records.change(id, "mallory", count)).rejects.toEqual(missing(false));
    await expect(records.change(randomName(), "alice", count)).rejects.toEqual(missing(false));
    await expect(records.change("request x", "alice", count)).rejects.toThrow(MissingRequestError);
    await records.change(id, "alice", (kept) => records.end(kept));
    await expect(records.change(id, "alice", count)).rejects.toEqual(missing(true));
    await expect(records.change(id, "mallory", count)).rejects.toEqual(missing(false));
    expect([await records.get(id), await records.changeAny(id, count)]).toEqual([undefined, undefined]);
  });
});

test("names and the code of a request end with it", async () => {
  const { store, records, id, record } = await kit();
  await records.name(record, "by name", "bob");
  const code = await records.newCode(record);
  await records.begin(record);
  expect([await records.idOf("by name"), await records.idsOf("bob")]).toEqual([id, [id]]);
  expect(await records.open(code, "b", ({ count }) => count)).toBe(0);
  await records.change(id, "alice", (kept) => records.end(kept));
  expect([await records.idOf("by name"), await records.idsOf("bob")]).toEqual([undefined, []]);
  expect(await records.open(code, "b", ({ count }) => count)).toBe("invalid_code");
  expect(await store.get(`request ${id}`)).toEqual({
    id,
    holder: "alice",
    owner: "o",
    expiresAt: record.expiresAt,
    status: "pending",
    names: [],
    ended: true,
  });
});

test("a code that is guessed at five times ends its request", async () => {
  const { records, id, record } = await kit();
  const code = await records.newCode(record);
  await records.begin(record);
  const wrong = code.replace(/-.*/, "-0000-0000");
  for (let guess = 0; guess < 5; guess++) {
    expect((await records.get(id))?.outcome).toBeUndefined();
    expect(await records.open(wrong, "b", () => true)).toBe("invalid_code");
  }
  expect(await records.get(id)).toMatchObject({ outcome: { status: 410 } });
  expect(await records.open(code, "b", () => true)).toBe("invalid_code");
});
