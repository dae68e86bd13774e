import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  formatSignature,
  formatSignatureKey,
  hasTokenMember,
  parseSignature,
  parseSignatureInput,
  parseSignatureKey,
  type SignatureKey,
  signatureKeyFor,
} from "../../src/draft-11/signature-key.ts";
import { keyA } from "../claim-cases.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses, refusalOf } from "../refusal.ts";

const JWT = "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln";
const forms: [string, SignatureKey][] = [
  [`sig=jwt;jwt="${JWT}"`, { label: "sig", scheme: "jwt", jwt: JWT }],
  [
    'sig1=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="ps \\"1\\""',
    { label: "sig1", scheme: "jwks_uri", id: "https://ps.example", dwk: "aauth-person.json", kid: 'ps "1"' },
  ],
];
/** Pieces of this grammar, in addition to the common ones. */
const PIECES = [
  "sig=",
  "jwt",
  "jwks_uri",
  ";jwt=",
  `"${JWT}"`,
  ";id=",
  ";dwk=",
  ";kid=",
  '"a"',
  ", ",
  "sig1=",
  ";cache",
];
const nearby = fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }).map((pieces) => pieces.join(""));

describe("Signature-Key", () => {
  it("refuses a value that is too long", () =>
    expectRefusal("header_too_large", () => parseSignatureKey(`sig=jwt;jwt="${"a".repeat(17_000)}"`)));

  it("refuses to write an unreadable value", async () => {
    const key = { label: "sig", scheme: "jwt", jwt: "é" } as const;
    await expectRefusal("malformed_signature_key", () => formatSignatureKey(key));
    await expectRefusal("malformed_signature_key", () => formatSignatureKey({ ...key, jwt: "" }));
    await expectRefusal("malformed_signature_key", () => formatSignatureKey({ ...key, label: "Sig" }));
  });

  it("is written for the credentials of this profile only", async () => {
    const formatKeyClaim = signatureKeyFor;
    expect(
      formatKeyClaim({ scheme: "jwks_uri", id: "https://ps.example", document: "aauth-person.json" }, keyA),
    ).toBe('sig=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="key-a"');
    await expectRefusal("malformed_signature_key", () => formatKeyClaim({ scheme: "hwk" }, keyA));
  });

  it("is recognized by its first member", () => {
    for (const [value] of forms) expect(hasTokenMember(value)).toBe(true);
    expect(hasTokenMember(`sig1=(scheme=jwt jwt="${JWT}")`)).toBe(false);
  });

  it("any string is accepted or refused, and an accepted one is unchanged when written and read again", () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(hostileText, nearby), (value) =>
        passesOrRefuses(() => {
          const parsed = parseSignatureKey(value);
          if (parsed.scheme !== "jwt" && parsed.scheme !== "jwks_uri") return;
          expect(parseSignatureKey(formatSignatureKey(parsed as SignatureKey))).toEqual(parsed);
        }),
      ),
    ));
});

describe("Signature-Input and Signature", () => {
  const bytes = new Uint8Array(64).fill(251);
  const value = formatSignature(bytes);

  it("accepts only padded base64, and names the reason", async () => {
    const padded = value.slice(5, -1);
    for (const text of [
      padded.replace(/=+$/, ""),
      padded.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
    ]) {
      const error = await refusalOf(() => parseSignature(`sig=:${text}:`));
      expect([error.code, error.message]).toEqual([
        "malformed_signature",
        expect.stringContaining("base64url"),
      ]);
    }
    await expectRefusal("malformed_signature", () => parseSignature("sig=:AAAA:"));
    await expectRefusal("malformed_signature", () => parseSignature(`${value}, ${value}`));
  });

  it("any text passes or is refused", () =>
    fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        await passesOrRefuses(() => parseSignature(text));
        await passesOrRefuses(() => parseSignatureInput(text));
      }),
    ));
});
