import { describe, expect, test } from "vitest";
import { expandEnvironment } from "../../src/configuration/expand-environment.ts";

describe("expandEnvironment", () => {
  const env = { A: "one", EMPTY: "" };
  test.each([
    ["$A", "one"],
    [`\${A}`, "one"],
    [`\${A:-two}`, "one"],
    [`\${B:-http://x:1}`, "http://x:1"],
    [`\${B:-}`, ""],
    [`\${EMPTY}`, ""],
    [`\${EMPTY:-two}`, "two"],
    ["$$A", "$A"],
    ['matches("^/x$")', 'matches("^/x$")'],
    ["cost: 5$", "cost: 5$"],
    [`# \${A} in a comment`, "# one in a comment"],
    ["# yaml-language-server: $schema=https://x", "#=https://x"],
  ])("%s -> %s", (text, expected) => {
    expect(expandEnvironment({ text, source: "x", env })).toBe(expected);
  });

  test("a variable that is not set is a problem with its line", () => {
    expect(() => expandEnvironment({ text: `a: 1\nb: \${NOPE}\nc: $NOPE2`, source: "x", env })).toThrow(
      "x:2 (root): environment variable NOPE is not set and has no default\n" +
        "x:3 (root): environment variable NOPE2 is not set and has no default",
    );
  });
});
