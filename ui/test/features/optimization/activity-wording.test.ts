import { describe, expect, it } from "vitest";
import { actionLabel, tokenFacts } from "../../../src/features/optimization/activity-wording.ts";
import { activity } from "./progress-sample.ts";

const token = { aud: "http://sca", scope: "supply-chain:optimize" };

describe("the label of a step", () => {
  it("distinguishes a repetition with a name from one with an auth token", () => {
    expect(actionLabel(activity({ action: "request_retried" }))).toBe("Request repeated with identity");
    expect(actionLabel(activity({ action: "request_retried", auth_token: token }))).toBe(
      "Request repeated with auth token",
    );
  });

  it("distinguishes a cached token from a received one", () => {
    const received = activity({ action: "token_received", auth_token: token });
    expect(actionLabel(received)).toBe("Auth token received");
    expect(actionLabel({ ...received, at_hand: true })).toBe("Cached auth token");
  });
});

describe("the label of a step with a person token", () => {
  it.each([
    ["token_requested", "Person token requested"],
    ["token_received", "Person token received"],
    ["request_retried", "Request repeated with person token"],
  ] as const)("calls it one: %s", (action, label) => {
    expect(actionLabel(activity({ action, auth_token: token, person_token: true }))).toBe(label);
  });
});

describe("user, resource and scope of a step", () => {
  it("come from the auth token", () => {
    expect(tokenFacts(activity({ auth_token: { ...token, sub: "alice", act: { agent: "x" } } }))).toEqual([
      ["For user", "alice"],
      ["Audience", "http://sca"],
      ["Scope", "supply-chain:optimize"],
      ["Acting chain (act)", '{"agent":"x"}'],
    ]);
  });

  it("omit the user for a token without one", () => {
    expect(tokenFacts(activity({ auth_token: token }))[0]).toEqual([
      "For user",
      "none: the agent acts for itself",
    ]);
  });

  it("are omitted without a token that states them", () => {
    expect(tokenFacts(activity({ status: "completed" }))).toEqual([["Auth token", "not needed"]]);
    expect(tokenFacts(activity({ status: "failed" }))).toEqual([["Auth token", "none"]]);
    expect(tokenFacts(activity({ action: "request_signed", status: "completed" }))).toEqual([
      ["Auth token", "none"],
    ]);
    expect(tokenFacts(activity({ auth_token: {} }))).toEqual([["Auth token", "cached from an earlier run"]]);
  });
});
