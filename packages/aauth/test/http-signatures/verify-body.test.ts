import { describe, expect, test } from "vitest";
import { formatContentDigest } from "../../src/http-signatures/content-digest.ts";
import { verifyBody } from "../../src/http-signatures/verify-body.ts";
import { expectRefusal } from "../refusal.ts";

const body = new TextEncoder().encode("a body");
const digest = await formatContentDigest(body);
const minimum = ["@method", "@authority", "@path", "signature-key"];
const covered = [...minimum, "content-type", "content-digest"];
const optional = { bodyCoverage: "optional" } as const;

describe("verifyBody", () => {
  test("passes a covered body whose digest matches", async () => {
    await verifyBody({ headers: { "content-digest": digest }, components: covered, body });
  });

  test.each([undefined, new Uint8Array(0)])("passes no body without digest", async (none) => {
    await verifyBody({ headers: {}, components: [], body: none });
  });

  test("refuses a body without digest", async () => {
    await expectRefusal("digest_missing", () => verifyBody({ headers: {}, components: covered, body }));
  });

  test.each([[[...minimum, "content-type"]], [[...minimum, "content-digest"]], [minimum]])(
    "refuses a body nobody announced, when only %j is covered",
    async (components) => {
      await expectRefusal("insufficient_coverage", () =>
        verifyBody({ headers: { "content-digest": digest }, components, body }),
      );
    },
  );

  test("refuses another body", async () => {
    const other = new TextEncoder().encode("another body");
    await expectRefusal("digest_mismatch", () =>
      verifyBody({ headers: { "content-digest": digest }, components: covered, body: other }),
    );
  });

  test.each([undefined, new Uint8Array(0)])("refuses a digest whose body was taken away", async (none) => {
    await expectRefusal("digest_mismatch", () =>
      verifyBody({ headers: { "content-digest": digest }, components: covered, body: none }),
    );
  });

  test("bodyCoverage optional still compares a digest that is there", async () => {
    await verifyBody({ headers: {}, components: [], body }, optional);
    await verifyBody({ headers: { "content-digest": digest }, components: [], body }, optional);
    await expectRefusal("digest_mismatch", () =>
      verifyBody(
        { headers: { "content-digest": digest }, components: [], body: new Uint8Array(1) },
        optional,
      ),
    );
    await expectRefusal("malformed_digest", () =>
      verifyBody({ headers: { "content-digest": "" }, components: [], body }, optional),
    );
  });

  test("does not look at headers an object inherits", async () => {
    const headers = Object.create({ "content-digest": digest });
    await expectRefusal("digest_missing", () => verifyBody({ headers, components: covered, body }));
    expect(headers["content-digest"]).toBe(digest);
  });
});
