import { expect, test } from "vitest";
import { requirementFor } from "../src/requirement.ts";

const AUTHORIZED = { level: "authorized", scopes: ["market-analysis:analyze"] };

test.each([
  ["signature-only", "authorized", { level: "pseudonymous" }],
  ["autonomous", "authorized", AUTHORIZED],
  ["autonomous", "identified", { level: "identified" }],
  ["autonomous", "pseudonymous", { level: "pseudonymous" }],
  ["user-delegated", "pseudonymous", { ...AUTHORIZED, subject: "required" }],
] as const)("%s with autonomous level %s", (scheme, level, expected) => {
  expect(requirementFor(scheme, level)).toEqual(expected);
});
