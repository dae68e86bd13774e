/** First start after cloning the project: no images of ours, no volumes, and one command. */

import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import { expect, test } from "vitest";
import { runProgram } from "../../../scripts/run-program.ts";
import { compose, composeStatus, urls } from "../compose-stack.ts";
import { nextRun } from "../run-under-way.ts";

installLocalhostLookup();

const READY_LIMIT_MS = 540_000;
const POLL_MS = 500;

test("plain `docker compose up` builds what is missing, starts everything and reports when it is ready", {
  timeout: 600_000,
}, async () => {
  await compose(["down", "--volumes", "--timeout", "4"]);
  const list = await runProgram("docker", ["images", "--quiet", "--filter", "reference=aauth-demo/*"], {
    output: "caught",
  });
  const ids = [...new Set(list.output.trim().split("\n"))].filter((id) => id !== "");
  expect(ids.length).toBeGreaterThan(0);
  expect((await runProgram("docker", ["rmi", "--force", ...ids], { output: "caught" })).status).toBe(0);

  const startedAt = performance.now();
  // In the foreground, as in the README; its output is what the user reads.
  const stop = new AbortController();
  const running = runProgram("docker", ["compose", "up"], { output: "caught", signal: stop.signal });
  let hasEnded = false;
  void running.then(() => {
    hasEnded = true;
  });
  const isReady = async () =>
    (await composeStatus(["logs", "--no-color", "ui"])).output.includes(`Open ${urls.ui}`);
  while (!hasEnded && !(await isReady()) && performance.now() - startedAt < READY_LIMIT_MS)
    await pause(POLL_MS);
  console.log(`ready after ${((performance.now() - startedAt) / 1000).toFixed(0)} s, images built`);
  const run = hasEnded ? "up has ended" : await nextRun();
  // As Ctrl-C does.
  stop.abort();
  const { output } = await running;
  expect(run, output.split("\n").slice(-20).join("\n")).toBe("completed");
  expect(output).toContain(`Open ${urls.ui}, sign in as mcp-user`);
});
