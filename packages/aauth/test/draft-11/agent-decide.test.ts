import { describe, expect, it } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { AAuthAgentError, TokenRequestError } from "../../src/errors.ts";
import type { CallOutcome, CallState, Challenge, ResponseHead } from "../../src/profile/calls.ts";
import { agentToken, authToken, changed, keys, personToken } from "./kit.ts";

const { decide, readResponse, requestFields, deferral } = draft11.calls;
const NOTHING = {
  resource: "https://resource.example",
  returnUrl: undefined,
  scope: undefined,
  thumbprint: "agent-key",
};
const [A, P, T] = [await agentToken(), await personToken(), await authToken()];
const unsigned = (claims: object) =>
  [{ alg: "Ed25519", typ: "aa-resource+jwt" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".")
    .concat(".AA");
const R = unsigned({ scope: "data.read" });
const R2 = unsigned({ scope: "data.write" });
const DEFERRED = { location: "/pending/1", retryAfterSeconds: 1, requirement: "" };

const response = (status: number, challenge?: Challenge): CallOutcome => ({
  type: "response",
  status,
  challenge,
});
const obtained = (token: string, isHeld = false): CallOutcome => ({ type: "obtained", token, isHeld });
const held: CallOutcome = { type: "started", token: T, held: { isCurrentKey: true } };
const person: Challenge = { level: "person-token" };
const auth = (resourceToken = R): Challenge => ({ level: "auth-token", resourceToken });

/** Actions after each outcome, abbreviated. */
function story(outcomes: readonly CallOutcome[], scope?: string): string[] {
  let state: CallState = {};
  return outcomes.map((outcome) => {
    const decision = decide(state, outcome, { ...NOTHING, scope });
    state = decision.state;
    // Plain data, which can be stored at any step.
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    const { step } = decision;
    switch (step.do) {
      case "send":
        return `${step.as === "token" ? nameOf(step.token) : step.as}${step.reason ? ` ${step.reason}` : ""}`;
      case "obtain":
        return `obtain ${step.challenge.level}`;
      case "poll":
        return `poll${step.token === undefined ? "" : ` ${nameOf(step.token)}`} ${step.deferred.retryAfterSeconds}`;
      case "throw":
        return step.error instanceof AAuthAgentError
          ? `throw ${step.error.code}${step.forgets ? " forgets" : ""}`
          : "throw";
      case "offer":
        return `offer ${step.scope} ${nameOf(step.token ?? "")}`;
      default:
        return step.do;
    }
  });
}
const nameOf = (token: string) => ({ [A]: "A", [P]: "P", [T]: "T" })[token] ?? "?";

const START: CallOutcome = { type: "started" };
const AWAY = new AAuthAgentError("token_request_failed", "away");

describe("decide", () => {
  it.each<[string, CallOutcome[], string[], scope?: string]>([
    ["an agent", [START, response(200)], ["identity", "answer"]],
    [
      "a person",
      [START, response(401, person), obtained(P), response(200)],
      ["identity", "obtain person-token", "P identity", "answer"],
    ],
    [
      "three parties",
      [START, response(401, person), obtained(P), response(401, auth()), obtained(T), response(200)],
      ["identity", "obtain person-token", "P identity", "obtain auth-token", "T authorization", "answer"],
    ],
    ["a held token", [held, response(200)], ["T", "answer"]],
    [
      "a step-up of a held token",
      [held, response(401, auth(R2)), obtained(T), response(200)],
      ["T", "obtain auth-token", "T authorization", "answer"],
    ],
    [
      "a step-up in the same call",
      [START, response(401, auth()), obtained(T), response(401, auth(R2)), obtained(T)],
      ["identity", "obtain auth-token", "T authorization", "obtain auth-token", "T authorization"],
    ],
    [
      "the same demand again",
      [START, response(401, auth()), obtained(T), response(401, auth())],
      ["identity", "obtain auth-token", "T authorization", "throw challenge_repeated forgets"],
    ],
    [
      "the same demand again, for a token of the cache",
      [
        START,
        response(401, auth()),
        obtained(T, true),
        response(401, auth()),
        obtained(T),
        response(401, auth()),
      ],
      [
        "identity",
        "obtain auth-token",
        "T authorization",
        "obtain auth-token",
        "T authorization",
        "throw challenge_repeated forgets",
      ],
    ],
    [
      "a person again",
      [START, response(401, person), obtained(P), response(401, person)],
      ["identity", "obtain person-token", "P identity", "throw challenge_repeated forgets"],
    ],
    [
      "a held token that is refused",
      [held, response(401, { level: "", refusal: "expired_jwt" }), { type: "held", token: undefined }],
      ["T", "discard-held", "identity token_refused"],
    ],
    [
      "a held token that is refused, and another one",
      [held, response(401, { level: "" }), { type: "held", token: P }, response(200)],
      ["T", "discard-held", "P token_refused", "answer"],
    ],
    [
      "held tokens that are refused for ever",
      [
        held,
        response(401, { level: "" }),
        { type: "held", token: P } as const,
        response(401, { level: "" }),
        { type: "held", token: P } as const,
        response(401, { level: "" }),
        { type: "held", token: P } as const,
        response(401, { level: "" }),
      ],
      [
        "T",
        "discard-held",
        "P token_refused",
        "discard-held",
        "P token_refused",
        "discard-held",
        "P token_refused",
        "answer",
      ],
    ],
    [
      "a signature that is refused",
      [held, response(401, { level: "", refusal: "clock_skew" })],
      ["T", "answer"],
    ],
    [
      "a signature that has to cover more",
      [
        START,
        response(401, { level: "", refusal: "invalid_input", covers: ["@query"] }),
        response(401, { level: "", refusal: "invalid_input", covers: ["@query"] }),
      ],
      ["identity", "cover", "answer"],
    ],
    ["an agent that is refused", [START, response(401, { level: "" })], ["identity", "answer"]],
    [
      "an agent that is asked for itself",
      [START, response(401, { level: "agent-token" })],
      ["identity", "answer"],
    ],
    [
      "a person where only the agent counts",
      [{ type: "started", token: P }, response(401, { level: "agent-token" }), response(200)],
      ["P", "identity identity", "answer"],
    ],
    [
      "an agent where more was shown from the cache: it stays there",
      [held, response(401, { level: "agent-token" }), response(200)],
      ["T", "identity identity", "answer"],
    ],
    [
      "a person where more was shown from the cache",
      [held, response(401, person), obtained(P, true), response(200)],
      ["T", "obtain person-token", "P identity", "answer"],
    ],
    [
      "a person, for a held token that was revoked",
      [held, response(401, { ...person, refusal: "revoked_jwt" }), { type: "held", token: undefined }],
      ["T", "discard-held", "identity token_refused"],
    ],
    [
      "an agent, for a held token that has expired",
      [held, response(401, { level: "agent-token", refusal: "expired_jwt" })],
      ["T", "discard-held"],
    ],
    [
      "a held person token that is refused",
      [{ type: "started", token: P, held: { isCurrentKey: true } }, response(401, person)],
      ["P", "discard-held"],
    ],
    [
      "a person and an agent in turns",
      [
        START,
        response(401, person),
        obtained(P),
        response(401, { level: "agent-token" }),
        response(401, person),
        obtained(P),
        response(401, { level: "agent-token" }),
        response(401, person),
        obtained(P),
        response(401, { level: "agent-token" }),
        response(401, person),
      ],
      [
        "identity",
        "obtain person-token",
        "P identity",
        "identity identity",
        "obtain person-token",
        "P identity",
        "identity identity",
        "obtain person-token",
        "P identity",
        "identity identity",
        "throw challenge_repeated forgets",
      ],
    ],
    [
      "what is not known",
      [START, response(401, { level: "moon-phase" })],
      ["identity", "throw unsupported_requirement"],
    ],
    ["payment", [START, response(402, auth())], ["identity", "throw payment_required"]],
    [
      "an answer that comes later",
      [START, response(202, { level: "", deferred: DEFERRED }), response(200)],
      ["identity", "poll 1", "answer"],
    ],
    ["too many requests, that is no look", [START, response(429)], ["identity", "answer"]],
    ["an answer with no Location", [START, response(202, { level: "approval" })], ["identity", "answer"]],
    [
      "a held request",
      [
        START,
        response(401, person),
        obtained(P),
        response(202, { ...auth(), deferred: DEFERRED }),
        obtained(T),
        response(202, { ...auth(), deferred: DEFERRED }),
        response(200),
      ],
      ["identity", "obtain person-token", "P identity", "obtain auth-token", "poll T 1", "poll 1", "answer"],
    ],
    [
      "a held request that wants more",
      [
        { type: "started", token: P } as const,
        response(202, { ...auth(), deferred: DEFERRED }),
        obtained(T),
        response(401, auth(R2)),
        obtained(T),
        response(200),
      ],
      ["P", "obtain auth-token", "poll T 1", "obtain auth-token", "poll T 1", "answer"],
    ],
    [
      "a scope that is known",
      [START, obtained(P), { type: "offered", challenge: auth() }, obtained(T), response(200)],
      ["obtain person-token", "offer data.read P", "obtain auth-token", "T authorization", "answer"],
      "data.read",
    ],
    [
      "a scope that is not offered",
      [START, obtained(P), { type: "offered", challenge: undefined }, response(200)],
      ["obtain person-token", "offer data.read P", "P", "answer"],
      "data.read",
    ],
    [
      "a scope that is known, and no person",
      [
        START,
        { type: "obtain-failed", error: new AAuthAgentError("person_required", "none") },
        response(200),
      ],
      ["obtain person-token", "identity", "answer"],
      "data.read",
    ],
    [
      "a scope that is known, and a person who says no",
      [START, { type: "obtain-failed", error: new TokenRequestError("denied", "", 403) }],
      ["obtain person-token", "throw token_request_refused"],
      "data.read",
    ],
    [
      "an old token that cannot be replaced",
      [
        { type: "started", ageing: T } as const,
        response(401, person),
        { type: "obtain-failed", error: AWAY } as const,
        response(200),
      ],
      ["identity", "obtain person-token", "T authorization", "answer"],
    ],
    [
      "an old token, and a server that says no",
      [
        { type: "started", ageing: T } as const,
        response(401, person),
        { type: "obtain-failed", error: new TokenRequestError("denied", "", 403) },
      ],
      ["identity", "obtain person-token", "throw token_request_refused"],
    ],
    [
      "a person token that a server finds expired",
      [
        { type: "started", token: P, held: { isCurrentKey: true } } as const,
        response(401, auth()),
        { type: "obtain-failed", error: new TokenRequestError("expired_presented_token", "", 400) },
      ],
      ["P", "obtain auth-token", "discard-held"],
    ],
    [
      "what is no error of ours",
      [START, response(401, person), { type: "obtain-failed", error: "x" }],
      ["identity", "obtain person-token", "throw"],
    ],
    [
      "a token that cannot be read",
      [{ type: "started", token: "x" }, response(401, auth("y"))],
      ["?", "obtain auth-token"],
    ],
  ])("%s", (_, outcomes, steps, scope) => {
    expect(story(outcomes, scope)).toEqual(steps);
  });

  it("does not change its arguments", () => {
    const state = Object.freeze(decide({}, START, NOTHING).state);
    expect(decide(state, response(401, person), NOTHING)).toEqual(
      decide(state, response(401, person), NOTHING),
    );
  });
});

describe("a challenge", () => {
  const head = (status: number, fields: Record<string, string> = {}): ResponseHead => ({
    status,
    url: "https://resource.example/data",
    field: (name) => fields[name] ?? null,
  });
  const later = { location: "/p", "retry-after": "3" };
  it.each<[number, Record<string, string>, Challenge | undefined]>([
    [200, { "aauth-requirement": "requirement=person-token" }, undefined],
    [403, { "aauth-requirement": "requirement=person-token" }, undefined],
    [401, { "aauth-requirement": "requirement=person-token; x=1" }, { level: "person-token" }],
    [
      401,
      { "aauth-requirement": "requirement=person-token", "signature-error": "error=revoked_jwt" },
      { level: "person-token", refusal: "revoked_jwt" },
    ],
    [401, {}, { level: "" }],
    [401, { "signature-error": "error=expired_jwt" }, { level: "", refusal: "expired_jwt" }],
    [401, { "signature-error": "nonsense" }, { level: "" }],
    [
      401,
      { "signature-error": 'error=invalid_input, required_input=("@method" "x-a")' },
      { level: "", refusal: "invalid_input", covers: ["@method", "x-a"] },
    ],
    [402, { "aauth-requirement": "requirement=new" }, { level: "new" }],
    [402, {}, undefined],
    [202, {}, undefined],
    // Agents handle every 202; without Retry-After they wait 5 s (section 11.8.3).
    [
      202,
      { location: "/jobs/1" },
      { level: "", deferred: { location: "/jobs/1", retryAfterSeconds: 5, requirement: "" } },
    ],
    [202, later, { level: "", deferred: { location: "/p", retryAfterSeconds: 3, requirement: "" } }],
    [
      202,
      { location: "/p", "aauth-requirement": "requirement=approval" },
      { level: "approval", deferred: { location: "/p", retryAfterSeconds: 5, requirement: "approval" } },
    ],
    [
      202,
      { location: "/p", "retry-after": "Fri, 28 Nov 2026 06:00:00 GMT" },
      { level: "", deferred: { location: "/p", retryAfterSeconds: 5, requirement: "" } },
    ],
    [
      202,
      {
        ...later,
        "aauth-requirement": 'requirement=interaction; url="https://a.example/i"; code="a1b2-c3d4"',
      },
      {
        level: "interaction",
        deferred: {
          location: "/p",
          retryAfterSeconds: 3,
          requirement: "interaction",
          interaction: { url: "https://a.example/i", code: "a1b2-c3d4" },
        },
      },
    ],
  ])("of a %i with %j", (status, fields, challenge) => {
    expect(readResponse(head(status, fields)).challenge).toEqual(challenge);
  });

  it("for an interaction has a page with code and callback, properly escaped", () => {
    const interaction = { url: "https://a.example/i", code: "A1B2-C3D4" };
    expect(deferral?.pageOf(interaction, undefined)).toBe("https://a.example/i?code=A1B2-C3D4");
    expect(deferral?.pageOf(interaction, "https://b.example/?x=1&code=2")).toBe(
      "https://a.example/i?code=A1B2-C3D4&callback=https%3A%2F%2Fb.example%2F%3Fx%3D1%26code%3D2",
    );
  });

  it("has no fields without capabilities and without a session", () => {
    expect(requestFields?.({ capabilities: [], session: undefined })).toEqual({});
  });

  it("of another scope or account is another", async () => {
    const other = await changed(unsigned({ scope: "data.read", account: "x" }), keys.resource, {});
    expect(story([START, response(401, auth()), obtained(T), response(401, auth(other))]).at(-1)).toBe(
      "obtain auth-token",
    );
  });
});
