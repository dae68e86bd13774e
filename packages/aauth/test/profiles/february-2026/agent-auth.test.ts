import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AgentAuth,
  formatAgentAuth,
  parseAgentAuth,
} from "../../../src/profiles/february-2026/agent-auth.ts";
import { hostileText } from "../../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../../refusal.ts";
import vectors from "../../vectors/agent-auth.json" with { type: "json" };

const challenge = 'httpsig; auth-token; resource_token="a.b.c"; auth_server="https://auth.example"';

describe("Agent-Auth", () => {
  test.each(vectors)("parses and writes $value", ({ value, parsed }) => {
    expect(parseAgentAuth(value)).toEqual(parsed);
    expect(formatAgentAuth(parsed as AgentAuth)).toBe(value);
  });

  test("takes parameters in any order, other spacing, and parameters it does not know", () => {
    const value =
      '  httpsig;auth_server="https://auth.example";  new="x;y";resource_token="a.b.c";auth-token;z=7 ';
    expect(parseAgentAuth(value)).toEqual(parseAgentAuth(challenge));
  });

  test("identity=?0 asks for none", () => {
    expect(parseAgentAuth("httpsig; identity=?0").level).toBe("pseudonymous");
  });

  test("unescapes a quoted value", () => {
    expect(parseAgentAuth('httpsig; user_interaction="a\\"b\\\\c"').userInteraction).toBe('a"b\\c');
  });

  test.each([
    ["nothing", ""],
    ["the scheme in upper case", "HTTPSIG"],
    ["a quoted scheme", '"httpsig"'],
    ["a second challenge", "httpsig, httpsig"],
    ["another challenge after it", 'httpsig; identity=?1, Bearer realm="x"'],
    ["a duplicate parameter", `${challenge}; auth_server="https://evil.example"`],
    ["an identity that is no boolean", "httpsig; identity=1"],
    ["an auth-token that is no boolean", `${challenge.replace("auth-token", 'auth-token="x"')}`],
    ["an empty resource_token, as the gateway sends", challenge.replace("a.b.c", "")],
    [
      "no resource_token, as the demo sometimes sends",
      'httpsig; auth-token; auth_server="https://auth.example"',
    ],
    ["no auth_server", 'httpsig; auth-token; resource_token="a.b.c"'],
    ["a resource_token without quotes", challenge.replace('"a.b.c"', "a.b.c")],
    ["a value without end", challenge.slice(0, -1)],
    ["a name in upper case", "httpsig; Identity=?1"],
    ["algs that is no list", 'httpsig; algs="ed25519"'],
    ["algs of tokens", "httpsig; algs=(ed25519)"],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_challenge", () => parseAgentAuth(value));
  });

  // Hole P9: the Python library finds the word anywhere.
  test("P9: httpsig inside another scheme's quoted text is not a challenge", async () => {
    await expectRefusal("malformed_challenge", () => parseAgentAuth('Bearer realm="httpsig"'));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () => parseAgentAuth(`httpsig; a="${"a".repeat(20_000)}"`));
  });

  test("never throws anything but an AAuthError, whatever comes", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => parseAgentAuth(value))),
      { numRuns: 400 },
    );
  });

  test("reads what it writes", () => {
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
