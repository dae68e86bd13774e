import { readFileSync } from "node:fs";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

/** Whether a process has loaded libsodium. Only Linux tells. */
const hasLoaded = (pid: number) => readFileSync(`/proc/${pid}/maps`, "utf8").includes("sodium-native");

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ modes: { crypto: "libsodium" } });
});
afterAll(() => stack.stop());

test("--crypto libsodium: an autonomous run over both hops", async () => {
  const state = await (await signIn(stack)).run();
  expect(state.status).toBe("completed");
  expect(JSON.stringify(state)).toContain("Market Analysis Report");
});

test.runIf(process.platform === "linux")("every service that signs or verifies has loaded it", () => {
  const loaded = stack.processes.filter(({ pid }) => hasLoaded(pid!)).map(({ name }) => name);
  const parties = ["auth-server", "gateway-authz", "market-analysis-agent", "supply-chain-agent", "backend"];
  expect(loaded).toEqual(expect.arrayContaining(parties));
});
