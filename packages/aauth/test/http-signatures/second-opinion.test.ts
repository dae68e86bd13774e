/**
 * http-message-signatures as a second opinion: it verifies our signatures, and we verify its
 * signatures. Its own verification is looser than ours, so only agreement on honest messages is
 * meaningful.
 */

import { createPrivateKey, createPublicKey } from "node:crypto";
import fc from "fast-check";
import { createSigner, createVerifier, httpbis } from "http-message-signatures";
import { describe, expect, test } from "vitest";
import { signRequest } from "../../src/agent/sign-request.ts";
import { fullCoverage } from "../../src/february-2026/coverage.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { requestTarget } from "../../src/http-signatures/authority.ts";
import { formatContentDigest } from "../../src/http-signatures/content-digest.ts";
import { parseSignature } from "../../src/http-signatures/signature.ts";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import keys from "../vectors/keys.json" with { type: "json" };
import { factsOf, prove } from "./prove.ts";
import { SIGNATURE_KEY } from "./sign-by-hand.ts";

const { d: _, ...publicJwk } = keys.A.jwk;
const ours = await importSigningKey(keys.A.jwk as PrivateJwk, { kid: "key-1" });
const theirSigner = createSigner(createPrivateKey({ key: keys.A.jwk, format: "jwk" }), "ed25519");
const theirVerifier = createVerifier(createPublicKey({ key: publicJwk, format: "jwk" }), "ed25519");

/**
 * Requests with URLs that the library does not normalize: it derives components from a URL object.
 */
const request = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
    url: fc
      .webUrl({ withQueryParameters: true, validSchemes: ["http", "https"] })
      .map((url) => new URL(url).href),
    body: fc.option(fc.uint8Array({ minLength: 1, maxLength: 100 }), { nil: undefined }),
  })
  .filter(({ url }) => !url.endsWith("?"));
/**
 * In RFC 8941's padded base64, which the library expects; peers of this dialect write base64url.
 */
const asByteSequence = (value: string) => {
  const { label, bytes } = parseSignature(value);
  return `${label}=:${Buffer.from(bytes).toString("base64")}:`;
};
const contentType = { "content-type": "application/json" };

describe("http-message-signatures", () => {
  test("verifies signatures of signRequest", async () => {
    await fc.assert(
      fc.asyncProperty(request, fc.boolean(), async ({ method, url, body }, withHeaders) => {
        const headers: Record<string, string> = withHeaders || body ? contentType : {};
        const signed = await signRequest(
          { method, url, headers, ...(body ? { body } : {}) },
          { profile: february2026, key: ours, signatureKey: { scheme: "hwk" } },
        );
        const verified = await httpbis.verifyMessage(
          {
            keyLookup: async () => ({ verify: theirVerifier }),
            requiredFields: [...signed.coveredComponents],
          },
          {
            method,
            url,
            headers: { ...headers, ...signed.headers, signature: asByteSequence(signed.headers.signature!) },
          },
        );
        expect(verified).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("makes signatures that our verifier accepts", async () => {
    await fc.assert(
      fc.asyncProperty(
        request,
        fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/),
        async ({ method, url, body }, label) => {
          const headers: Record<string, string> = {
            "signature-key": `${label}=${SIGNATURE_KEY}`,
            ...(body
              ? {
                  ...contentType,
                  "content-length": String(body.length),
                  "content-digest": await formatContentDigest(body),
                }
              : {}),
          };
          const { authority, target } = requestTarget(url);
          const fields = fullCoverage(factsOf({ target, headers }));
          const signed = await httpbis.signMessage(
            {
              key: theirSigner,
              name: label,
              fields: [...fields].reverse(),
              params: ["created", "keyid", "alg", "expires"],
            },
            { method, url, headers },
          );
          const received = Object.entries(signed.headers).map(([name, value]) => [
            name.toLowerCase(),
            String(value),
          ]);
          await prove(
            { method, authority, target, headers: Object.fromEntries(received), ...(body ? { body } : {}) },
            { now: Date.now() / 1000 },
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
