import { EventEmitter } from "node:events";
import type { Hints } from "jobs";
import { expect, test, vi } from "vitest";
import { createLiveRuns } from "../../src/runs/live-runs.ts";
import { createRun, type Run } from "../../src/runs/run.ts";

/** Two replicas over the same rows. */
function replicas() {
  const rows = new Map<string, Run>();
  const sent = new EventEmitter();
  const hintsOf = (own: string): Hints => ({
    announce: (channel, id) => void sent.emit(channel, own, id),
    listen(channel, listener) {
      sent.on(channel, (from, id) => from === own || listener(id));
      return () => {};
    },
    close: async () => {},
  });
  const find = vi.fn(async (id: string) => rows.get(id));
  const run = createRun({ userId: "alice", prompt: "p", shownPrompt: "p" }, 0);
  rows.set(run.id, run);
  return {
    rows,
    run,
    find,
    one: createLiveRuns(hintsOf("1"), find),
    other: createLiveRuns(hintsOf("2"), find),
  };
}

test("a change reaches the watchers of the other replica, as its row is then", async () => {
  const { rows, run, find, one, other } = replicas();
  one.announce(run);
  expect(find).not.toHaveBeenCalled();
  const [here, there] = [vi.fn(), vi.fn()];
  one.watch(run.id, here);
  other.watch(run.id, there);
  const changed = { ...run, percentage: 20 };
  rows.set(run.id, changed);
  one.announce(changed);
  await vi.waitFor(() => expect(there.mock.calls).toEqual([[changed]]));
  expect(here.mock.calls).toEqual([[changed]]);
});

test("a run that is removed at one replica stops at the other", async () => {
  const { rows, run, one, other } = replicas();
  const stopped = other.work(
    run.id,
    (removed) => new Promise<void>((resolve) => removed.addEventListener("abort", () => resolve())),
  );
  rows.delete(run.id);
  one.remove(run.id);
  await stopped;
});

test("an unreadable row changes nothing for its watchers", async () => {
  const { run, find, one, other } = replicas();
  const there = vi.fn();
  other.watch(run.id, there);
  find.mockRejectedValueOnce(new Error("the store is down"));
  one.announce(run);
  one.announce(run);
  await vi.waitFor(() => expect(there).toHaveBeenCalledExactlyOnceWith(run));
});
