import { describe, expect, test } from "vitest";
import { createOffloader } from "../../src/crypto/offload.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Turns with a pool whose operations end when the test says so. */
function startOffloader() {
  const inTurn = createOffloader();
  const underWay: ((error: Error | null, result: string) => void)[] = [];
  return {
    run: () =>
      inTurn(
        () => "here",
        (done) => void underWay.push(done),
      ),
    end: (error: Error | null = null) => underWay.shift()?.(error, "on the pool"),
  };
}

describe("jobs that a thread does itself", () => {
  test("are the first of each turn while the pool is idle", async () => {
    const { run, end } = startOffloader();
    expect(run()).toBe("here");
    const second = run();
    end();
    expect(await second).toBe("on the pool");
    await nextTurn();
    expect(run()).toBe("here");
  });

  test("are none while the pool has jobs in progress", async () => {
    const { run, end } = startOffloader();
    void run();
    const pooled = [];
    for (let underWay = 0; underWay < 8; underWay++) {
      await nextTurn();
      if (underWay === 0) void run();
      pooled.push(run());
    }
    expect(pooled.every((result) => result instanceof Promise)).toBe(true);
    for (const _ of pooled) end();
    expect(await Promise.all(pooled)).toEqual(pooled.map(() => "on the pool"));
  });

  test("do not count a job in progress that failed on the pool", async () => {
    const { run, end } = startOffloader();
    void run();
    const failed = run();
    end(new Error("no entropy"));
    await expect(failed).rejects.toThrow("no entropy");
    await nextTurn();
    expect(run()).toBe("here");
  });
});
