import { describe, expect, test } from "vitest";
import { formatContentDigest } from "../../src/http-signatures/content-digest.ts";
import { requireComponents, verifyBody } from "../../src/http-signatures/verify-body.ts";
import { expectRefusal, refusalOf } from "../refusal.ts";

const body = new TextEncoder().encode("a body");
const digest = await formatContentDigest(body);
const minimum = ["@method", "@authority", "@path", "signature-key"];
const covered = [...minimum, "content-type", "content-digest"];
const field = "content-digest";
/** Components that the full profile requires of a message with a body. */
const full = { field, demanded: covered };
/** A profile that leaves bodies uncovered, and a message without a body. */
const optional = { field, demanded: minimum };
const none = { field, demanded: [] };

describe("requireComponents", () => {
  test("accepts any order and additional components", () => {
    requireComponents([...covered, "date"].reverse(), covered);
  });

  test.each(covered)("names a missing %s, and the required components", async (missing) => {
    const error = await refusalOf(() =>
      requireComponents(
        covered.filter((name) => name !== missing),
        covered,
      ),
    );
    expect(error).toMatchObject({
      code: "insufficient_coverage",
      claim: missing,
      expected: covered.join(" "),
    });
  });
});

test("requireComponents names all missing components", async () => {
  const error = await refusalOf(() => requireComponents(["@method"], ["@method", "@path", "content-digest"]));
  expect([error.message, error.claim]).toEqual([
    "the signature does not cover @path, content-digest",
    "@path content-digest",
  ]);
});

describe("verifyBody", () => {
  test("passes a covered body whose digest matches", async () => {
    await verifyBody({ headers: { "content-digest": digest }, components: covered, body }, full);
  });

  test.each([undefined, new Uint8Array(0)])("passes no body without digest", async (nothing) => {
    await verifyBody({ headers: {}, components: minimum, body: nothing }, none);
  });

  test("a digest that is there is compared, demanded or not", async () => {
    await verifyBody({ headers: {}, components: minimum, body }, optional);
    await verifyBody({ headers: { "content-digest": digest }, components: minimum, body }, optional);
    await expectRefusal("digest_mismatch", () =>
      verifyBody(
        { headers: { "content-digest": digest }, components: minimum, body: new Uint8Array(1) },
        optional,
      ),
    );
    await expectRefusal("malformed_digest", () =>
      verifyBody({ headers: { "content-digest": "" }, components: minimum, body }, optional),
    );
  });

  test("does not look at headers an object inherits", async () => {
    const headers = Object.create({ "content-digest": digest });
    await expectRefusal("digest_missing", () => verifyBody({ headers, components: covered, body }, full));
    expect(headers["content-digest"]).toBe(digest);
  });
});
