import { chmod, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WaitingCall } from "aauth";
import { beforeEach, expect, it } from "vitest";
import { createRun } from "../../src/runs/run.ts";
import { createWaitingRuns, readWaitingRuns } from "../../src/runs/waiting-runs.ts";

const NOW = 1_730_217_600;
const run = createRun({ userId: "alice", prompt: "optimize" }, NOW);

const waitingAt = (location: string, over: object = {}) =>
  ({
    ...{
      profile: "draft-11",
      keyThumbprint: "thumbprint-of-the-key",
      location,
      requirement: "interaction",
    },
    ...{ party: "https://ps.example", nextLookAt: NOW, call: {}, progress: {}, ...over },
  }) as unknown as WaitingCall;
const WAITING = waitingAt("https://ps.example/pending/1");

let file: string;
let errors: string[];
beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), "waiting-")), "below", "runs.json");
  errors = [];
});

async function open(over: { file?: string | undefined } = {}) {
  const options = { file, ...over };
  const logger = {
    error: (...[fields, text]: unknown[]) => void errors.push(`${JSON.stringify(fields)} ${text}`),
  };
  const restored = await readWaitingRuns(options.file, logger);
  return { restored, ...createWaitingRuns({ ...options, restored, logger }) };
}

async function written(change: (text: string) => string = (text) => text): Promise<void> {
  const runs = await open();
  runs.keep(run, WAITING);
  await runs.written();
  await writeFile(file, change(await readFile(file, "utf8")));
}

it("gives back what was kept, to the owner of the file alone, until it is dropped", async () => {
  const first = await open();
  expect(first.restored).toEqual([]);
  first.keep(run, WAITING);
  await first.written();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const second = await open();
  expect(second.restored).toEqual([{ run, waiting: WAITING }]);
  second.drop(run.id);
  await second.written();
  await expect(stat(file)).rejects.toThrow("ENOENT");
  expect(errors).toEqual([]);
});

it("writes when a run waits for something else, and not at each look", async () => {
  const runs = await open();
  runs.keep(run, WAITING);
  runs.keep(run, waitingAt("https://ps.example/pending/1", { nextLookAt: NOW + 1 }));
  await runs.written();
  expect((await open()).restored[0]!.waiting.nextLookAt).toBe(NOW);
  runs.keep(run, waitingAt("https://ps.example/pending/2"));
  await runs.written();
  expect((await open()).restored[0]!.waiting.location).toBe("https://ps.example/pending/2");
});

it("keeps nothing without a file", async () => {
  const none = await open({ file: undefined });
  none.keep(run, WAITING);
  await none.written();
  await expect(stat(file)).rejects.toThrow("ENOENT");
});

it.each([
  ["text", (text: string) => text.slice(1)],
  ["another shape", () => '{"runs":[{}]}'],
  ["a run that has ended", (text: string) => text.replace('"status":"running"', '"status":"completed"')],
  ["a member too many", (text: string) => text.replace('{"runs"', '{"more":1,"runs"')],
  ["a call without its key", (text: string) => text.replace('"keyThumbprint"', '"key"')],
])("does not use a file with %s, and says nothing of what is in it", async (_what, change) => {
  await written(change);
  expect((await open()).restored).toEqual([]);
  expect(errors.join()).toContain("malformed");
  expect(errors.join()).not.toContain(WAITING.location);
});

it("does not use a file that others can read", async () => {
  await written();
  await chmod(file, 0o640);
  expect((await open()).restored).toEqual([]);
  expect(errors.join()).toContain("that others can read");
});

it("goes on where it cannot write", async () => {
  await written();
  const runs = await open({ file: join(file, "runs.json") });
  runs.keep(run, WAITING);
  await runs.written();
  expect(errors.join()).toContain("could not be kept");
});
