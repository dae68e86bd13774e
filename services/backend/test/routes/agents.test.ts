import { agentStatusListSchema } from "backend-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
beforeEach(async () => {
  stack = await startScriptedStack();
  stack.script.requirement = { level: "identified" };
});
afterEach(() => stack.close());

const start = (sub: string) => stack.call(sub, "POST", "/optimization/start", { custom_prompt: "hello" });

describe("GET /agents/status", () => {
  it("lists the demo's six agents, idle", async () => {
    const { body } = await stack.call("alice", "GET", "/agents/status");
    expect(agentStatusListSchema.parse(body).map(({ agent_id }) => agent_id)).toEqual([
      "supply-chain-optimizer",
      "inventory-service",
      "financial-service",
      "market-analysis-agent",
      "vendor-service",
      "procurement-agent",
    ]);
    for (const agent of body)
      expect(agent).toMatchObject({ status: "idle", last_activity: null, current_task: null });
  });

  it("shows the one that works, to its user only", async () => {
    const answer = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    stack.script.answer = () => {
      asked.resolve();
      return answer.promise;
    };
    const started = start("alice");
    await asked.promise;
    const [run] = (await stack.call("alice", "GET", "/optimization/all")).body;
    const url = "/agents/status/supply-chain-optimizer";
    expect((await stack.call("alice", "GET", url)).body).toMatchObject({
      status: "active",
      current_task: run.request_id,
    });
    expect((await stack.call("bob", "GET", url)).body).toMatchObject({ status: "idle", current_task: null });
    answer.resolve("# Report");
    await started;
    const after = (await stack.call("alice", "GET", url)).body;
    expect(after).toMatchObject({ status: "idle", current_task: null, last_activity: expect.any(String) });
  });
});

describe("the activity feed", () => {
  it("B4: holds the caller's own activities, newest first", async () => {
    await start("alice");
    const { body } = await stack.call("alice", "GET", "/agents/activities");
    expect(body.map(({ action }: { action: string }) => action)).toEqual([
      "response_received",
      "request_signed",
      "supply_chain_optimization",
    ]);
    expect((await stack.call("bob", "GET", "/agents/activities")).body).toEqual([]);
    expect((await stack.call("alice", "GET", "/agents/activities?limit=1")).body).toHaveLength(1);
  });

  it.each(["0", "1001"])("refuses limit=%s", async (limit) => {
    expect((await stack.call("alice", "GET", `/agents/activities?limit=${limit}`)).status).toBe(422);
  });

  it("B4: is cleared for its owner only, and leaves the run alone", async () => {
    const { body } = await start("alice");
    expect((await stack.call("bob", "DELETE", "/agents/activities")).body).toMatchObject({ cleared: 0 });
    expect((await stack.call("alice", "DELETE", "/agents/activities")).body).toMatchObject({ cleared: 3 });
    expect((await stack.call("alice", "GET", "/agents/activities")).body).toEqual([]);
    const progress = await stack.call("alice", "GET", `/optimization/progress/${body.request_id}`);
    expect(progress.body.activities).toHaveLength(3);
  });
});
