import { describe, expect, test } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { AAuthVerificationError } from "../../src/errors.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import { testKey } from "../../src/testing/index.ts";
import type { ProvenCaller, Requirement } from "../../src/types.ts";

const { publicJwk: key, thumbprint } = await testKey("A");
const profile = "february-2026";
const pseudonymous: ProvenCaller = { profile, level: "pseudonymous", scheme: "hwk", key, thumbprint };
const identified: ProvenCaller = {
  profile,
  level: "identified",
  scheme: "jwks",
  key,
  thumbprint,
  agent: "https://agent.example",
};
const grant = { scopes: ["a", "b"], claims: {}, token: "x.y.z" };
const authorized: ProvenCaller = { ...identified, level: "authorized", scheme: "jwt", grant };

test("a requirement that any token would meet is refused here, too", () => {
  expect(() => meetRequirement(identified, { level: "authorized", scopes: [] }, february2026)).toThrow(
    TypeError,
  );
});

test("a requirement has no account", () => {
  const requirement: Requirement = { level: "authorized", scopes: ["a"], account: "acme" };
  expect(() => february2026.verification.validateRequirement(requirement)).toThrow(TypeError);
});

test.each<[string, ProvenCaller, string[]]>([
  ["pseudonymous", pseudonymous, ["passes", "identity_required", "identity_required", "identity_required"]],
  ["identified", identified, ["passes", "passes", "authorization_required", "authorization_required"]],
  ["authorized", authorized, ["passes", "passes", "passes", "insufficient_scope"]],
])("the requirements that a caller that is %s meets", (_level, caller, expected) => {
  const requirements = [
    { level: "pseudonymous" },
    { level: "identified" },
    { level: "authorized", scopes: ["b", "a"] },
    { level: "authorized", scopes: ["a", "c"] },
  ];
  const verdicts = requirements.map((requirement) => {
    try {
      meetRequirement(caller, requirement, february2026);
      return "passes";
    } catch (error) {
      expect(error).toBeInstanceOf(AAuthVerificationError);
      const { code, provenCaller } = error as AAuthVerificationError;
      expect(provenCaller).toBe(code === "identity_required" ? undefined : caller);
      return code;
    }
  });
  expect(verdicts).toEqual(expected);
});

test.each([
  ["february-2026", february2026, { level: "identified" }, "authorized"],
  ["draft-11", draft11, { level: "person-token" }, "auth-token"],
] as const)(
  "a level without scopes serves an auth token with any scope, and no other does: %s",
  (profile, dialect, unscoped, level) => {
    const person = { iss: "https://person.example", sub: "alice" };
    const nope = { scopes: ["nope"], claims: {}, token: "x.y.z" };
    const caller: ProvenCaller = { ...authorized, profile, level, person, grant: nope };
    meetRequirement(caller, unscoped, dialect);
    expect(() => meetRequirement(caller, { level, scopes: ["data.read"] }, dialect)).toThrow(
      expect.objectContaining({ code: "insufficient_scope" }),
    );
  },
);

describe("A5: a requirement that demands a user", () => {
  const REQUIREMENT = { level: "authorized", scopes: ["data:read"], subject: "required" } as const;
  const callerWith = ({ sub, scopes }: { sub?: string; scopes: string[] }): ProvenCaller => ({
    ...authorized,
    ...(sub !== undefined && { person: { iss: "https://auth.example", sub } }),
    grant: { scopes, claims: {}, token: "x.y.z" },
  });

  test.each([
    ["A5: no user", {}],
    ["A5: an empty user", { sub: "" }],
  ])("%s is user_required, 403", (_what, user) => {
    const caller = callerWith({ scopes: ["data:read"], ...user });
    expect(() => meetRequirement(caller, REQUIREMENT, february2026)).toThrow(
      expect.objectContaining({ code: "user_required", status: 403 }),
    );
    meetRequirement(caller, { level: "authorized", scopes: ["data:read"] }, february2026);
  });

  test("a token with a user meets it; a missing scope is required first, which may involve the user", () => {
    meetRequirement(callerWith({ scopes: ["data:read"], sub: "alice" }), REQUIREMENT, february2026);
    expect(() => meetRequirement(callerWith({ scopes: [] }), REQUIREMENT, february2026)).toThrow(
      expect.objectContaining({ code: "insufficient_scope" }),
    );
  });
});
