import { AAuthAgentError, StoreUnavailableError } from "aauth";
import { AgentAnswerError } from "aauth-a2a";
import { withSpan } from "agent-kit/service";
import { SPAN } from "protocol-trace";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { recordSpans } from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { resultsFrom } from "../../src/runs/results.ts";
import { isFinal, progressOf } from "../../src/runs/run.ts";
import {
  type Ask,
  CONSENT,
  demand,
  NOW,
  options,
  refuse,
  scriptedRuns,
  scriptedRunsWith,
} from "./scripted-runs.ts";

const report: Ask = async () => "# Report";

describe("a start", () => {
  it("that the agent answers at once is completed", async () => {
    const { runs } = scriptedRuns(async (text) => `# ${text}`);
    const reply = await runs.start("alice", options({ custom_prompt: "hello" }));
    expect(reply).toEqual({
      request_id: expect.any(String),
      status: "completed",
      message: "Optimization completed",
    });
    expect((await runs.get("alice", reply.request_id)).report).toEqual({ text: "# hello." });
  });

  it("keeps the spans that stand for the run, both attempts included, in one trace", async () => {
    const spans = recordSpans();
    onTestFinished(spans.stop);
    const { runs, settled } = scriptedRuns(refuse(demand()), report);
    const { request_id } = await withSpan(SPAN.startOptimization, () => runs.start("alice", options()));
    await withSpan("another trace", async () => runs.resume(await runs.get("alice", request_id), CONSENT));
    const { places } = await settled(request_id);
    const named = (name: string) => spans.finished().filter((span) => span.name === name);
    await vi.waitFor(() => expect(named(SPAN.run)).toHaveLength(2));
    const made = [SPAN.startOptimization, SPAN.run, SPAN.callAgent].flatMap(named);
    const ids = made.map((span) => span.spanContext().spanId);
    expect(places.map(({ spanId }) => spanId).sort()).toEqual(ids.sort());
    expect(new Set(places.map(({ traceId }) => traceId))).toEqual(new Set([made[0]!.spanContext().traceId]));
  });

  it("answers running once the agent has accepted it, and continues in the background", async () => {
    const answer = Promise.withResolvers<string>();
    const { runs, settled } = scriptedRuns((_text, call) => {
      call.onAccepted?.();
      return answer.promise;
    });
    const reply = await runs.start("alice", options());
    expect(reply).toMatchObject({ status: "running" });
    answer.resolve("# Report");
    expect((await settled(reply.request_id)).status).toBe("completed");
  });

  it("hands out the consent address and keeps the user and the key", async () => {
    const { runs, stateOf } = scriptedRuns(refuse(demand()));
    const reply = await runs.start("alice", options());
    expect(reply).toEqual({
      consent_required: true,
      consent_url: "http://auth/consent",
      request_id: expect.any(String),
    });
    const code = { authServer: "http://auth", keyThumbprint: "key-1" };
    const run = await runs.get("alice", reply.request_id);
    expect(run.demand).toEqual({ url: "http://auth/consent", code, expiresAt: NOW + 600 });
    const demanded = { ...run.demand, expiresAt: NOW + 30, isAnswered: true };
    expect(await runs.takeReturn(stateOf())).toEqual({ ...run, demand: demanded });
    expect(stateOf()).toMatch(/^[\w-]{43}$/);
  });

  it("uses another state for every run, and waits neither longer than the request token lives nor than 600 s", async () => {
    const { started, stateOf } = scriptedRuns(refuse(demand(30)), refuse(demand(86_400)));
    const runs = [await started(), await started()];
    expect(stateOf(0)).not.toBe(stateOf(1));
    expect(runs.map(({ demand }) => demand?.expiresAt)).toEqual([NOW + 30, NOW + 600]);
  });

  it("S3: that fails at the second hop is failed, with hop, code and section, and keeps the rest of the report", async () => {
    const marketAnalysis = {
      status: "failed",
      reason: "token exchange failed",
      hop: "supply-chain-agent -> auth server",
      code: "token_request_refused",
      section: "profile 6",
      message: "auth server refused:\ninvalid_signature",
    };
    const answer = { text: "# Report", data: { recommendations: [], marketAnalysis } };
    const { runs, logLines } = scriptedRuns(async () => answer);
    const reply = await runs.start("alice", options());
    const failure = {
      hop: "auth-server",
      code: "token_request_refused",
      section: "profile 6",
      message: "No market analysis provided (token exchange failed): auth server refused: invalid_signature",
      advice: expect.any(String),
    };
    expect(reply).toMatchObject({ status: "failed", failure });
    const run = await runs.get("alice", reply.request_id);
    expect(run).toMatchObject({ status: "failed", failure, report: answer });
    expect(run.activities[0]).toMatchObject({ status: "failed", details: "# Report" });
    expect(resultsFrom(run).reasoning.at(-1)?.rationale).toContain("Section: profile 6.");
    expect(logLines.join()).not.toContain("Optimization completed");
  });

  it.each([
    ["supply-chain-agent -> market-analysis-agent", "market-analysis-agent"],
    ["supply-chain-agent -> person server", "person-server"],
    ["supply-chain-agent -> elsewhere", "supply-chain-agent"],
  ])("that fails at %s names the party at the end", async (hop, party) => {
    const marketAnalysis = { status: "failed", reason: "r", hop, code: "c", message: "m" };
    const { runs } = scriptedRuns(async () => ({ text: "# Report", data: { marketAnalysis } }));
    expect(await runs.start("alice", options())).toMatchObject({ failure: { hop: party } });
  });

  it("that fails inside the backend reports it, with the reason in the log only", async () => {
    const { runs, logLines } = scriptedRuns(refuse(new TypeError("secret detail")));
    const reply = await runs.start("alice", options());
    expect(reply).toMatchObject({ status: "failed", failure: { hop: "backend", check: "internal" } });
    expect(JSON.stringify(reply)).not.toContain("secret detail");
    expect(logLines.join()).toContain("secret detail");
  });
});

