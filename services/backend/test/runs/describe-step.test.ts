import type { AAuthEvent } from "aauth";
import { describe, expect, it } from "vitest";
import { describeStep } from "../../src/runs/describe-step.ts";

const received = (claims: object): AAuthEvent =>
  ({
    type: "token_received",
    authServer: "http://auth.localhost",
    requestType: "code",
    token: { tokenId: "t", header: {}, claims },
    expiresInSeconds: 300,
  }) as unknown as AAuthEvent;

describe("the description of an auth token", () => {
  it.each([
    [{}, { act: null }],
    [
      { aud: "a", scope: "s" },
      { aud: "a", scope: "s", act: null },
    ],
    [
      { sub: "u", aud: ["a", "b"], act: { agent: "x" } },
      { sub: "u", aud: "a b", act: { agent: "x" } },
    ],
    [{ sub: 7 }, { act: null }],
  ])("of %j", (claims, delegation) => {
    expect(describeStep(received(claims))?.delegation).toEqual(delegation);
  });
});

it.each([
  ["identity", "with the backend's identity"],
  ["authorization", "with the auth token"],
  ["token_refused", "without the auth token, which was refused"],
] as const)("a request repeated for %s names its credential", (reason, what) => {
  const event = {
    type: "request_retried",
    url: "http://a.localhost/",
    method: "POST",
    scheme: "jwks",
    reason,
  };
  expect(describeStep(event as AAuthEvent)?.details).toBe(`POST http://a.localhost/ repeated ${what}`);
});

it.each([
  [401, "pseudonymous", "Status 401: the signature or the token was not accepted"],
  [401, "identified", "Status 401: the caller must be identified"],
  [429, "identified", "Status 429: the caller must be identified"],
] as const)("a challenge with %s for level %s", (status, level, details) => {
  const event = { type: "challenge_received", url: "http://a.localhost/", status, level };
  expect(describeStep(event as AAuthEvent)?.details).toBe(details);
});

describe("in draft -11", () => {
  const step = (members: object) => describeStep(members as AAuthEvent);
  const url = "https://supply-chain-agent.localhost/";

  it.each([
    ["person-token", undefined, "Status 401: a person token is required"],
    ["agent-token", undefined, "Status 401: the caller must be agent-token"],
    ["auth-token", undefined, "Status 401: an auth token is required"],
    [
      "auth-token",
      { tokenId: "r-1", header: {}, claims: { scope: "a:b" } },
      "Status 401: an auth token is required; resource token r-1, scope a:b",
    ],
  ])("a challenge for level %s names the requirement", (level, resourceToken, details) => {
    expect(step({ type: "challenge_received", url, status: 401, level, resourceToken })?.details).toBe(
      details,
    );
  });

  it("an answer to come is a step where a person has to act, and not at each look", () => {
    const party = "https://person-server.localhost";
    const needed = { type: "interaction_required", party, url: `${party}/interaction`, code: "A1B2-C3D4" };
    expect(step({ ...needed, page: `${party}/interaction?code=A1B2-C3D4`, isRelayed: false })).toMatchObject({
      action: "consent_required",
      details: `${party} needs a person at ${party}/interaction`,
    });
    for (const looked of [
      { type: "request_signed", method: "GET", purpose: "resource", coveredComponents: [] },
      { type: "response_received", status: 202, purpose: "resource" },
      { type: "challenge_received", status: 202, level: "interaction" },
      { type: "token_requested", requestType: "interaction" },
      { type: "answer_pending", party },
    ])
      expect(step({ url, ...looked })).toBeUndefined();
  });

  it("a person token is named, as is the credential of the repeated request", () => {
    const token = { tokenId: "p-1", header: {}, claims: {} };
    const received = { type: "token_received", requestType: "person-token", token, expiresInSeconds: 60 };
    expect(step(received)).toMatchObject({
      details: expect.stringMatching(/^Person token p-1 /),
      isPersonToken: true,
    });
    expect(step({ type: "token_requested", url, requestType: "person-token" })).toMatchObject({
      isPersonToken: true,
    });
    expect(step({ type: "token_requested", url, requestType: "auth-token" })).not.toHaveProperty(
      "isPersonToken",
    );
    const retried = { type: "request_retried", url, method: "POST", scheme: "jwt", reason: "identity" };
    expect(step(retried)).toMatchObject({
      details: `POST ${url} repeated with the person token`,
      isPersonToken: true,
    });
  });
});
