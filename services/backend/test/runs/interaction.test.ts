import { type AAuthEvent, TokenRequestError, type WaitingCall } from "aauth";
import type { Agent } from "aauth/agent";
import { describe, expect, it, vi } from "vitest";
import { NOW, options, scriptedRunsWith } from "./scripted-runs.ts";

const PAGE = "https://person-server.localhost/interaction?code=ABCD-EFGH-JKMN";
const interactions = {
  browserUrl: (page: string) => page.replace("https://person-server.localhost", "http://localhost:8080"),
  returnUrl: ({ id }: { id: string }) => `http://localhost:8000/return?request_id=${id}`,
};
const event = (members: object) => members as AAuthEvent;
const LOOKED = event({ type: "challenge_received", status: 202 });
const TOKEN = event({ type: "token_received" });

/** A run whose call waits for a person. */
async function waitingRun() {
  const decided = Promise.withResolvers<string>();
  const scripted = scriptedRunsWith(interactions, () => decided.promise);
  const starting = scripted.runs.start("alice", options());
  const context = await vi.waitFor(() => scripted.contexts[0] ?? Promise.reject(new Error("not called")));
  const toPage = (page: string) =>
    context.onInteraction!({ url: page, code: "c", page, party: "https://person-server.localhost" });
  await toPage(PAGE);
  const reply = await starting;
  const run = () => scripted.runs.get("alice", reply.request_id);
  return { ...scripted, decided, context, toPage, reply, run };
}

describe("a call that waits for a person", () => {
  it("keeps its run waiting at the page, for as long as the page's request", async () => {
    const { reply, context, run } = await waitingRun();
    expect(reply).toMatchObject({
      consent_required: true,
      consent_url: "http://localhost:8080/interaction?code=ABCD-EFGH-JKMN",
    });
    expect(await run()).toMatchObject({ status: "awaiting_consent", demand: { expiresAt: NOW + 600 } });
    expect(context).toMatchObject({
      loginHint: "alice",
      returnUrl: `http://localhost:8000/return?request_id=${reply.request_id}`,
    });
  });

  it("continues after the person's decision, and not when the answer is read", async () => {
    const { context, decided, run, settled, reply } = await waitingRun();
    context.observer!(LOOKED);
    await new Promise(setImmediate);
    expect((await run()).status).toBe("awaiting_consent");
    context.observer!(TOKEN);
    await vi.waitFor(async () => expect(await run()).toMatchObject({ status: "running", percentage: 60 }));
    expect((await run()).demand).toBeUndefined();
    decided.resolve("# Report");
    expect((await settled(reply.request_id)).status).toBe("completed");
  });

  it("may need the person at another page, and ends at once where the answer comes first", async () => {
    const { toPage, run, decided, settled, reply } = await waitingRun();
    await toPage("https://person-server.localhost/interaction?code=NEXT-NEXT-NEXT");
    expect((await run()).demand?.url).toContain("NEXT-NEXT-NEXT");
    decided.resolve("# Report");
    expect(await settled(reply.request_id)).toMatchObject({ status: "completed", percentage: 100 });
  });

  it("shows the page no more once the browser is back, and still waits for the answer", async () => {
    const { runs, reply, run, decided, settled } = await waitingRun();
    const { returnState } = await run();
    expect(await runs.cameBack(reply.request_id, returnState)).toBe(true);
    expect(await run()).toMatchObject({ status: "running" });
    expect(await runs.cameBack("6c669c73-8b8b-4b9b-a5ad-e92ce0afc854", returnState)).toBe(false);
    decided.resolve("# Report");
    expect((await settled(reply.request_id)).status).toBe("completed");
    expect(await runs.cameBack(reply.request_id, returnState)).toBe(true);
    expect((await run()).status).toBe("completed");
  });

  it("shows the page again where no decision follows the return", async () => {
    const { runs, reply, run, clock, context } = await waitingRun();
    const { returnState, demand } = await run();
    await runs.cameBack(reply.request_id, returnState);
    const waiting = { location: "https://ps/1", requirement: "interaction" } as WaitingCall;
    context.onWaiting!(waiting);
    await vi.waitFor(async () => expect((await run()).waiting).toEqual(waiting));
    expect((await run()).status).toBe("running");
    clock.now += 5;
    context.onWaiting!(waiting);
    await vi.waitFor(async () => expect((await run()).status).toBe("awaiting_consent"));
    expect((await run()).demand).toEqual(demand);
  });

  it("S32y: is not moved by a browser that knows its id alone", async () => {
    const { runs, reply, run } = await waitingRun();
    const other = await waitingRun();
    for (const state of ["", "A".repeat(43), (await other.run()).returnState])
      expect(await runs.cameBack(reply.request_id, state)).toBe(false);
    expect(await run()).toMatchObject({ status: "awaiting_consent", demand: { expiresAt: NOW + 600 } });
  });

  it("answers a question of the person with the user's own words", async () => {
    const { context } = await waitingRun();
    const reply = await context.onClarification!({ question: "Why?" });
    expect(reply).toMatchObject({ action: "respond", response: expect.stringContaining("laptop") });
  });

  it("fails where the person refuses", async () => {
    const { decided, settled, reply } = await waitingRun();
    decided.reject(new TokenRequestError("denied", "the person refused the request", 403));
    expect(await settled(reply.request_id)).toMatchObject({ status: "failed" });
  });

  it("fails if the person does not come", async () => {
    const { clock, run } = await waitingRun();
    clock.now += 600;
    expect(await run()).toMatchObject({
      status: "failed",
      failure: { hop: "person-server", code: "expired" },
    });
  });

  describe("whose process has ended", () => {
    const waitingAt = (location: string, nextLookAt = NOW) =>
      ({ location, nextLookAt, keyThumbprint: "key-1", requirement: "interaction" }) as WaitingCall;

    it("is resumed by another process with its wait", async () => {
      const { context, clock, stores, reply, run } = await waitingRun();
      context.onWaiting!(waitingAt("https://ps/1"));
      context.onWaiting!(waitingAt("https://ps/2"));
      context.onWaiting!(waitingAt("https://ps/2", NOW + 1));
      await vi.waitFor(async () => expect((await run()).waiting?.location).toBe("https://ps/2"));
      const resumed: WaitingCall[] = [];
      const resume: Agent["resume"] = async (waiting) => {
        resumed.push(waiting);
        return new Response();
      };
      const agentOf = () => ({ resume }) as Partial<Agent> as Agent;
      const later = scriptedRunsWith(
        { ...interactions, clock, stores, agentOf },
        async (_text, { fetch }) => {
          await fetch("https://sca");
          return "# Report";
        },
      );
      await later.jobs.start();
      const ended = await later.settled(reply.request_id);
      expect(ended).toMatchObject({ status: "completed", percentage: 100 });
      expect(ended).not.toHaveProperty("waiting");
      // Polling alone writes nothing.
      expect(resumed).toEqual([waitingAt("https://ps/2")]);
    });

    it("is asked again where it had the answer already, which is not given twice", async () => {
      const { context, clock, stores, reply, run } = await waitingRun();
      context.onWaiting!(waitingAt("https://ps/1"));
      context.observer!(TOKEN);
      await vi.waitFor(async () => expect((await run()).status).toBe("running"));
      expect((await run()).waiting).toBeUndefined();
      const later = scriptedRunsWith({ ...interactions, clock, stores }, async () => "# Report");
      await later.jobs.start();
      expect((await later.settled(reply.request_id)).status).toBe("completed");
      expect(later.contexts).toHaveLength(1);
    });
  });
});
