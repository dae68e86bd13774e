/** Processes that a test starts end with the test's process, however that ends. */
import { expect, test, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { isAlive, startChild } from "../support/child.ts";

const FIXTURES = `${REPOSITORY_ROOT}tests/support/fixtures/`;
const PATIENT = { timeout: 20_000, interval: 50 };

async function expectEnd(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), PATIENT);
}

const pidsIn = (match: RegExpExecArray) => match[1]!.trim().split(" ").map(Number);

test("after SIGKILL of the process that started it, with its own child processes", async () => {
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
