import { jwkThumbprint } from "aauth";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareTexts,
  readableClaims,
  readSignatureInput,
  readSignatureKey,
  sectionLinks,
  tokenBinding,
} from "../../src/run/index.ts";

const JWK = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };

describe("compareTexts", () => {
  test("marks what differs, line by line, and nothing else", () => {
    const { left, right } = compareTexts('"@method": POST\n"@path": /', '"@method": POST\n"@path": /admin');
    expect(left).toEqual([
      [{ text: '"@method": POST', differs: false }],
      [{ text: '"@path": /', differs: false }],
    ]);
    expect(right[1]).toEqual([
      { text: '"@path": /', differs: false },
      { text: "admin", differs: true },
    ]);
  });

  test("puts both texts together again, and marks something exactly where they differ", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\n") });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const { left, right } = compareTexts(one, other);
        const joined = (lines: typeof left) =>
          lines.map((parts) => parts.map(({ text }) => text).join("")).join("\n");
        expect(joined(left)).toBe(one);
        expect(joined(right)).toBe(other);
        expect([...left, ...right].flat().some(({ differs }) => differs)).toBe(one !== other);
      }),
    );
  });
});

describe("the headers of a signature", () => {
  test("Signature-Key, its token cut or not", () => {
    expect(readSignatureKey('sig1=(scheme=jwt jwt="eyJhbGciOiJS…")')).toEqual({
      label: "sig1",
      scheme: "jwt",
      parameters: [{ name: "jwt", value: "eyJhbGciOiJS…" }],
    });
    expect(readSignatureKey('sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="abc")')?.parameters).toHaveLength(3);
    expect(readSignatureKey("sig1=:AAAA:")).toBeUndefined();
    expect(readSignatureKey('sig=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="1"')).toEqual({
      label: "sig",
      scheme: "jwks_uri",
      parameters: [
        { name: "id", value: "https://ps.example" },
        { name: "dwk", value: "aauth-person.json" },
        { name: "kid", value: "1" },
      ],
    });
  });

  test("Signature-Input: components and parameters", () => {
    expect(readSignatureInput('sig1=("@method" "nonce");created=1730217600;expires=5')).toEqual({
      label: "sig1",
      components: ["@method", "nonce"],
      parameters: [
        { name: "created", value: "1730217600" },
        { name: "expires", value: "5" },
      ],
    });
    expect(readSignatureInput("nothing")).toBeUndefined();
  });
});

const DRAFT_11 = "https://datatracker.ietf.org/doc/html/draft-hardt-oauth-aauth-protocol-11";

describe("sectionLinks", () => {
  test.each([
    ["RFC 9421 3.2", ["https://www.rfc-editor.org/rfc/rfc9421#section-3.2"]],
    ["profile 2.4", ["2.4"]],
    ["profile 1, 2", ["1", "2"]],
    ["draft -11, section 6.4", [`${DRAFT_11}#section-6.4`]],
    ["draft -11, section 11.3.4 step 1", [`${DRAFT_11}#section-11.3.4`]],
    ["something else", []],
  ])("%s", (section, places) => {
    expect(sectionLinks(section).map((link) => (link.kind === "profile" ? link.section : link.url))).toEqual(
      places,
    );
  });
});

describe("tokenBinding", () => {
  test("an auth token is bound to the key in cnf, a resource token to agent_jkt", async () => {
    const thumbprint = await jwkThumbprint(JWK);
    const agent = "http://backend.localhost:8000";
    expect(await tokenBinding({ kind: "auth+jwt", id: "1", claims: { agent, cnf: { jwk: JWK } } })).toEqual({
      thumbprint,
      claim: "cnf.jwk",
      agent,
    });
    expect(
      await tokenBinding({ kind: "resource+jwt", id: "1", claims: { agent, agent_jkt: thumbprint } }),
    ).toEqual({
      thumbprint,
      claim: "agent_jkt",
      agent,
    });
  });

  test.each([{}, { cnf: { jwk: { kty: "nonsense" } } }, { cnf: null }])(
    "claims that name no key have no binding: %j",
    async (claims) => {
      expect(await tokenBinding({ kind: "auth+jwt", id: "1", claims })).toBeUndefined();
    },
  );
});

test("claims are explained by the kind of token", () => {
  const claims = { iss: "http://localhost:8080", exp: 1_770_000_000, cnf: { jwk: JWK } };
  const [iss, exp, cnf] = readableClaims("resource+jwt", claims);
  expect(iss?.meaning).not.toBe(readableClaims("auth+jwt", claims)[0]?.meaning);
  expect(exp?.value).toBe("2026-02-02 02:40:00 UTC");
  expect(cnf?.value).toContain("Ed25519");
});
