import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closedAddress, type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
beforeEach(async () => {
  stack = await startScriptedStack();
  stack.script.requirement = { level: "identified" };
});
afterEach(() => stack.close());

const startAs = async (sub: string, body: object = {}) =>
  (await stack.call(sub, "POST", "/optimization/start", body)).body.request_id as string;

describe("POST /optimization/start", () => {
  it.each([
    ["constraints of the wrong shape", { constraints: 7 }, "constraints"],
    ["an endless prompt", { custom_prompt: "x".repeat(9000) }, "custom_prompt"],
  ])("refuses %s with 422 and names the field", async (_name, body, field) => {
    const response = await stack.call("alice", "POST", "/optimization/start", body);
    expect(response.status).toBe(422);
    expect(response.body.detail).toContain(field);
    expect(stack.seen).toEqual([]);
  });
});

describe("the prompt of a run", () => {
  const written = "x".repeat(8000);
  const promptsOf = async (body: object) => {
    const id = await startAs("alice", body);
    const ask = async (path: string) => (await stack.call("alice", "GET", `/optimization/${path}`)).body;
    const [event] = String(await ask(`progress/${id}/events`)).split("\n\n");
    return {
      progress: (await ask(`progress/${id}`)).prompt,
      event: JSON.parse(event!.split("\ndata: ")[1]!).prompt,
      list: (await ask("all"))[0].prompt,
    };
  };

  it("is the user's, in progress, events and list", async () => {
    const all = (text: string) => ({ progress: text, event: text, list: text });
    expect(await promptsOf({ custom_prompt: "buy laptops", priority: "high" })).toEqual(all("buy laptops"));
    const made =
      "Optimize the laptop supply chain.. Please provide detailed recommendations with their expected impact.";
    expect(await promptsOf({})).toEqual(all(made));
  });

  it("is cut in the list only", async () => {
    expect(await promptsOf({ custom_prompt: written })).toEqual({
      progress: written,
      event: written,
      list: `${"x".repeat(199)}…`,
    });
    expect((await promptsOf({ custom_prompt: written.slice(0, 200) })).list).toBe("x".repeat(200));
    expect((await promptsOf({ custom_prompt: `${"x".repeat(198)}💻💻` })).list).toBe(`${"x".repeat(198)}…`);
  });
});

describe("B4: a run belongs to its user", () => {
  it("for progress, events, results, list and clearing", async () => {
    const id = await startAs("alice");
    for (const path of [`progress/${id}`, `progress/${id}/events`, `results/${id}`]) {
      expect((await stack.call("bob", "GET", `/optimization/${path}`)).status, path).toBe(404);
      expect((await stack.call("alice", "GET", `/optimization/${path}`)).status, path).toBe(200);
    }
    expect((await stack.call("bob", "GET", "/optimization/all")).body).toEqual([]);
    expect((await stack.call("bob", "DELETE", "/optimization/clear")).body).toMatchObject({ cleared: 0 });
    expect((await stack.call("alice", "GET", "/optimization/all")).body).toMatchObject([{ request_id: id }]);
    expect((await stack.call("alice", "DELETE", "/optimization/clear")).body).toMatchObject({ cleared: 1 });
    expect((await stack.call("alice", "GET", `/optimization/progress/${id}`)).status).toBe(404);
  });
});

describe("GET /optimization/test-a2a-connection", () => {
  it("reads the agent's card and starts no run", async () => {
    const { body } = await stack.call("alice", "GET", "/optimization/test-a2a-connection");
    expect(body).toEqual({
      status: "connected",
      agent_url: stack.agentUrl,
      agent_name: "Scripted Agent",
      protocol_version: "0.3.0",
    });
    expect((await stack.call("alice", "GET", "/optimization/all")).body).toEqual([]);
  });

  it("says which hop is missing", async () => {
    await stack.close();
    stack = await startScriptedStack({ env: { SUPPLY_CHAIN_AGENT_URL: await closedAddress() } });
    const { status, body } = await stack.call("alice", "GET", "/optimization/test-a2a-connection");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "failed", failure: { hop: "gateway", check: "connection" } });
  });
});
