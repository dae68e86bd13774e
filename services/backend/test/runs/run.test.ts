import { describe, expect, it } from "vitest";
import { IllegalTransitionError, Run } from "../../src/runs/run.ts";

function newRun(now: () => number = () => 1_730_217_600) {
  return new Run({ userId: "alice", prompt: "optimize", now });
}

const FAILURE = { message: "no" };
const CONSENT = {
  agent: "http://backend",
  resource: "http://sca",
  scopes: ["supply-chain:optimize"],
  expiresAt: 1_730_217_900,
  revocable: true,
};

describe("the state machine of a run", () => {
  it("goes pending, running, awaiting_consent, running, completed", () => {
    const run = newRun();
    expect(run.progress()).toMatchObject({ status: "pending", current_step: "Initializing optimization" });
    run.begin();
    expect(run.progress()).toMatchObject({
      status: "running",
      current_step: "Connecting to A2A supply-chain agent",
    });
    run.awaitConsent("http://auth/consent", 600);
    expect(run.progress()).toMatchObject({ status: "awaiting_consent", consent_url: "http://auth/consent" });
    run.resume(CONSENT);
    expect(run.progress().consent_url).toBeUndefined();
    run.complete("# Report");
    expect(run.progress()).toMatchObject({
      status: "completed",
      progress_percentage: 100,
      current_step: "Optimization completed",
    });
    expect(run.report).toBe("# Report");
  });

  const steps = {
    begin: (run: Run) => run.begin(),
    wait: (run: Run) => run.awaitConsent("u", 600),
    resume: (run: Run) => run.resume(CONSENT),
    complete: (run: Run) => run.complete("x"),
    fail: (run: Run) => run.fail(FAILURE),
  };

  it.each<[keyof typeof steps, (keyof typeof steps)[]]>([
    ["complete", []],
    ["wait", []],
    ["resume", ["begin"]],
    ["begin", ["begin"]],
    ["wait", ["begin", "wait"]],
    ["complete", ["begin", "wait"]],
    ["complete", ["begin", "fail"]],
    ["resume", ["begin", "fail"]],
    ["resume", ["begin", "complete"]],
  ])("does not let a run %s after %j", (last, before) => {
    const run = newRun();
    for (const step of before) steps[step](run);
    expect(() => steps[last](run)).toThrow(IllegalTransitionError);
  });

  it("keeps a completed run completed when a late failure arrives", () => {
    const run = newRun();
    run.begin();
    run.complete("x");
    run.fail(FAILURE);
    expect(run.status).toBe("completed");
    expect(run.failure).toBeUndefined();
  });

  it("names the failure in step, failure and task", () => {
    const run = newRun();
    run.begin();
    run.fail({ hop: "gateway", message: "Nobody listens." });
    expect(run.progress()).toMatchObject({
      status: "failed",
      current_step: "Error: Nobody listens.",
      failure: { hop: "gateway" },
      activities: [{ id: 1, status: "failed", details: "Nobody listens." }],
    });
  });

  it("B7 fails a run whose user never came back, and only then", () => {
    let now = 1000;
    const run = newRun(() => now);
    run.begin();
    run.awaitConsent("u", 600);
    now = 1599;
    run.expireConsent(FAILURE);
    expect(run.status).toBe("awaiting_consent");
    now = 1600;
    run.expireConsent(FAILURE);
    expect(run.status).toBe("failed");
  });
});

describe("the activities of a run", () => {
  it("begin with the task, whose report arrives in place", () => {
    const run = newRun();
    run.begin();
    run.note("request_signed", "signed");
    run.complete("# Report");
    expect(run.progress().activities).toEqual([
      {
        id: 1,
        request_id: run.id,
        timestamp: "2024-10-29T16:00:00.000Z",
        agent: "a2a-supply-chain-agent",
        action: "supply_chain_optimization",
        delegation: { sub: "alice", aud: "a2a-agent", scope: "supply-chain:optimize", act: null },
        status: "completed",
        details: "# Report",
      },
      expect.objectContaining({ id: 2, agent: "backend", action: "request_signed", status: "completed" }),
    ]);
  });

  it("show the delegation of the auth token once there is one", () => {
    const run = newRun();
    run.begin();
    run.note("token_received", "token", { delegation: { aud: "http://sca", scope: "a b" } });
    expect(run.progress().activities.map(({ delegation }) => delegation)).toEqual([
      { sub: "alice", aud: "http://sca", scope: "a b", act: null },
      { sub: "alice", aud: "http://sca", scope: "a b", act: null },
    ]);
  });

  it("are bounded, and end with the run", () => {
    const run = newRun();
    run.begin();
    for (let count = 0; count < 200; count++) run.note("request_signed", "signed");
    expect(run.progress().activities).toHaveLength(100);
    run.complete("x");
    const before = run.progress();
    run.note("request_signed", "late");
    expect(run.progress()).toEqual(before);
  });

  it("leave the feed when it is cleared, not the progress", () => {
    const run = newRun();
    run.begin();
    run.note("request_signed", "signed");
    expect(run.clearFeed()).toBe(2);
    run.note("request_retried", "again");
    expect(run.feed().map(({ action }) => action)).toEqual(["request_retried"]);
    expect(run.progress().activities).toHaveLength(3);
  });

  it("never move the percentage backwards", () => {
    const run = newRun();
    run.begin();
    run.note("response_received", "x", { percentage: 90 });
    run.note("request_signed", "x", { percentage: 20 });
    expect(run.progress().progress_percentage).toBe(90);
  });
});

