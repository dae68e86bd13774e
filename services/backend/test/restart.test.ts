import type { Progress } from "backend-api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ScriptedStack, startScriptedStack } from "./scripted-stack.ts";

let stack: ScriptedStack;
beforeEach(async () => {
  stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" }, deps: { startReplySeconds: 0.2 } });
});
afterEach(() => stack.close());

type Backend = Awaited<ReturnType<ScriptedStack["another"]>>;

const start = () => stack.call("alice", "POST", "/optimization/start", { custom_prompt: "hello" });
const runsAt = async (backend?: Backend): Promise<Progress[]> =>
  (await stack.call("alice", "GET", "/optimization/all", undefined, backend)).body;
const endOf = (backend: Backend) =>
  vi.waitFor(async () => {
    const [run] = await runsAt(backend);
    expect(run?.status).toMatch(/^(?:completed|failed)$/);
    return run!;
  });

describe("another process of the backend over the same stores", () => {
  it("has the runs, and their reports, of their user alone", async () => {
    const { body } = await start();
    const other = await stack.another();
    expect(await runsAt(other)).toEqual(await runsAt());
    const results = `/optimization/results/${body.request_id}`;
    expect((await stack.call("alice", "GET", results, undefined, other)).body).toMatchObject({
      reasoning: [{ rationale: "hello." }],
    });
    expect((await stack.call("bob", "GET", results, undefined, other)).status).toBe(404);
  });

  it("continues a run with the consent whose code returns to it, and revokes it", async () => {
    stack.script.grant = "consent";
    const { body } = await start();
    const other = await stack.another();
    const { code, state } = stack.consentTo(body.consent_url);
    const url = `/auth/aauth/callback?code=${code}&state=${state}`;
    expect((await other.inject({ url })).headers.location).toContain("aauth_authorized=1");
    expect((await stack.app.inject({ url })).headers.location).toContain("unknown_request");
    expect((await endOf(other)).status).toBe("completed");
    expect(await runsAt()).toEqual(await runsAt(other));
    const revoked = await stack.call("alice", "DELETE", "/optimization/consent", undefined, other);
    expect(revoked.body).toMatchObject({ cleared: 1 });
    expect((await runsAt())[0]?.consent?.revoked_at).toBeDefined();
  });

  it("asks the agent again for a run that was mid-call, and reports the steps", async () => {
    stack.script.answer = () => new Promise(() => {});
    const starting = start();
    await vi.waitFor(() => expect(stack.seen.at(-1)?.what).toBe("hello."));
    stack.script.answer = () => "# Report";
    const other = await stack.another();
    expect((await endOf(other)).status).toBe("completed");
    expect(stack.log.join("")).toContain("↻ A run is begun again");
    expect((await starting).body).toMatchObject({ request_id: (await runsAt())[0]?.request_id });
  });

  it("makes the call of a run again for requests to tamper with", async () => {
    const { body } = await start();
    const other = await stack.another();
    await endOf(other);
    const attempt = `/optimization/${body.request_id}/break-it/replay`;
    expect(await stack.call("alice", "POST", attempt, undefined, other)).toMatchObject({
      status: 200,
      body: { as_meant: true, bearer: { succeeded: true } },
    });
  });
});
