import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailableError } from "aauth";
import type { Jobs } from "jobs";
import { openPostgresHints, openPostgresJobs } from "jobs/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { type Child, startChild } from "../support/child.ts";
import { type StoreServer, startPostgres } from "../support/store-servers.ts";

const PROGRAM = `${REPOSITORY_ROOT}tests/support/fixtures/job-worker.ts`;
const log = { warn: () => {} };
let server: StoreServer;
let names = 0;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => server?.close());

/** Two replicas with jobs of this duration in seconds, and a way to add jobs. */
async function replicas(seconds: number) {
  const service = `service-${names++}`;
  const start = async () => {
    const child = startChild(process.execPath, [PROGRAM, server.url, service, `${seconds}`]);
    closers.push(async () => {
      child.process.kill("SIGKILL");
      await child.ended.catch(() => {});
    });
    await child.prints(/^ready$/m);
    return child;
  };
  const [first, second] = await Promise.all([start(), start()]);
  const jobs = await openPostgresJobs({ url: server.url, service, log });
  closers.push(() => jobs.close());
  jobs.handle("work", { run: async () => {}, abandon: async () => {} });
  return { first, second, jobs };
}

const addAll = (jobs: Jobs, ids: readonly string[]) => Promise.all(ids.map((id) => jobs.add("work", id)));
const idsOf = (verb: string, ...children: Child[]) =>
  children
    .flatMap((child) => [...child.stdout().matchAll(new RegExp(`^${verb} (.*)$`, "gm"))])
    .map(([, id]) => id)
    .sort();
const JOBS = Array.from({ length: 20 }, (_, index) => `job-${index + 10}`);

describe("jobs of two replicas", () => {
  test("run once, however often they are added, at either replica", async () => {
    const { first, second, jobs } = await replicas(1);
    await addAll(jobs, [...JOBS, ...JOBS]);
    await expect.poll(() => idsOf("ended", first, second), { timeout: 10_000 }).toEqual(JOBS);
    expect(idsOf("started", first, second)).toEqual(JOBS);
  });

  test("are taken over within 30 seconds of a kill, and all end", async () => {
    const { first, second, jobs } = await replicas(3);
    await addAll(jobs, JOBS);
    await expect.poll(() => idsOf("started", first, second), { timeout: 10_000 }).toEqual(JOBS);
    const [killed, other] = idsOf("started", first).length > 0 ? [first, second] : [second, first];
    killed.process.kill("SIGKILL");
    const left = idsOf("started", killed);
    await expect.poll(() => idsOf("took over", other), { timeout: 30_000 }).toEqual(left);
    await expect.poll(() => idsOf("ended", other), { timeout: 10_000 }).toEqual(JOBS);
  });

  test("go to the other replica at once when one closes in order", async () => {
    const { first, second, jobs } = await replicas(30);
    await addAll(jobs, JOBS);
    await expect.poll(() => idsOf("started", first, second), { timeout: 10_000 }).toEqual(JOBS);
    const [closed, other] = idsOf("started", first).length > 0 ? [first, second] : [second, first];
    closed.process.kill("SIGTERM");
    await closed.ended;
    expect(closed.stdout()).toMatch(/^closed$/m);
    expect(idsOf("aborted", closed)).toEqual(idsOf("started", closed));
    await expect.poll(() => idsOf("took over", other), { timeout: 5_000 }).toEqual(idsOf("started", closed));
  });

  test("lose their signal where their process stood still and another took them over", async () => {
    const { first, second, jobs } = await replicas(60);
    await addAll(jobs, ["a"]);
    await expect.poll(() => idsOf("started", first, second), { timeout: 10_000 }).toEqual(["a"]);
    const [still, other] = idsOf("started", first).length > 0 ? [first, second] : [second, first];
    still.process.kill("SIGSTOP");
    await expect.poll(() => idsOf("took over", other), { timeout: 30_000 }).toEqual(["a"]);
    still.process.kill("SIGCONT");
    await expect.poll(() => idsOf("aborted", still), { timeout: 5_000 }).toEqual(["a"]);
    expect(idsOf("took over", still)).toEqual([]);
  });

  test("end where PostgreSQL stands still or is killed meanwhile", async () => {
    const { first, second, jobs } = await replicas(4);
    await addAll(jobs, JOBS);
    await expect.poll(() => idsOf("started", first, second), { timeout: 10_000 }).toEqual(JOBS);
    await server.whileStopped(() => pause(2_000));
    await server.kill();
    await expect(jobs.add("work", "late")).rejects.toThrow(StoreUnavailableError);
    await pause(2_000);
    await server.start();
    await jobs.add("work", "later");
    const ended = () => [...new Set(idsOf("ended", first, second))];
    await expect.poll(ended, { timeout: 40_000 }).toEqual([...JOBS, "later"]);
  });
});

test("jobs are refused where PostgreSQL does not answer", async () => {
  const url = "postgres://aauth@127.0.0.1:9/aauth";
  await expect(openPostgresJobs({ url, service: "none", log })).rejects.toThrow(StoreUnavailableError);
});

describe("hints of two replicas", () => {
  test("reach the other, and again after PostgreSQL was restarted", async () => {
    const [own, other] = ["hints", "hints"].map((service) => openPostgresHints({ url: server.url, service }));
    const foreign = openPostgresHints({ url: server.url, service: "foreign" });
    closers.push(...[own!, other!, foreign].map((hints) => () => hints.close()));
    const heard = [vi.fn(), vi.fn(), vi.fn()];
    [own!, other!, foreign].forEach((hints, index) => {
      hints.listen("runs", heard[index]!);
    });
    const reaches = async (id: string) =>
      vi.waitFor(() => {
        own!.announce("runs", id);
        expect(heard[1]).toHaveBeenCalledWith(id);
      }, 20_000);
    await reaches("a");
    await server.kill();
    own!.announce("runs", "lost");
    await server.start();
    await reaches("b");
    expect(heard[0]).not.toHaveBeenCalled();
    expect(heard[2]).not.toHaveBeenCalled();
  });
});
