import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AgentAuth, formatAgentAuth, parseAgentAuth } from "../../src/february-2026/agent-auth.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

describe("Agent-Auth", () => {
  test("unescapes a quoted value", () => {
    expect(parseAgentAuth('httpsig; user_interaction="a\\"b\\\\c"').userInteraction).toBe('a"b\\c');
  });

  // Hole P9: the Python library finds the word anywhere in the string.
  test("P9: httpsig inside another scheme's quoted text is not a challenge", async () => {
    await expectRefusal("malformed_challenge", () => parseAgentAuth('Bearer realm="httpsig"'));
    const twice = 'httpsig; algs=("ed25519"); algs=("rsa-pss-sha512")';
    await expectRefusal("malformed_challenge", () => parseAgentAuth(twice));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () => parseAgentAuth(`httpsig; a="${"a".repeat(20_000)}"`));
  });

  test("throws only AAuthErrors, for any input", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => parseAgentAuth(value))),
      { numRuns: 400 },
    );
  });

  test("parses its own output", () => {
    const text = fc.string({ unit: "grapheme-ascii", minLength: 1 });
    const algs = fc.array(text, { minLength: 1, maxLength: 3 });
    const value = fc.oneof<fc.Arbitrary<AgentAuth>[]>(
      fc.record({ level: fc.constantFrom("pseudonymous", "identified"), algs }),
      fc.record({ level: fc.constantFrom("pseudonymous", "identified"), userInteraction: text }),
      fc.record({ level: fc.constant("authorized"), resourceToken: text, authServer: text }),
      fc.record({
        level: fc.constant("authorized"),
        resourceToken: text,
        authServer: text,
        userInteraction: text,
        algs,
      }),
    );
    fc.assert(
      fc.property(value, (auth) => {
        expect(parseAgentAuth(formatAgentAuth(auth))).toEqual({ ...auth });
      }),
    );
  });

  test.each([
    ["no resource token", { level: "authorized", authServer: "https://auth.example" }],
    [
      "an empty resource token",
      { level: "authorized", resourceToken: "", authServer: "https://auth.example" },
    ],
    ["no auth server", { level: "authorized", resourceToken: "a.b.c" }],
    ["a value that cannot be written", { level: "pseudonymous", userInteraction: "a\r\nb" }],
  ] as [string, AgentAuth][])("is not written with %s", async (_, auth) => {
    await expectRefusal("malformed_challenge", () => formatAgentAuth(auth));
  });
});
