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
} from "../../../src/profiles/draft-11/signature-key.ts";
import { isParenthesised } from "../../../src/profiles/february-2026/signature-key.ts";
import { hostileText } from "../../hostile-text.ts";
import { expectRefusal, passesOrRefuses, refusalOf } from "../../refusal.ts";
import { keyA } from "../february-2026/kit.ts";
import { hasVectors, vectors } from "./vectors.ts";

const JWT = "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln";
const forms: [string, SignatureKey][] = [
  [`sig=jwt;jwt="${JWT}"`, { label: "sig", scheme: "jwt", jwt: JWT }],
  [
    'sig1=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="ps \\"1\\""',
    { label: "sig1", scheme: "jwks_uri", id: "https://ps.example", dwk: "aauth-person.json", kid: 'ps "1"' },
  ],
];
/** What this grammar is made of, beside the common pieces. */
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
  it.each(forms)("parses and writes %s", (value, parsed) => {
    expect(parseSignatureKey(value)).toEqual(parsed);
    expect(formatSignatureKey(parsed)).toBe(value);
  });

  it("takes spaces after a semicolon, whitespace at the ends, and unknown parameters", () => {
    expect(parseSignatureKey(` sig=jwt; jwt="${JWT}";cache;n=1 \t`)).toEqual(forms[0]![1]);
  });

  it("of several members that of the signature counts", () => {
    const value = `sig1=hwk;kty="OKP", sig=jwt;jwt="${JWT}", a=(1 2)`;
    expect(parseSignatureKey(value)).toEqual(forms[0]![1]);
    expect(parseSignatureKey(`${forms[1]![0]}, sig=jwt;jwt="${JWT}"`, "sig1")).toEqual(forms[1]![1]);
  });

  it.each([
    ["another label", `sig1=jwt;jwt="${JWT}"`, "sig"],
    ["none of several", `a=jwt;jwt="${JWT}", b=jwt;jwt="${JWT}"`, undefined],
  ])("%s is label_mismatch", (_, value, label) =>
    expectRefusal("label_mismatch", () => parseSignatureKey(value, label)),
  );

  it.each(['hwk;kty="OKP"', "x-unregistered", "x509", "jwks", 'jkt-jwt;jwt="a"', "toString"])(
    "another scheme, %s, comes back by its name",
    (scheme) =>
      expect(parseSignatureKey(`sig=${scheme}`)).toEqual({ label: "sig", scheme: scheme.split(";")[0] }),
  );

  it.each([
    ["nothing", ""],
    ["a quoted scheme", `sig="jwt";jwt="${JWT}"`],
    ["a list for a scheme", `sig=(jwt);jwt="${JWT}"`],
    ["February's form", `sig=(scheme=jwt jwt="${JWT}")`],
    ["no token", "sig=jwt"],
    ["an empty token", 'sig=jwt;jwt=""'],
    ["a token that is not quoted", "sig=jwt;jwt=abc"],
    ["a member twice", `sig=jwt;jwt="${JWT}", sig=jwt;jwt="${JWT}"`],
    ["a parameter twice", `sig=jwt;jwt="${JWT}";jwt="${JWT}"`],
    ["a comma at the end", `sig=jwt;jwt="${JWT}",`],
    ["a label in upper case", `Sig=jwt;jwt="${JWT}"`],
    ["another member that is malformed", `sig=jwt;jwt="${JWT}", b=é`],
    ["no kid", 'sig=jwks_uri;id="https://ps.example";dwk="aauth-person.json"'],
    ["no dwk", 'sig=jwks_uri;id="https://ps.example";kid="1"'],
    ["no id", 'sig=jwks_uri;dwk="aauth-person.json";kid="1"'],
    ["a space before a semicolon", `sig=jwt ;jwt="${JWT}"`],
  ])("refuses %s", (_, value) => expectRefusal("malformed_signature_key", () => parseSignatureKey(value)));

  it("refuses what is too long", () =>
    expectRefusal("header_too_large", () => parseSignatureKey(`sig=jwt;jwt="${"a".repeat(17_000)}"`)));

  it("refuses to write what cannot be read", async () => {
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

  it("is told apart from February's by its first member", () => {
    for (const [value] of forms) {
      expect([hasTokenMember(value), isParenthesised(value)]).toEqual([true, false]);
    }
    const february = `sig1=(scheme=jwt jwt="${JWT}")`;
    expect([hasTokenMember(february), isParenthesised(february)]).toEqual([false, true]);
    fc.assert(
      fc.property(fc.oneof(hostileText, nearby), (value) => {
        expect(hasTokenMember(value) && isParenthesised(value)).toBe(false);
      }),
    );
  });

  it("any text passes or is refused, and what passes is the same when it is written and read again", () =>
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
  const input = '("@method");created=1';

  it("are read where they stand alone, whatever their label", () => {
    expect(parseSignature(value)).toEqual({ label: "sig", bytes });
    expect(parseSignature(formatSignature(bytes, "a"), "b")).toEqual({ label: "a", bytes });
    expect(parseSignatureInput(`x=${input}`)).toMatchObject({ label: "x", created: 1 });
  });

  it("of several the one labelled sig is verified", () => {
    expect(parseSignatureInput(`a=("b,c"), sig=${input}`)).toMatchObject({ label: "sig", raw: input });
    expect(parseSignature(`a=:AAAA:, ${value}`, "sig")).toEqual({ label: "sig", bytes });
  });

  it.each([
    ["none of several", `a=${input}, b=${input}`],
    ["a label twice", `sig=${input}, sig=${input}`],
    ["no dictionary", `sig=${input}, (`],
    ["a comma at the end", `sig=${input},`],
  ])("refuses %s", async (_, text) => {
    await expectRefusal("malformed_signature_input", () => parseSignatureInput(text));
  });

  it("takes padded base64 only, and says so", async () => {
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

describe.skipIf(!hasVectors)("vectors", () => {
  interface Cases {
    readonly cases: readonly {
      readonly header: string;
      readonly scheme?: string;
      readonly params?: Readonly<Record<string, string>>;
      readonly error?: string;
    }[];
  }
  it("signature-key.json, as a verifier reads it that takes jwt for the signature sig", async () => {
    for (const { header, scheme, params, error } of vectors<Cases>("signature-key.json").cases) {
      if (error === "invalid_signature") {
        const { code } = await refusalOf(() => parseSignatureKey(header, "sig"));
        expect(["malformed_signature_key", "label_mismatch"]).toContain(code);
        continue;
      }
      const isKnown = scheme === "jwt" || scheme === "jwks_uri";
      expect(parseSignatureKey(header, "sig")).toEqual({ label: "sig", scheme, ...(isKnown && params) });
    }
  });
});
