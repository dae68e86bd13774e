import { installLocalhostLookup } from "agent-kit/service";
import { type Progress, progressSchema, startReplySchema } from "backend-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const POLL_MS = 100;

let stack: TestStack;
let authorization: string;

beforeAll(async () => {
  stack = await startStack();
  authorization = `Bearer ${await userAccessToken(stack.urls)}`;
});
afterAll(() => stack?.stop());

async function run(request: object): Promise<Progress> {
  const started = await fetch(`${stack.urls.backend}/optimization/start`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const reply = startReplySchema.parse(await started.json());
  for (;;) {
    const progress = await fetch(`${stack.urls.backend}/optimization/progress/${reply.request_id}`, {
      headers: { authorization },
    });
    const state = progressSchema.parse(await progress.json());
    if (state.status !== "pending" && state.status !== "running") return state;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

describe("the stack as the demo starts it, on ports of its own", () => {
  test("the gateway serves both agents' identities", async () => {
    for (const identity of [stack.urls.supplyChainAgent, stack.urls.marketAnalysisAgent]) {
      const reply = await fetch(`${identity}/.well-known/aauth-resource`);
      expect(await reply.json()).toMatchObject({ resource: identity });
    }
  });

  test("an unsigned call ends at the agent's gate with a challenge", async () => {
    const reply = await fetch(stack.urls.supplyChainAgent, { method: "POST", body: "{}" });
    expect(reply.status).toBe(401);
    expect(reply.headers.get("agent-auth")).toMatch(/^httpsig/);
  });

  test("a signed-in user's run goes through both agents", async () => {
    const state = await run({ custom_prompt: "optimize laptop supply chain and perform market analysis" });
    expect(state).toMatchObject({ status: "completed", progress_percentage: 100 });
    await expect
      .poll(() => stack.log(), LOG_WAIT)
      .toMatch(/market-analysis-agent +\| INFO:agent_executor:✅ Authorization successful/);
  });

  test("no whole token, signature or key is in any service's log", () => {
    const log = stack.log();
    expect(log).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    expect(log).not.toMatch(/sig1=:[\w+/=-]{40,}/);
    expect(log).not.toMatch(/"d":/);
    expect(log).not.toContain("user123");
  });

  test("stopping leaves no process", async () => {
    const pids = stack.processes.map(({ pid }) => pid!);
    await stack.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
