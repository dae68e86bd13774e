import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasTokenMember } from "../../src/draft-11/signature-key.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import {
  formatSignatureKey,
  isParenthesised,
  parseSignatureKey,
  type SignatureKey,
} from "../../src/february-2026/signature-key.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

const x = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";
const hwk = `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${x}")`;

test("a value has the form of one dialect at most", () => {
  expect([hasTokenMember(hwk), isParenthesised(hwk)]).toEqual([false, true]);
  expect(isParenthesised('sig=jwt;jwt="a.b.c"')).toBe(false);
  const nearby = fc.string({ unit: fc.constantFrom(...'sig1=(jwt;" ,*') });
  fc.assert(
    fc.property(fc.oneof(hostileText, nearby), (value) => {
      expect(hasTokenMember(value) && isParenthesised(value)).toBe(false);
    }),
  );
});

describe("parseSignatureKey", () => {
  // Hole P6: the Python library merges two members, and the last of two parameters wins.
  test.each([
    ["P6: a second member", `${hwk}, sig2=(scheme=jwt jwt="a.b.c")`],
    ["P6: the same member twice", `${hwk}, ${hwk}`],
    ["P6: a duplicate parameter", hwk.replace(")", ` x="${x}")`)],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_signature_key", () => parseSignatureKey(value));
  });

  test.each(["x509", "hmac", "HWK", "unknown"])("refuses the scheme %s", async (scheme) => {
    await expectRefusal("unsupported_scheme", () => parseSignatureKey(`sig1=(scheme=${scheme} a="b")`));
  });

  test.each([
    ["RSA", hwk.replace("OKP", "RSA")],
    ["another curve", hwk.replace("Ed25519", "Ed448")],
    ...["d", "k", "p", "q", "dp", "dq", "qi", "oth"].map((name) => [
      `the private member ${name}`,
      hwk.replace(")", ` ${name}="AAAA")`),
    ]),
  ])("refuses a header key that is or has %s", async (_, value) => {
    await expectRefusal("unsupported_key", () => parseSignatureKey(value));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () =>
      parseSignatureKey(`sig1=(scheme=jwt jwt="${"a".repeat(16_384)}")`),
    );
  });

  test("does not quote the value in its message", () => {
    expect(() => parseSignatureKey(`sig1=(scheme=jwt jwt="secret" jwt="secret")`)).toThrow(/^(?!.*secret)/);
  });

  test.each([
    ["hwk", `sig1=hwk;kty="OKP"; crv="Ed25519";x="${x}"`],
    ["jwks_uri", 'sig=jwks_uri;id="https://a.example";kid="k"'],
    ["jwt", 'sig=jwt;jwt="a.b.c"'],
  ])("refuses the semicolon form of other drafts: %s", async (_, value) => {
    await expectRefusal("malformed_signature_key", () => parseSignatureKey(value));
    expect(february2026.messages.claims(value)).toBe(false);
  });

  test("throws only AAuthErrors, for any input", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => parseSignatureKey(value))),
      { numRuns: 400 },
    );
  });
});

const printable = fc.string({ unit: "grapheme-ascii", minLength: 1 }).filter((text) => !/["\\]/.test(text));
const label = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,20}$/);

test("parseSignatureKey reads the output of formatSignatureKey", () => {
  const key = fc.oneof<fc.Arbitrary<SignatureKey>[]>(
    fc.record({
      label,
      scheme: fc.constant("hwk"),
      jwk: fc.record({ kty: fc.constant("OKP"), crv: fc.constant("Ed25519"), x: printable }),
    }),
    fc.record({ label, scheme: fc.constant("jwks"), id: printable, kid: printable }),
    fc.record({ label, scheme: fc.constant("jwks"), id: printable, kid: printable, wellKnown: printable }),
    fc.record({ label, scheme: fc.constant("jwks"), jwksUri: printable, kid: printable }),
    fc.record({ label, scheme: fc.constant("jwt"), jwt: printable }),
  );
  fc.assert(
    fc.property(key, (value) => {
      expect(parseSignatureKey(formatSignatureKey(value))).toEqual({ ...value });
    }),
  );
});

test.each([
  ["a quote", 'a"b'],
  ["a backslash", "a\\b"],
  ["a line feed", "a\nb"],
  ["nothing", ""],
])("formatSignatureKey refuses a value with %s", async (_, jwt) => {
  await expectRefusal("malformed_signature_key", () =>
    formatSignatureKey({ label: "sig1", scheme: "jwt", jwt }),
  );
});

test.each(["", "Sig", "sig 1", "1sig"])("formatSignatureKey refuses the label %j", async (label) => {
  await expectRefusal("malformed_signature_key", () =>
    formatSignatureKey({ label, scheme: "jwt", jwt: "a" }),
  );
});
