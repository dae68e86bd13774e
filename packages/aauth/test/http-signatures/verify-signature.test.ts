import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { february2026 } from "../../src/february-2026/profile.ts";
import { readSignatureHeaders } from "../../src/http-signatures/verify-signature.ts";
import { expectRefusal, refusalOf } from "../refusal.ts";
import { type Arrived, NOW, prove } from "./prove.ts";
import { signByHand } from "./sign-by-hand.ts";

const get = { method: "GET", authority: "resource.example", target: "/api/data" };
const signed = signByHand(get);

/** The request with one header changed or removed. */
const withHeader = (request: Arrived, name: string, value: string | undefined): Arrived => ({
  ...request,
  headers: { ...request.headers, [name]: value },
});

describe("readSignatureHeaders", () => {
  test.each(["signature-key", "signature-input", "signature"])("refuses an oversize %s", async (name) => {
    const headers = { ...signed.headers, [name]: "a".repeat(16_385) };
    await expectRefusal("header_too_large", () =>
      readSignatureHeaders(headers, february2026.messages.fields),
    );
  });

  test.each([
    ["a digest alone", "content-digest", undefined],
    ["one of the three", "signature-input", "signature-key"],
  ])("a message with %s is missing the field it has lost", async (_, field, lost) => {
    const read = () => readSignatureHeaders({ [field]: "x=1" }, february2026.messages.fields);
    expect((await refusalOf(read)).claim).toBe(lost);
  });
});

describe("the signature", () => {
  test("refuses any flipped bit of the signature", async () => {
    const text = (signed.headers.signature as string).slice("sig1=:".length, -1);
    const bytes = Buffer.from(text, "base64url");
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 511 }), async (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const value = `sig1=:${flipped.toString("base64url")}:`;
        await expectRefusal("invalid_signature", () => prove(withHeader(signed, "signature", value)));
      }),
      { numRuns: 60 },
    );
  });

  test("accepts alg=ed25519 and refuses another", async () => {
    await prove(signByHand(get, { parameters: `;created=${NOW};alg="ed25519"` }));
    const other = signByHand(get, { parameters: `;created=${NOW};alg="rsa-pss-sha512"` });
    await expectRefusal("invalid_signature", () => prove(other));
  });

  test("no message of a refusal shows a header value", async () => {
    const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";
    for (const name of ["signature-key", "signature-input", "signature"]) {
      for (const value of [
        secret,
        `sig1=(scheme=${secret})`,
        `sig1=("${secret}" "${secret}")`,
        `sig1=:${secret}:`,
      ]) {
        expect((await refusalOf(() => prove(withHeader(signed, name, value)))).message).not.toContain(secret);
      }
    }
  });
});
