import { describe, expect, it } from "vitest";
import {
  applyConsent,
  awaitConsent,
  clearFeed,
  complete,
  continueRun,
  createRun,
  expireConsent,
  fail,
  feedOf,
  IllegalTransitionError,
  noteRevocation,
  noteStep,
  progressOf,
  type Run,
  resume,
  type Step,
} from "../../src/runs/run.ts";

const NOW = 1_730_217_600;
const FAILURE = { message: "no" };
const DEMAND = { url: "http://auth/consent", expiresAt: NOW + 600 };
const REPORT = { text: "# Report" };
const CONSENT = {
  agent: "http://backend",
  resource: "http://sca",
  scopes: ["supply-chain:optimize"],
  expiresAt: NOW + 300,
  revocable: true,
};
const SIGNED: Step = { action: "request_signed", details: "signed", percentage: 20 };
const tokenWith = (delegation: Step["delegation"]): Step => ({
  action: "token_received",
  details: "token",
  percentage: 60,
  ...(delegation && { delegation }),
});

const steps = {
  wait: (run: Run) => awaitConsent(run, DEMAND, NOW),
  resume: (run: Run) => resume(run, CONSENT, NOW),
  continueRun: (run: Run) => continueRun(run, NOW),
  complete: (run: Run) => complete(run, REPORT, NOW),
  fail: (run: Run) => fail(run, FAILURE, NOW),
  sign: (run: Run) => noteStep(run, SIGNED, NOW),
  token: (run: Run) => noteStep(run, tokenWith({ aud: "http://sca", scope: "a", act: null }), NOW),
  cached: (run: Run) => noteStep(run, tokenWith(undefined), NOW),
};
const newRun = () => createRun({ userId: "alice", prompt: "optimize" }, NOW);
const after = (...names: (keyof typeof steps)[]) => names.reduce((run, name) => steps[name](run), newRun());
const activitiesOf = (run: Run) => progressOf(run).activities;

describe("the state machine of a run", () => {
  it("goes running, awaiting_consent, running, completed", () => {
    expect(progressOf(newRun())).toMatchObject({
      status: "running",
      current_step: "Connecting to A2A supply-chain agent",
    });
    expect(progressOf(after("wait"))).toMatchObject({ status: "awaiting_consent", consent_url: DEMAND.url });
    expect(progressOf(after("wait", "resume")).consent_url).toBeUndefined();
    expect(progressOf(after("wait", "resume", "complete"))).toMatchObject({
      status: "completed",
      progress_percentage: 100,
      current_step: "Optimization completed",
    });
  });

  it.each<[keyof typeof steps, (keyof typeof steps)[]]>([
    ["resume", []],
    ["wait", ["wait"]],
    ["complete", ["wait"]],
    ["complete", ["fail"]],
    ["resume", ["fail"]],
    ["resume", ["complete"]],
  ])("rejects %s after %j", (last, before) => {
    expect(() => after(...before, last)).toThrow(IllegalTransitionError);
  });

  it("keeps a completed run completed when a late failure arrives", () => {
    const completed = after("complete");
    expect(fail(completed, FAILURE, NOW + 1)).toEqual(completed);
  });

  it("B9: fails a run whose user did not return, and only then", () => {
    expect(expireConsent(after("wait"), NOW + 599).status).toBe("awaiting_consent");
    expect(expireConsent(after("wait"), NOW + 600).failure).toMatchObject({ code: "consent_expired" });
    expect(expireConsent(newRun(), NOW + 600).status).toBe("running");
  });
});

describe("the activities of a run", () => {
  it("begin with the task, whose report arrives in place", () => {
    const run = after("sign", "complete");
    expect(activitiesOf(run)).toEqual([
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
    const token = { sub: "alice", aud: "http://sca", scope: "a", act: null };
    expect(activitiesOf(after("token")).map(({ delegation }) => delegation)).toEqual([token, token]);
  });

  it("are bounded, and end with the run", () => {
    const run = after(...Array<"sign">(200).fill("sign"));
    expect(run.activities).toHaveLength(100);
    const ended = steps.complete(run);
    expect(steps.sign(ended)).toEqual(ended);
  });

  it("leave the feed when it is cleared, not the progress", () => {
    const run = steps.token(clearFeed(after("sign")));
    expect(feedOf(run).map(({ action }) => action)).toEqual(["token_received"]);
    expect(activitiesOf(run)).toHaveLength(3);
  });
});

it("the time a run took ends with it, and the task keeps the time it began", () => {
  const run = complete(noteStep(newRun(), SIGNED, NOW + 7), REPORT, NOW + 7);
  const { started_at, ended_at, activities } = progressOf(noteRevocation(run, NOW + 100));
  expect([started_at, ended_at]).toEqual(["2024-10-29T16:00:00.000Z", "2024-10-29T16:00:07.000Z"]);
  expect(activities.map(({ timestamp }) => timestamp)).toEqual([started_at, ended_at]);
  expect(after("fail").endedAt).toBe("2024-10-29T16:00:00.000Z");
});

describe("the contents of an auth token", () => {
  const tokens = (run: Run) => activitiesOf(run).map(({ auth_token }) => auth_token);

  it("name no user if the agent acts for itself", () => {
    const token = { aud: "http://sca", scope: "a" };
    const run = after("sign", "token", "sign");
    expect(tokens(run)).toEqual([token, undefined, token, token]);
    expect(activitiesOf(run).map(({ at_hand }) => at_hand)).toEqual(Array(4).fill(undefined));
  });

  it("are for the user who consented", () => {
    const token = { sub: "alice", aud: "http://sca", scope: "a" };
    expect(tokens(after("wait", "token", "resume"))).toEqual([token, token, token]);
  });

  it("are those of the token that the call itself has waited for", () => {
    const token = { aud: "http://sca", scope: "a" };
    expect(tokens(after("wait", "token", "continueRun", "sign"))).toEqual([token, token, token]);
  });

  it("are not shown of a token from another user's consent", () => {
    expect(tokens(after("wait", "token", "fail"))).toEqual([undefined, undefined]);
  });

  it("are known of a cached token only through its consent", () => {
    const run = after("cached");
    expect(activitiesOf(run)[1]).toMatchObject({ at_hand: true, auth_token: {} });
    const token = { sub: "alice", aud: "http://sca", scope: "supply-chain:optimize" };
    expect(tokens(applyConsent(run, { consent: CONSENT, grantedAt: NOW - 600 }, NOW))).toEqual([
      token,
      token,
    ]);
  });
});

it("shows the user's consent with the run, and the time of its revocation", () => {
  expect(progressOf(after("wait")).consent).toBeUndefined();
  const granted = {
    agent: "http://backend",
    resource: "http://sca",
    scopes: ["supply-chain:optimize"],
    granted_at: "2024-10-29T16:00:00.000Z",
    expires_at: "2024-10-29T16:05:00.000Z",
    revocable: true,
  };
  const run = after("wait", "resume");
  expect(progressOf(run).consent).toEqual(granted);
  const revoked = noteRevocation(noteRevocation(steps.complete(run), NOW + 10), NOW + 20);
  expect(revoked.consent).toEqual({ ...granted, revoked_at: "2024-10-29T16:00:10.000Z" });
  expect(noteRevocation(newRun(), NOW).consent).toBeUndefined();
});