describe("how long a run took", () => {
  it("is the time from its start to its end, and the task keeps the time it began", () => {
    let now = 1_730_217_600;
    const run = newRun(() => now);
    run.begin();
    now += 7;
    run.note("response_received", "x");
    expect(run.progress().ended_at).toBeUndefined();
    run.complete("# Report");
    now += 100;
    run.noteRevocation();
    const { started_at, ended_at, activities } = run.progress();
    expect([started_at, ended_at]).toEqual(["2024-10-29T16:00:00.000Z", "2024-10-29T16:00:07.000Z"]);
    expect(activities.map(({ timestamp }) => timestamp)).toEqual([started_at, ended_at]);
  });

  it("is told of a failure, too", () => {
    let now = 1_730_217_600;
    const run = newRun(() => now);
    run.begin();
    now += 60;
    run.fail(FAILURE);
    expect(run.progress().ended_at).toBe("2024-10-29T16:01:00.000Z");
  });
});

describe("what an auth token says", () => {
  const tokens = (run: Run) => run.progress().activities.map(({ auth_token }) => auth_token);

  it("is nothing while there is none", () => {
    const run = newRun();
    run.begin();
    run.note("request_signed", "signed");
    run.complete("x");
    expect(tokens(run)).toEqual([undefined, undefined]);
  });

  it("names no user where the agent acts for itself", () => {
    const run = newRun();
    run.begin();
    run.note("request_signed", "signed");
    run.note("token_received", "token", { delegation: { aud: "http://sca", scope: "a", act: null } });
    run.note("request_retried", "again");
    const token = { aud: "http://sca", scope: "a" };
    expect(tokens(run)).toEqual([token, undefined, token, token]);
    expect(run.progress().activities.map(({ at_hand }) => at_hand)).toEqual(Array(4).fill(undefined));
  });

  it("is for the user who consented", () => {
    const run = newRun();
    run.begin();
    run.awaitConsent("u", 600);
    run.note("token_received", "token", { delegation: { aud: "http://sca", scope: "a" } });
    run.resume(CONSENT);
    const token = { sub: "alice", aud: "http://sca", scope: "a" };
    expect(tokens(run)).toEqual([token, token, token]);
  });

  it("is not told of a token that somebody else's consent has brought", () => {
    const run = newRun();
    run.begin();
    run.awaitConsent("u", 600);
    run.note("token_received", "token", { delegation: { aud: "http://sca", scope: "a" } });
    run.fail(FAILURE);
    expect(tokens(run)).toEqual([undefined, undefined]);
  });

  it("is known of a token at hand only by the consent that it came of", () => {
    const run = newRun();
    run.begin();
    run.note("token_received", "at hand");
    expect(run.progress().activities[1]).toMatchObject({ at_hand: true, auth_token: {} });
    run.goByConsent({ consent: CONSENT, grantedAt: 1_730_217_000 });
    const token = { sub: "alice", aud: "http://sca", scope: "supply-chain:optimize" };
    expect(tokens(run)).toEqual([token, token]);
  });
});

describe("watchers of a run", () => {
  it("hear of every change until they stop, and of the discarding", () => {
    const run = newRun();
    const seen: string[] = [];
    const stop = run.watch(() => seen.push(run.signal.aborted ? "discarded" : run.status));
    run.watch(() => stop());
    run.begin();
    run.complete("x");
    expect(seen).toEqual(["running"]);
    run.watch(() => seen.push("discarded"));
    run.discard();
    expect(seen).toEqual(["running", "discarded"]);
    expect(run.watcherCount).toBe(0);
  });
});

describe("what the user has allowed", () => {
  it("is told with the run, and when it was taken back", () => {
    let now = 1_730_217_600;
    const run = newRun(() => now);
    run.begin();
    run.awaitConsent("u", 600);
    expect(run.progress().consent).toBeUndefined();
    run.resume(CONSENT);
    const granted = {
      agent: "http://backend",
      resource: "http://sca",
      scopes: ["supply-chain:optimize"],
      granted_at: "2024-10-29T16:00:00.000Z",
      expires_at: "2024-10-29T16:05:00.000Z",
      revocable: true,
    };
    expect(run.progress().consent).toEqual(granted);

    run.complete("done");
    now += 10;
    run.noteRevocation();
    now += 10;
    run.noteRevocation();
    expect(run.progress().consent).toEqual({ ...granted, revoked_at: "2024-10-29T16:00:10.000Z" });
  });

  it("is nothing where nobody was asked", () => {
    const run = newRun();
    run.begin();
    run.noteRevocation();
    expect(run.progress().consent).toBeUndefined();
  });
});
