import type { AgentEvent } from "aauth/agent";
import { describe, expect, it } from "vitest";
import { describeStep } from "../../src/runs/describe-step.ts";

const received = (claims: object): AgentEvent =>
  ({
    type: "token_received",
    authServer: "http://auth.localhost",
    requestType: "code",
    token: { tokenId: "t", header: {}, claims },
    expiresInSeconds: 300,
  }) as unknown as AgentEvent;

describe("what an auth token is said to say", () => {
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
] as const)("a request repeated for %s says with what", (reason, what) => {
  const event = {
    type: "request_retried",
    url: "http://a.localhost/",
    method: "POST",
    scheme: "jwks",
    reason,
  };
  expect(describeStep(event as AgentEvent)?.details).toBe(`POST http://a.localhost/ repeated ${what}`);
});

it.each([
  [401, "pseudonymous", "Status 401: the signature or the token was not accepted"],
  [401, "identified", "Status 401: the caller must be identified"],
  [429, "identified", "Status 429: the caller must be identified"],
] as const)("a challenge with %s for level %s", (status, level, details) => {
  const event = { type: "challenge_received", url: "http://a.localhost/", status, level };
  expect(describeStep(event as AgentEvent)?.details).toBe(details);
});