describe("requests for consent of one user", () => {
  const many = (count: number, expiresInSeconds?: number) =>
    scriptedRuns(...Array.from({ length: count }, () => refuse(demand(expiresInSeconds))));
  const tooMany = {
    kind: "too_many",
    message: expect.stringMatching(/^You have too many unfinished optimizations; /),
  };

  it("are 20 at a time, whatever is cleared, and time makes room", async () => {
    const { runs, clock } = many(42);
    for (let count = 0; count < 20; count++) {
      await runs.start("alice", options());
      expect(await runs.clear("alice")).toBe(1);
    }
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    expect(await runs.list("alice")).toEqual([]);
    await expect(runs.start("bob", options())).resolves.toMatchObject({ consent_required: true });
    clock.now += 599;
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    clock.now += 1;
    await expect(runs.start("alice", options())).resolves.toMatchObject({ consent_required: true });
  });

  it("are charged as long as the auth server keeps them, also beyond the time a run waits", async () => {
    const { runs, clock } = many(21, 900);
    for (let count = 0; count < 20; count++) await runs.start("alice", options());
    clock.now += 899;
    expect((await runs.list("alice")).every(isFinal)).toBe(true);
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    clock.now += 1;
    await expect(runs.start("alice", options())).resolves.toMatchObject({ consent_required: true });
  });

  it("are charged when they end a run, too: the second of one run", async () => {
    const { runs, started, settled, consentRequests } = many(2);
    const run = await started();
    await consentRequests.end("alice", run.id);
    await runs.resume(run, CONSENT);
    expect((await settled(run.id)).status).toBe("failed");
    expect(await consentRequests.count("alice")).toBe(1);
  });

  it("are not made by runs that need no consent, nor by those cleared while they wait for the agent", async () => {
    const { runs, contexts, consentRequests } = scriptedRuns(
      report,
      refuse(new AAuthAgentError("challenge_untrusted", "x")),
      (_text, call) => {
        call.onAccepted?.();
        return new Promise((_resolve, reject) => {
          contexts[2]!.signal!.addEventListener("abort", () => reject(new DOMException("x", "AbortError")));
        });
      },
    );
    for (let count = 0; count < 3; count++) await runs.start("alice", options());
    expect(await consentRequests.count("alice")).toBe(1);
    await runs.clear("alice");
    await vi.waitFor(async () => expect(await consentRequests.count("alice")).toBe(0));
  });
});

