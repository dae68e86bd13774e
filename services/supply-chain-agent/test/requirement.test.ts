import { expect, test } from "vitest";
import { requirementFor } from "../src/requirement.ts";

test.each([
  ["signature-only", [], { level: "pseudonymous" }],
  ["signature-only", ["extra"], { level: "pseudonymous" }],
  ["autonomous", [], { level: "authorized", scopes: ["supply-chain:optimize"] }],
  ["autonomous", ["extra"], { level: "authorized", scopes: ["supply-chain:optimize"] }],
  ["user-delegated", [], { level: "authorized", scopes: ["supply-chain:optimize"], subject: "required" }],
  [
    "user-delegated",
    ["market-analysis:analyze"],
    {
      level: "authorized",
      scopes: ["supply-chain:optimize", "market-analysis:analyze"],
      subject: "required",
    },
  ],
] as const)("%s with %j", (scheme, additional, expected) => {
  expect(requirementFor(scheme, additional)).toEqual(expected);
});
