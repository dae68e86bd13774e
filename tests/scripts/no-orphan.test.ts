/** What a test starts ends with the test's process, however that ends, and a test run with the program above it. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { isAlive, startChild } from "../support/child.ts";

const FIXTURES = `${REPOSITORY_ROOT}tests/support/fixtures/`;
const PATIENT = { timeout: 20_000, interval: 50 };

async function expectEnd(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), PATIENT);
}

const pidsIn = (match: RegExpExecArray) => match[1]!.trim().split(" ").map(Number);

test("after SIGKILL of the process that started it, with what it started itself", async () => {
  const holder = startChild(process.execPath, [`${FIXTURES}holds-children.ts`]);
  const pids = pidsIn(await holder.prints(/holds ([\d ]+)/));
  expect(pids.filter(isAlive)).toEqual(pids);
  expect(pids).toHaveLength(2);
  holder.process.kill("SIGKILL");
  await expectEnd(pids);
});

test("when the process that started it has done with its tests and has forgotten it", async () => {
  const holder = startChild(process.execPath, [`${FIXTURES}holds-children.ts`, "end"]);
  const pids = pidsIn(await holder.prints(/holds ([\d ]+)/));
  expect((await holder.ended).status).toBe(0);
  await expectEnd(pids);
});

test.skipIf(process.platform !== "linux")(
  "after SIGKILL of the program above a test run: the run, its workers and what its tests started",
  async () => {
    const above = startChild(process.execPath, [`${FIXTURES}runs-vitest.ts`]);
    const held = pidsIn(await above.prints(/holds ([\d ]+)/));
    const run = descendantsOf(above.pid);
    expect(run.length).toBeGreaterThan(1);
    above.process.kill("SIGKILL");
    await expectEnd([...run, ...held]);
  },
);

/** Pids, as /proc tells now. */
function descendantsOf(ancestor: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // pid (name) state ppid …; the name may hold spaces and brackets.
      const [, parent] = /^.*\) \S+ (\d+) /s.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // Gone meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}