describe("a run that waits for consent", () => {
  it("resumes as the same run, once", async () => {
    const { runs, started, settled, contexts } = scriptedRuns(refuse(demand()), report);
    const run = await started();
    expect(await runs.resume(run, CONSENT)).toBe(true);
    expect(await runs.resume(run, CONSENT)).toBe(false);
    expect(progressOf(await settled(run.id))).toMatchObject({
      status: "completed",
      progress_percentage: 100,
    });
    // The agent caches the token under the run's name.
    expect(contexts.map(({ cacheKey }) => cacheKey)).toEqual([run.id, run.id]);
  });

  it.each([
    ["B7: a second consent demand, instead of waiting forever", demand(), "consent_repeated"],
    ["B7: a repeated challenge", new AAuthAgentError("challenge_repeated", "x"), "challenge_repeated"],
  ])("%s fails it", async (_name, error, code) => {
    const { runs, started, settled } = scriptedRuns(refuse(demand()), refuse(error));
    const run = await started();
    await runs.resume(run, CONSENT);
    expect((await settled(run.id)).failure).toMatchObject({ code });
  });

  it("B9: fails when its 600 s are over, also in the list", async () => {
    const { runs, started, clock } = scriptedRuns(refuse(demand()));
    const run = await started();
    clock.now += 599;
    expect((await runs.get("alice", run.id)).status).toBe("awaiting_consent");
    clock.now += 1;
    expect((await runs.list("alice"))[0]).toMatchObject({ failure: { code: "consent_expired" } });
    expect(await runs.resume(run, CONSENT)).toBe(false);
  });
});

describe("a cleared run", () => {
  it("stops its call and ends unseen", async () => {
    const answer = Promise.withResolvers<string>();
    const { runs, contexts, logLines } = scriptedRuns(() => answer.promise);
    await runs.start("alice", options());
    expect(contexts[0]!.signal?.aborted).toBe(false);
    expect(await runs.clear("alice")).toBe(1);
    expect(contexts[0]!.signal?.aborted).toBe(true);
    answer.reject(new AgentAnswerError("holds no text"));
    await new Promise((done) => setTimeout(done, 10));
    expect(await runs.list("alice")).toEqual([]);
    expect(logLines.join("")).not.toContain("holds no text");
  });
});

it("a run whose call fails because the backend's own store is down is made again, once", async () => {
  const away = refuse(AAuthAgentError.from(new StoreUnavailableError("db:5432"), "http://sca"));
  const { runs, settled } = scriptedRuns(away, report);
  const { request_id } = await runs.start("alice", options());
  expect((await settled(request_id)).status).toBe("completed");
});

it("V25a: a run is asked for consent again where the backend's own store was away when consent was demanded", async () => {
  const { runs, returns, settled } = scriptedRuns(refuse(demand()), refuse(demand()));
  vi.spyOn(returns, "put").mockRejectedValueOnce(new StoreUnavailableError("db:5432"));
  const { request_id } = await runs.start("alice", options());
  const run = await settled(request_id, ({ status }) => status !== "running");
  expect(run.status).toBe("awaiting_consent");
});

it("V25a: a connection test blames no other party for the backend's own store, and does not name it", async () => {
  const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const away = AAuthAgentError.from(new StoreUnavailableError("db:5432", { cause }), "http://sca");
  const { runs } = scriptedRunsWith({
    agentOf() {
      throw away;
    },
  });
  const failure = { hop: "backend", check: "internal", code: "store_unavailable" };
  const tested = await runs.testConnection("alice");
  expect(tested).toMatchObject({ status: "failed", failure });
  expect(JSON.stringify(tested)).not.toContain("db:5432");
});

