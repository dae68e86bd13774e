import { expect, test } from "vitest";
import { agentRequirement } from "../src/agent-requirement.ts";

const level = (name: "pseudonymous" | "identified" | "authorized") => ({ autonomousLevel: name });

test.each([
  ["signature-only", { additionalScopes: ["b"] }, { level: "pseudonymous" }],
  ["autonomous", { additionalScopes: ["b"] }, { level: "authorized", scopes: ["a"] }],
  ["autonomous", level("identified"), { level: "identified" }],
  ["autonomous", level("pseudonymous"), { level: "pseudonymous" }],
  ["user-delegated", level("pseudonymous"), { level: "authorized", scopes: ["a"], subject: "required" }],
  [
    "user-delegated",
    { additionalScopes: ["b"] },
    { level: "authorized", scopes: ["a", "b"], subject: "required" },
  ],
] as const)("%s with %j", (authorizationScheme, options, expected) => {
  expect(agentRequirement({ agent: { scope: "a" }, config: { authorizationScheme }, ...options })).toEqual(
    expected,
  );
});
