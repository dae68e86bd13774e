import { createMemoryStores } from "aauth";
import { describe, expect, test, vi } from "vitest";
import { createLocalJobs, type JobRow, MAX_STARTS } from "../src/index.ts";

const log = { warn: vi.fn() };
const abandon = async () => {};
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** Jobs over records that outlive the process. */
function world(records = createMemoryStores().records<JobRow>("test")) {
  return { records, jobs: createLocalJobs({ records, log }) };
}

describe("jobs of one process", () => {
  test("runs a job once, and forgets it when it has ended", async () => {
    const { jobs, records } = world();
    const started: [string, boolean][] = [];
    const ends = Promise.withResolvers<void>();
    jobs.handle("runs", {
      abandon,
      async run(id, _signal, { isTakenOver }) {
        started.push([id, isTakenOver]);
        await ends.promise;
      },
    });
    await jobs.start();
    await Promise.all([jobs.add("runs", "a"), jobs.add("runs", "a")]);
    expect(started).toEqual([["a", false]]);
    ends.resolve();
    await expect.poll(() => records.list("runs")).toEqual([]);
    await jobs.add("runs", "a");
    expect(started).toHaveLength(2);
  });

  test("rejects a job of a queue without a handler", async () => {
    await expect(world().jobs.add("unknown", "a")).rejects.toThrow(RangeError);
  });

  test("aborts what runs when it closes, and takes it up at the next start", async () => {
    const before = world();
    const aborted: string[] = [];
    before.jobs.handle("runs", {
      abandon,
      run: (id, signal) => untilAborted(signal).finally(() => aborted.push(id)),
    });
    await before.jobs.start();
    await before.jobs.add("runs", "a");
    await vi.waitFor(async () => expect(await before.records.list("runs")).toEqual([{ id: "a", starts: 1 }]));
    await before.jobs.close();
    expect(aborted).toEqual(["a"]);

    const after = world(before.records);
    const taken: unknown[] = [];
    after.jobs.handle("runs", { abandon, run: async (id, _, attempt) => void taken.push([id, attempt]) });
    await after.jobs.start();
    await vi.waitFor(() => expect(taken).toEqual([["a", { isTakenOver: true }]]));
    await expect.poll(() => after.records.list("runs")).toEqual([]);
  });

  test("runs a job again that was rejected", async () => {
    const { jobs } = world();
    const run = vi.fn().mockRejectedValueOnce(new Error("the store is down")).mockResolvedValue(undefined);
    jobs.handle("runs", { abandon, run });
    await jobs.add("runs", "a");
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2), 3_000);
    expect(run.mock.calls[1]![2]).toEqual({ isTakenOver: true });
  });

  test("a start is not counted while the store is down", async () => {
    const { jobs, records } = world();
    const run = vi.fn(async () => {});
    jobs.handle("runs", { abandon, run });
    const put = vi.spyOn(records, "put").mockRejectedValueOnce(new Error("the store is down"));
    await jobs.add("runs", "a");
    await vi.waitFor(() => expect(run).toHaveBeenCalledOnce(), 3_000);
    expect(put.mock.calls.map(([, row]) => row)).toEqual(Array(2).fill({ id: "a", starts: 1 }));
  });

  test("abandons a job that was started too often", async () => {
    const { jobs, records } = world();
    await records.put("runs a", { id: "a", starts: MAX_STARTS }, { owner: "runs", ttlSeconds: 100 });
    const handler = { run: vi.fn(), abandon: vi.fn(async () => {}) };
    jobs.handle("runs", handler);
    await jobs.start();
    await expect.poll(() => records.list("runs")).toEqual([]);
    expect(handler.abandon).toHaveBeenCalledExactlyOnceWith("a");
    expect(handler.run).not.toHaveBeenCalled();
  });

  test("runs 200 jobs of a queue at a time, and the others when these have ended", async () => {
    const { jobs } = world();
    const ends: (() => void)[] = [];
    jobs.handle("runs", { abandon, run: () => new Promise<void>((resolve) => ends.push(resolve)) });
    const ids = Array.from({ length: 201 }, (_, index) => `run-${index}`);
    await Promise.all(ids.map((id) => jobs.add("runs", id)));
    await vi.waitFor(() => expect(ends).toHaveLength(200));
    ends[0]!();
    await vi.waitFor(() => expect(ends).toHaveLength(201));
  });
});
