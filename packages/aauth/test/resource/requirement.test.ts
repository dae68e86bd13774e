import { describe, expect, test } from "vitest";
import { AAuthError } from "../../src/errors.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import { testKey } from "../../src/testing/index.ts";
import type { AuthTokenClaims, VerifiedAgent } from "../../src/types.ts";

function stackOf(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as Error).stack;
  }
  return undefined;
}

test("a requirement that any token would meet is refused here, too", async () => {
  const { publicJwk: key, thumbprint } = await testKey("A");
  const agent = {
    level: "identified",
    scheme: "jwks",
    agent: "https://agent.example",
    key,
    thumbprint,
  } as const;
  expect(() => meetRequirement(agent, { level: "authorized", scopes: [] })).toThrow(TypeError);
});

describe("A5: a requirement that demands a user", () => {
  const REQUIREMENT = { level: "authorized", scopes: ["data:read"], subject: "required" } as const;
  const agentWith = async (token: { subject?: string; scopes: string[] }): Promise<VerifiedAgent> => {
    const { publicJwk: key, thumbprint } = await testKey("A");
    return {
      level: "authorized",
      scheme: "jwt",
      agent: "https://agent.example",
      key,
      thumbprint,
      authToken: {} as AuthTokenClaims,
      rawAuthToken: "",
      ...token,
    };
  };

  test.each([
    ["A5: no user", {}],
    ["A5: an empty user", { subject: "" }],
  ])("%s is user_required, 403", async (_what, user) => {
    const agent = await agentWith({ scopes: ["data:read"], ...user });
    expect(() => meetRequirement(agent, REQUIREMENT)).toThrow(
      expect.objectContaining({ code: "user_required", status: 403 }),
    );
    meetRequirement(agent, { level: "authorized", scopes: ["data:read"] });
  });

  test("a token with a user meets it; a scope that is lacking is asked for first, which may bring the user", async () => {
    meetRequirement(await agentWith({ scopes: ["data:read"], subject: "alice" }), REQUIREMENT);
    const agent = await agentWith({ scopes: [] });
    expect(() => meetRequirement(agent, REQUIREMENT)).toThrow(
      expect.objectContaining({ code: "insufficient_scope" }),
    );
  });

  test.each([true, "optional", "", null])("subject %j is refused", async (subject) => {
    const agent = await agentWith({ scopes: ["data:read"], subject: "alice" });
    const requirement = { ...REQUIREMENT, subject: subject as "required" };
    expect(() => meetRequirement(agent, requirement)).toThrow(TypeError);
  });
});

test("asking for more takes no stack, and the next error has one", async () => {
  const { publicJwk: key, thumbprint } = await testKey("A");
  const agent = { level: "pseudonymous", scheme: "hwk", key, thumbprint } as const;
  const refusal = stackOf(() => meetRequirement(agent, { level: "identified" }));
  expect(refusal).toContain("the route needs an identified agent");
  expect(refusal).not.toContain("\n    at ");
  const another = stackOf(() => {
    throw new AAuthError("unknown_key", "another");
  });
  expect(another).toContain("\n    at ");
});
