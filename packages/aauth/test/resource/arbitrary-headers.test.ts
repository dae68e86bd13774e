import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AAuthVerificationError } from "../../src/errors.ts";
import { HWK, JWKS, parties, requestOf } from "./kit.ts";

const genuine = [
  (await requestOf({ body: "{}" })).headers,
  (await requestOf({ signatureKey: { scheme: "hwk" } })).headers,
  (await requestOf({ signatureKey: { scheme: "jwt", jwt: await parties.issueAuthToken() } })).headers,
];
const values = genuine.flatMap((headers) => Object.values(headers));

/**
 * Fragments of the grammars and real values, cut and joined, because far more of them pass the
 * first check.
 */
const fragment = fc.oneof(
  fc.constantFrom(
    ...values,
    HWK,
    JWKS,
    "sig1=",
    "(",
    ")",
    ";created=",
    "scheme=jwt",
    'jwt="',
    '"',
    ":",
    ",",
    " ",
    "=",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.integer().map(String),
);
const value = fc.oneof(
  fc.constantFrom(...values),
  fc.array(fragment, { maxLength: 6 }).map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom(...values), fc.nat(), fragment).map(([text, at, patch]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + patch + text.slice(index + 1);
  }),
);
const header = fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.constant(undefined));
const names = ["signature-key", "signature-input", "signature", "content-digest", "content-type", "nonce"];
const headers = fc.record({
  ...Object.fromEntries(
    [...names, "content-length", "transfer-encoding", "host"].map((name) => [name, header]),
  ),
});

describe("the verifier, for any input", () => {
  it("accepts or throws an AAuthVerificationError", async () => {
    const verifier = parties.createVerifier();
    await fc.assert(
      fc.asyncProperty(
        headers,
        fc.constantFrom(...genuine),
        fc.string(),
        fc.oneof(fc.constantFrom("/", "/?", "*", ""), fc.string()),
        fc.option(fc.uint8Array({ maxLength: 8 }), { nil: undefined }),
        async (arbitrary, base, method, target, body) => {
          // Half of the headers stay genuine, so that every check is reached.
          const mixed = Object.fromEntries(
            Object.entries({ ...base, ...arbitrary }).map(([name, given], index) => [
              name,
              (method.length + index) % 2 === 0 ? base[name] : given,
            ]),
          ) as Record<string, string | string[]>;
          try {
            await verifier.verifyRequest({ method, target, headers: mixed, body });
          } catch (error) {
            expect(error).toBeInstanceOf(AAuthVerificationError);
            expect((error as AAuthVerificationError).check).toBeDefined();
            expect((error as AAuthVerificationError).report?.checks).toHaveLength(12);
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("never accepts a request with one signed value changed", async () => {
    const request = await requestOf({ body: '{"a":1}', url: `${parties.resource.id}/p?q=1` });
    const verifier = parties.createVerifier();
    const changed = fc.constantFrom(
      "method",
      "target",
      ...Object.keys(request.headers).filter((name) => name !== "content-length"),
    );
    await fc.assert(
      fc.asyncProperty(changed, value, async (name, text) => {
        const original = name === "method" || name === "target" ? request[name] : request.headers[name];
        // White space around a header value is not part of it.
        fc.pre(text.trim() !== original);
        const forged =
          name === "method" || name === "target"
            ? { ...request, [name]: text }
            : { ...request, headers: { ...request.headers, [name]: text } };
        await expect(verifier.verifyRequest(forged)).rejects.toBeInstanceOf(AAuthVerificationError);
      }),
      { numRuns: 500 },
    );
  });
});
