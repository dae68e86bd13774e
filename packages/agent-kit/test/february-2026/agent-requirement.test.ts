import { expect, test } from "vitest";
import { agentRequirement } from "../../src/february-2026/agent-requirement.ts";

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
  const config = { authorizationScheme, publishedPeers: [], publishedHwk: false };
  expect(agentRequirement({ agent: { scope: "a" }, config, ...options })).toEqual(expected);
});

test("the published demo's dialect is accepted from callers known by key alone where that is set, and asked for no more", () => {
  const agent = { scope: "a" };
  const config = { publishedPeers: [], publishedHwk: true };
  expect(agentRequirement({ agent, config: { ...config, authorizationScheme: "signature-only" } })).toEqual({
    level: "pseudonymous",
    profiles: ["february-2026", "february-2026-published"],
  });
  expect(agentRequirement({ agent, config: { ...config, authorizationScheme: "autonomous" } })).toEqual({
    level: "authorized",
    scopes: ["a"],
  });
});
