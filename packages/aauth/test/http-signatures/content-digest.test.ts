import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatContentDigest, verifyContentDigest } from "../../src/http-signatures/content-digest.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";
import vectors from "../vectors/digests.json" with { type: "json" };

const bytes = (text: string) => new TextEncoder().encode(text);
const { body, "sha-256": sha256, "sha-512": sha512 } = vectors[0]!;
const hello = bytes(body);

describe("Content-Digest", () => {
  test.each(vectors)("$source: $body", async (vector) => {
    expect(await formatContentDigest(bytes(vector.body))).toBe(`sha-256=:${vector["sha-256"]}:`);
    await verifyContentDigest(`sha-256=:${vector["sha-256"]}:`, bytes(vector.body));
    if (vector["sha-512"]) await verifyContentDigest(`sha-512=:${vector["sha-512"]}:`, bytes(vector.body));
  });

  test.each([
    ["both algorithms", `sha-512=:${sha512}:, sha-256=:${sha256}:`],
    ["an algorithm we do not know beside one we do", `md5=:AAAA:,sha-256=:${sha256}:`],
    ["a parameter", ` sha-256=:${sha256}:;a="b,c" `],
  ])("takes %s", async (_, value) => {
    await verifyContentDigest(value, hello);
  });

  test.each([
    ["another body", `sha-256=:${vectors[1]!["sha-256"]}:`],
    ["one wrong digest beside a right one", `sha-256=:${sha256}:, sha-512=:${vectors[4]!["sha-512"]}:`],
    ["one wrong digest before a right one", `sha-256=:${vectors[1]!["sha-256"]}:, sha-512=:${sha512}:`],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("digest_mismatch", () => verifyContentDigest(value, hello));
  });

  test("refuses a digest of something when there is no body", async () => {
    await expectRefusal("digest_mismatch", () =>
      verifyContentDigest(`sha-256=:${sha256}:`, new Uint8Array(0)),
    );
  });

  test.each([
    ["nothing", ""],
    ["no algorithm we know", "md5=:AAAA:"],
    ["a string", `sha-256="${sha256}"`],
    ["a token", `sha-256=${sha256}`],
    ["no padding", `sha-256=:${sha256.slice(0, -1)}:`],
    ["base64url", `sha-256=:${sha256.replaceAll("/", "_").replaceAll("+", "-")}-:`],
    ["stray bits", `sha-256=:${sha256.slice(0, -2)}F=:`],
    ["a digest of the other length", `sha-256=:${sha512}:`],
    [
      "an algorithm twice, of which a parser may see the last",
      `sha-256=:${vectors[1]!["sha-256"]}:, sha-256=:${sha256}:`,
    ],
    ["a trailing comma", `sha-256=:${sha256}:,`],
    ["an algorithm in upper case", `SHA-256=:${sha256}:`],
    ["a duplicate parameter", `sha-256=:${sha256}:;a;a`],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_digest", () => verifyContentDigest(value, hello));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () =>
      verifyContentDigest(`sha-256=:${"A".repeat(20_000)}:`, hello),
    );
  });

  test("never throws anything but an AAuthError, whatever comes", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => verifyContentDigest(value, hello))),
      { numRuns: 300 },
    );
  });

  test("passes its own body and no other", async () => {
    const pair = fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }));
    await fc.assert(
      fc.asyncProperty(pair, async ([one, two]) => {
        const value = await formatContentDigest(one);
        await verifyContentDigest(value, one);
        if (Buffer.compare(one, two) !== 0) {
          await expectRefusal("digest_mismatch", () => verifyContentDigest(value, two));
        }
      }),
    );
  });
});
