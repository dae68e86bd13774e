import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contentDigest, digestProblem } from "../src/judge/content-digest.ts";
import { judgeMessage } from "../src/judge/judge-message.ts";
import { decodeJwt, jwtHolds, signJwt } from "../src/judge/jws.ts";
import { generateKey, hasSigned, type Jwk, thumbprint } from "../src/judge/keys.ts";
import { signatureBase } from "../src/judge/signature-base.ts";
import {
  FieldError,
  type InnerList,
  isInnerList,
  parseDictionary,
  parseList,
  writeInnerList,
} from "../src/judge/structured-fields.ts";
import { compose } from "../src/messages/plan.ts";
import { createWorld } from "../src/peers/world.ts";
import { planFor } from "../src/roles/bench.ts";

interface Vector {
  readonly title: string;
  // biome-ignore lint/suspicious/noExplicitAny: each file has its own shape
  readonly input: any;
  readonly expected: { readonly value?: string; readonly error?: object };
}

const vectors = (name: string): readonly Vector[] =>
  JSON.parse(
    readFileSync(new URL(`../../aauth/test/vectors/rfc/${name}.json`, import.meta.url), "utf8"),
  ).cases.filter(({ expected }: Vector) => expected.value !== undefined);

const bytesOf = (field: string) => {
  const [member] = parseDictionary(field).values();
  return (member as unknown as { value: Uint8Array }).value;
};

describe("the judge", () => {
  test.each(vectors("signature-base"))("$title", ({ input, expected }) => {
    const { method, authority, target, fields, signatureInput, signature, key } = input;
    const [list] = parseDictionary(signatureInput).values();
    const lines = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((line) => [name, String(line)] as const),
    );
    const base = signatureBase(
      { method, authority, target, fields: lines, body: undefined },
      list as InnerList,
    );
    expect(base).toBe(expected.value);
    if (signature === undefined) return;
    const alg = key.alg ?? (key.kty === "EC" ? "ES256" : "Ed25519");
    expect(hasSigned(key, Buffer.from(base), bytesOf(signature), alg)).toBe(true);
  });

  test.each(vectors("jwk-thumbprint"))("$title", ({ input, expected }) => {
    expect(thumbprint(input.jwk ?? input.key ?? input)).toBe(expected.value);
  });

  test("reads structured fields strictly", () => {
    const [list] = parseDictionary('sig=("@method" "x";key="a");created=1;alg="ed\\"x"').values();
    expect(isInnerList(list!) && writeInnerList(list)).toBe('("@method" "x";key="a");created=1;alg="ed\\"x"');
    expect([...parseDictionary("a=?0, b;x=1.5 ,c=:aGk=:").keys()]).toEqual(["a", "b", "c"]);
    expect(parseList("jwt, hwk")).toHaveLength(2);
    const bad = [
      "A=1",
      "a=",
      "a=1,",
      'a="',
      "a=(1 2",
      "a=(1  2)x",
      "a=1234567890123456",
      "a=:!:",
      "a=1;B",
      "a b",
    ];
    for (const text of bad) expect(() => parseDictionary(text), text).toThrow(FieldError);
  });

  test("finds a digest of another body", () => {
    expect(digestProblem(contentDigest("body"), "body")).toBeUndefined();
    expect(digestProblem(contentDigest("body"), "other")).toMatch(/not that of the body/);
    expect(digestProblem("md5=:aGk=:", "body")).toMatch(/no known algorithm/);
    expect(digestProblem("sha-256=?1", "body")).toMatch(/no byte sequence/);
  });

  test("verifies tokens with the key that kid names, of an allowed algorithm", () => {
    const key = generateKey("k1");
    const other = generateKey("k1", "ES256");
    const token = decodeJwt(signJwt({ alg: "Ed25519", kid: "k1" }, { a: 1 }, key));
    expect(jwtHolds(token, [key.publicJwk])).toBe(true);
    expect(jwtHolds(token, [{ ...key.publicJwk, kid: "k2" }])).toBe(false);
    expect(() => jwtHolds(token, [other.publicJwk])).toThrow(TypeError);
    expect(() => jwtHolds(decodeJwt(signJwt({ alg: "none", kid: "k1" }, {}, key)), [key.publicJwk])).toThrow(
      /none is not allowed/,
    );
    expect(() => hasSigned({ kty: "oct", alg: "HS256" } as Jwk, Buffer.of(), Buffer.of())).toThrow(TypeError);
  });

  test("finds nothing in a valid message, and each part of one that is not", () => {
    const world = createWorld("conformance.example");
    const bench = { world, host: "resource.example", metadata: {} };
    const plan = () => planFor(bench, "GET", "/data", world.agentToken());
    const judged = judgeMessage(compose(plan()));
    expect(judged).toMatchObject({ problems: [], label: "sig", scheme: "jwt" });
    expect(judged.covered).toContain("signature-key");
    expect(judgeMessage(compose({ ...plan(), key: world.unknownKey })).problems).toEqual([
      "the signature does not verify",
    ]);
    const wire = compose(plan());
    expect(judgeMessage({ ...wire, target: "/other" }).problems).toEqual(["the signature does not verify"]);
    const without = (name: string) => ({ ...wire, fields: wire.fields.filter(([own]) => own !== name) });
    expect(judgeMessage(without("signature")).problems).toContain("there is no signature");
    expect(judgeMessage(without("signature-input")).problems).toContain("there is no signature-input");
    expect(judgeMessage(without("signature-key")).problems).toContain("there is no signature-key");
  });
});
