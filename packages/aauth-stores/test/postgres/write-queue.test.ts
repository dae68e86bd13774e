import { describe, expect, test } from "vitest";
import { WriteQueue } from "../../src/postgres/write-queue.ts";

const REFUSED = new RangeError("a value is refused");

/** A queue whose statements end when the test decides; they refuse the value `"bad"`. */
function startQueue(deadlineMs = 10_000) {
  const batches: (readonly string[])[] = [];
  const held: PromiseWithResolvers<void>[] = [];
  let isHeld = true;
  const queue = new WriteQueue<string, string>({
    deadlineMs,
    async write(batch) {
      batches.push(batch);
      const statement = Promise.withResolvers<void>();
      held.push(statement);
      if (!isHeld) statement.resolve();
      await statement.promise;
      if (batch.includes("bad")) throw REFUSED;
      return batch.map((write) => `${write} made`);
    },
    isRefusedValue: (error) => error === REFUSED,
    unavailable: (reason) => new Error(reason),
  });
  return {
    queue,
    batches,
    /** Ends all current and later statements. */
    end() {
      isHeld = false;
      for (const { resolve } of held) resolve();
    },
    /** Ends the first statement with an error. */
    fail: (error: Error) => held[0]!.reject(error),
  };
}

describe("a queue of writes", () => {
  test("makes a lone write at once, and those that arrive meanwhile together in their order", async () => {
    const { queue, batches, end } = startQueue();
    const results = ["a", "b", "c", "d"].map((write) => queue.add(write));
    expect(batches).toEqual([["a"]]);
    end();
    expect(await Promise.all(results)).toEqual(["a made", "b made", "c made", "d made"]);
    expect(batches).toEqual([["a"], ["b", "c", "d"]]);
    await queue.add("e");
    expect(batches).toHaveLength(3);
  });

  test("makes at most 100 writes in one statement", async () => {
    const { queue, batches, end } = startQueue();
    const results = Array.from({ length: 251 }, (_, index) => queue.add(String(index)));
    end();
    await Promise.all(results);
    expect(batches.map(({ length }) => length)).toEqual([1, 100, 100, 50]);
  });

  test("rejects all writes of a batch by its error, and continues with the next batch", async () => {
    const { queue, batches, end, fail } = startQueue();
    const results = [queue.add("a"), queue.add("b")];
    fail(new Error("disk full"));
    end();
    expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
    ]);
    expect(batches).toEqual([["a"], ["b"]]);
  });

  test("rejects a write whose value is refused, and makes the others", async () => {
    const { queue, batches, end } = startQueue();
    const results = ["a", "b", "bad", "c", "d"].map((write) => queue.add(write));
    end();
    expect(await Promise.allSettled(results)).toEqual([
      { status: "fulfilled", value: "a made" },
      { status: "fulfilled", value: "b made" },
      { status: "rejected", reason: REFUSED },
      { status: "fulfilled", value: "c made" },
      { status: "fulfilled", value: "d made" },
    ]);
    expect(batches.slice(2)).toEqual([["b", "bad"], ["b"], ["bad"], ["c", "d"]]);
  });

  test("rejects writes that exceed the deadline, and never makes a write that waited too long", async () => {
    const { queue, batches, end } = startQueue(20);
    const results = await Promise.allSettled([queue.add("a"), queue.add("b")]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    end();
    expect(await queue.add("c")).toBe("c made");
    expect(batches).toEqual([["a"], ["c"]]);
  });

  test("V7: rejects writes at once beyond 5000 that wait", async () => {
    const { queue, end } = startQueue();
    const results = Array.from({ length: 5_001 }, (_, index) => queue.add(String(index)));
    const refused = queue.add("one more");
    setImmediate(end);
    await expect(refused).rejects.toThrow("5000 writes wait");
    await Promise.all(results);
    expect(await queue.add("later")).toBe("later made");
  });

  test("makes waiting writes before it closes, and rejects later ones", async () => {
    const { queue, end } = startQueue();
    const results = [queue.add("a"), queue.add("b")];
    const closed = queue.close();
    await expect(queue.add("c")).rejects.toThrow("the store is closed");
    end();
    await closed;
    expect(await Promise.all(results)).toEqual(["a made", "b made"]);
    await queue.close();
  });

  test("makes no write whose deadline has passed while its batch was tried by halves", async () => {
    const { queue, batches, end } = startQueue(100);
    const first = queue.add("a");
    const results = [queue.add("bad"), queue.add("b")];
    const settled = Promise.allSettled([first, ...results]);
    await expect(results[1]).rejects.toThrow("within 100 ms");
    end();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await queue.close();
    expect(batches.flat()).toEqual(["a"]);
  });
});