describe("a run whose process has ended", () => {
  /** Another process over the same stores. */
  const next = ({ clock, stores }: Earlier, ...script: Ask[]) =>
    scriptedRunsWith({ clock, stores }, ...script);
  type Earlier = ReturnType<typeof scriptedRuns>;
  const unanswered: Ask = () => new Promise(() => {});

  it("and that was stored without a job gets one when it is read ten seconds later", async () => {
    const { runs, jobs, clock, settled } = scriptedRuns(report);
    const add = vi.spyOn(jobs, "add").mockRejectedValueOnce(new Error("the process ends here"));
    await expect(runs.start("alice", options())).rejects.toThrow("the process ends here");
    const [run] = await runs.list("alice");
    expect([run!.status, add.mock.calls.length]).toEqual(["running", 1]);
    clock.now += 10;
    await runs.list("alice");
    expect((await settled(run!.id)).status).toBe("completed");
  });

  it("and that waits for consent resumes at the process that the browser comes back to, once", async () => {
    const before = scriptedRuns(refuse(demand()));
    const { id } = await before.started();
    const later = next(before, report);
    await later.jobs.start();
    expect((await later.runs.get("alice", id)).status).toBe("awaiting_consent");

    const answer = { code: "c", state: before.stateOf() };
    const outcomes = await Promise.all([later.consent.answer(answer), before.consent.answer(answer)]);
    expect(outcomes.filter(({ authorized }) => authorized)).toEqual([{ authorized: true, requestId: id }]);
    expect(later.agent.redeemCode).toHaveBeenCalledWith(expect.objectContaining({ keyThumbprint: "key-1" }));
    expect(progressOf(await later.settled(id))).toMatchObject({
      status: "completed",
      consent: { resource: CONSENT.resource },
    });
    expect(await later.grants.list("alice")).toHaveLength(1);
  });

  it("while its consent was redeemed fails, and not only when the time for the page is over", async () => {
    const before = scriptedRuns(refuse(demand()));
    const { id } = await before.started();
    before.agent.redeemCode.mockReturnValue(new Promise(() => {}));
    void before.consent.answer({ code: "c", state: before.stateOf() });
    await vi.waitFor(() => expect(before.agent.redeemCode).toHaveBeenCalled());
    const later = next(before);
    expect((await later.runs.get("alice", id)).status).toBe("awaiting_consent");
    before.clock.now += 30;
    expect((await later.runs.get("alice", id)).failure).toMatchObject({
      hop: "backend",
      check: "consent",
      code: "outcome_unknown",
    });
  });

  it.each<[string, Ask]>([
    ["is finished", report],
    ["has failed", refuse(new AgentAnswerError("holds no text"))],
  ])("and %s is shown as before, and stays so", async (_name, ask) => {
    const before = scriptedRuns(ask);
    const run = await before.started();
    const { runs, settled, jobs } = next(before);
    await jobs.start();
    expect(progressOf(await runs.get("alice", run.id))).toEqual(progressOf(run));
    expect(await runs.resume(run, CONSENT)).toBe(false);
    await runs.fail(run, { message: "late" });
    expect(await settled(run.id)).toEqual(run);
  });

  it("mid-call asks the agent again, once, and then ends with outcome_unknown", async () => {
    const before = scriptedRuns(unanswered);
    const { request_id: id } = await before.runs.start("alice", options());
    const second = next(before, unanswered);
    await second.jobs.start();
    await vi.waitFor(() => expect(second.contexts).toHaveLength(1));
    const third = next(before, report);
    await third.jobs.start();
    expect((await third.settled(id)).failure).toMatchObject({ code: "outcome_unknown" });
    expect(third.contexts).toHaveLength(0);
  });

  it("mid-call is completed by the process that resumes it, and releases its user's quota", async () => {
    const before = scriptedRuns(unanswered);
    const { request_id: id } = await before.runs.start("alice", options());
    const later = next(before, report);
    await later.jobs.start();
    expect((await later.settled(id)).status).toBe("completed");
    await vi.waitFor(async () => expect(await later.consentRequests.count("alice")).toBe(0));
    await vi.waitFor(async () => expect(await before.stores.records("jobs").list("runs")).toEqual([]));
  });

  it("after its consent does not ask for consent again", async () => {
    const before = scriptedRuns(refuse(demand()), unanswered);
    const run = await before.started();
    await before.runs.resume(run, CONSENT);
    const later = next(before, refuse(demand()));
    await later.jobs.start();
    expect((await later.settled(run.id)).failure).toMatchObject({ code: "consent_repeated" });
  });

  it("loses no step of two processes", async () => {
    const before = scriptedRuns(unanswered);
    const run = await before.started();
    const step = { action: "request_signed", details: "d", percentage: 20 } as const;
    const both = [before.runs, next(before).runs];
    await Promise.all(Array.from({ length: 20 }, (_, index) => both[index % 2]!.note(run, step)));
    expect((await before.runs.get("alice", run.id)).activities).toHaveLength(21);
  });
});
