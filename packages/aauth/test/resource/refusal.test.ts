import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AAuthAgentError,
  type AAuthErrorCode,
  AAuthVerificationError,
  ERROR_CODES,
} from "../../src/errors.ts";
import {
  february2026,
  february2026Published,
  february2026Resource,
} from "../../src/february-2026/profile.ts";
import {
  formatRefusal,
  parseRefusal,
  REFUSAL_FIELD,
  refusalOf,
  withRefusal,
} from "../../src/profile/refusal.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { hostileText } from "../hostile-text.ts";
import { JWKS, parties, refusal, requestOf, SCOPES, signBadly } from "./kit.ts";

const codes = Object.keys(ERROR_CODES) as AAuthErrorCode[];
const written = 'code=insufficient_coverage, check=coverage, section="profile 2.5"';
const read = { code: "insufficient_coverage", check: "coverage", section: "profile 2.5" };

describe("formatRefusal", () => {
  it("writes a dictionary", () => {
    expect(formatRefusal(read as never)).toBe(written);
    expect(formatRefusal({ code: "unknown_key", section: "profile 5.2" })).toBe(
      'code=unknown_key, section="profile 5.2"',
    );
    const missing = "content-type content-digest";
    expect(formatRefusal({ ...read, missing } as never)).toBe(`${written}, missing="${missing}"`);
    expect(parseRefusal(`${written}, missing="${missing}"`)).toEqual({ ...read, missing });
    expect(parseRefusal(`${written}, missing=content-digest`)).toEqual(read);
    expect(formatRefusal({ ...read, by: "gateway" } as never)).toBe(`${written}, by=gateway`);
    expect(parseRefusal(`${written}, by=gateway`)).toEqual({ ...read, by: "gateway" });
  });

  it("is read back, whatever the code and the check", () => {
    for (const code of codes) {
      const section = february2026.sectionOf(code);
      for (const check of [undefined, ...february2026.verification.checks.map(({ name }) => name)]) {
        const refused = { code, ...(check !== undefined && { check }), section };
        expect(parseRefusal(formatRefusal(refused))).toEqual(refused);
      }
    }
  });
});

describe("parseRefusal", () => {
  it("accepts members in any order, spaces around them, and unknown members", () => {
    expect(
      parseRefusal(` section="profile 2.5" ,\tcheck=coverage,code=insufficient_coverage,x=1, y`),
    ).toEqual(read);
    expect(parseRefusal('code=unknown_key, hint="a, code=token_expired"')?.code).toBe("unknown_key");
  });

  it("has no section if that is missing or malformed", () => {
    for (const section of ["", ", section=", ', section="a\\"b"', ", section=profile", ', section="a']) {
      expect(parseRefusal(`code=unknown_key${section}`)).toEqual({ code: "unknown_key" });
    }
  });

  it.each([
    ["nothing", undefined],
    ["an empty value", ""],
    ["no code", 'check=coverage, section="profile 2.5"'],
    ["a code that is not known", "code=nonsense"],
    ["a code with another letter case", "code=Unknown_key"],
    ["a quoted code", 'code="unknown_key"'],
    ["a name every object has", "code=constructor"],
    ["a code with a parameter", "code=unknown_key;a=1"],
    ["two headers in one", "code=unknown_key, code=nonsense"],
    ["too much", `code=unknown_key, x="${"a".repeat(512)}"`],
  ])("answers %s with undefined", (_name, value) => {
    expect(parseRefusal(value)).toBeUndefined();
  });

  it.each(["Coverage", '"coverage"', "a b", "<script>", "", "../x", "a_b"])(
    "omits a check or a party that is not a name: %j",
    (check) => {
      const refused = parseRefusal(`code=unknown_key, check=${check}, by=${check}`);
      expect(refused).toEqual({ code: "unknown_key" });
    },
  );

  it("never throws, and answers with a known code and short plain strings only", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(written, "code=", "check=", "section=", '"', ",", "\\", "(", ")", ...codes),
        hostileText,
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        pieces.map((parts) => parts.join("")),
        (value) => {
          const refused = parseRefusal(value);
          if (refused === undefined) return;
          expect(codes).toContain(refused.code);
          expect(refused.check ?? "a").toMatch(/^[a-z-]+$/);
          expect(refused.by ?? "a").toMatch(/^[a-z-]+$/);
          expect(refused.section ?? "").not.toMatch(/["\\\p{Cc}]/u);
          expect(refused.section?.length ?? 0).toBeLessThanOrEqual(512);
          expect(refused.missing ?? "").not.toMatch(/["\\\p{Cc}]/u);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("takes linear time in its input", () => {
    const start = performance.now();
    for (const part of [",", "(", '"', "a=", " ", "\\"]) parseRefusal(`code=unknown_key${part.repeat(490)}`);
    expect(performance.now() - start).toBeLessThan(200);
  });
});

describe("refusalOf", () => {
  const verifier = parties.createVerifier();

  it.each([
    [
      "coverage",
      () => signBadly({ signatureKey: JWKS, components: [] }),
      "insufficient_coverage",
      "profile 2.5",
    ],
    [
      "signature",
      () => signBadly({ signatureKey: JWKS, key: parties.resource.key }),
      "invalid_signature",
      "RFC 9421 3.2",
    ],
    ["requirement", () => requestOf(), "authorization_required", "profile 3.1"],
  ])("names the check that failed: %s", async (check, request, code, section) => {
    const refused = refusalOf(await refusal(verifier, await request(), SCOPES));
    expect(refused).toMatchObject({ code, check, section });
  });

  it("names the components that are missing, and of no other refusal a claim", async () => {
    const request = await requestOf({ profile: february2026Published, body: "{}" });
    expect(refusalOf(await refusal(verifier, request))).toMatchObject({
      missing: "content-type content-digest",
    });
    const { headers, body } = await createChallenger({
      profile: february2026Resource({ authServer: parties.authServer.issuer }),
      key: parties.resource.key,
      resource: parties.resource.id,
    }).challengeFor(await refusal(verifier, request), SCOPES);
    expect(headers).toMatchObject({ "agent-auth": "httpsig" });
    expect(headers[REFUSAL_FIELD]).toMatch(/, missing="content-type content-digest"$/);
    expect(body).toBe(
      "Valid AAuth signature required: insufficient_coverage: the signature does not cover content-type, content-digest",
    );
    const expired = new AAuthVerificationError("token_expired", "x", { claim: "exp" });
    expect(refusalOf(expired)).not.toHaveProperty("missing");
  });

  it("is the code alone for an error that cites no section", () => {
    for (const error of [
      new AAuthVerificationError("unknown_key", "x"),
      new AAuthAgentError("unknown_key", "x"),
    ]) {
      expect(refusalOf(error)).toEqual({ code: "unknown_key" });
      expect(formatRefusal(refusalOf(error))).toBe("code=unknown_key");
    }
  });

  it("contains nothing of the message", async () => {
    const secret = "c2VjcmV0";
    const error = await refusal(verifier, await signBadly({ signatureKey: `sig1=(scheme=${secret} a="b")` }));
    expect(formatRefusal(refusalOf(error))).not.toContain(secret);
  });
});

it("keeps an answer's headers, and adds the refusal", () => {
  const answer = { status: 401, headers: { "agent-auth": "httpsig" }, body: "no" };
  const error = new AAuthVerificationError("missing_signature", "x");
  expect(withRefusal(answer, error, february2026)).toEqual({
    status: 401,
    headers: {
      "agent-auth": "httpsig",
      [REFUSAL_FIELD]: `code=missing_signature, section="profile 1, 2"`,
    },
    body: "no",
  });
});
