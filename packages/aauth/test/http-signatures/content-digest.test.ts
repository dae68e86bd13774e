import fc from "fast-check";
import { describe, test } from "vitest";
import { formatContentDigest, verifyContentDigest } from "../../src/http-signatures/content-digest.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

const hello = new TextEncoder().encode('{"hello": "world"}');

describe("Content-Digest", () => {
  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () =>
      verifyContentDigest(`sha-256=:${"A".repeat(20_000)}:`, hello),
    );
  });

  test("throws only AAuthErrors, for any input", async () => {
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
