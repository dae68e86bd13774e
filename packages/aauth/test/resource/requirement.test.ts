import { expect, test } from "vitest";
import { AAuthError } from "../../src/errors.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import { testKey } from "../../src/testing/index.ts";

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
