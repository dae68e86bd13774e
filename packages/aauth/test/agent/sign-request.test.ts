import { describe, expect, test } from "vitest";
import { type RequestToSign, type SignRequestOptions, signRequest } from "../../src/agent/sign-request.ts";
import { decodeBase64Url } from "../../src/base64.ts";
import { february2026, february2026Published } from "../../src/february-2026/profile.ts";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import { NOW } from "../http-signatures/prove.ts";
import { expectRefusal } from "../refusal.ts";
import keys from "../vectors/keys.json" with { type: "json" };

const key = await importSigningKey(keys.A.jwk as PrivateJwk, { kid: "backend-ephemeral-1" });
const options: SignRequestOptions = {
  profile: february2026,
  key,
  signatureKey: { scheme: "hwk" },
  now: () => NOW,
};
const post: RequestToSign = {
  method: "POST",
  url: "https://resource.example/api/data?a=1",
  headers: { "content-type": "application/json" },
  body: new TextEncoder().encode('{"hello": "world"}'),
};

describe("signRequest", () => {
  test("a nonce is 16 fresh random bytes, on unsafe methods only", async () => {
    const nonces = await Promise.all(
      ["POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS"].map(async (method) => {
        const { headers } = await signRequest({ method, url: "https://resource.example/" }, options);
        return headers.nonce;
      }),
    );
    expect(nonces.slice(4)).toEqual([undefined, undefined, undefined]);
    expect(new Set(nonces.slice(0, 4)).size).toBe(4);
    for (const nonce of nonces.slice(0, 4)) expect(decodeBase64Url(nonce!)).toHaveLength(16);
  });

  test("treats an empty body as no body", async () => {
    const signed = await signRequest({ ...post, body: new Uint8Array(0) }, options);
    expect(signed.headers["content-digest"]).toBeUndefined();
    expect(signed.coveredComponents).not.toContain("content-digest");
  });

  test("ignores signature headers of an earlier attempt", async () => {
    const first = await signRequest(post, {
      profile: february2026,
      ...options,
      nonce: "Y3VyaW91c2x5Y3VyaW91cw",
    });
    const again = await signRequest(
      { ...post, headers: { ...post.headers, ...first.headers } },
      { profile: february2026, ...options, nonce: "Y3VyaW91c2x5Y3VyaW91cw" },
    );
    expect(again).toEqual(first);
  });

  test("the published profile signs as the demo does, with a digest that is not covered", async () => {
    const signed = await signRequest(post, { ...options, profile: february2026Published });
    const { "content-digest": digest, ...others } = signed.headers;
    expect(digest).toBe((await signRequest(post, options)).headers["content-digest"]);
    expect(Object.keys(others).sort()).toEqual(["signature", "signature-input", "signature-key"]);
    expect(signed.coveredComponents).toEqual(["@method", "@authority", "@path", "@query", "signature-key"]);
    const bare = await signRequest(
      { method: "GET", url: "https://a.example/?" },
      { ...options, profile: february2026Published },
    );
    expect(bare.coveredComponents).not.toContain("@query");
  });

  test("created is the whole second of a clock that has fractions", async () => {
    expect(
      (await signRequest(post, { profile: february2026, ...options, now: () => NOW + 0.999 })).created,
    ).toBe(NOW);
  });

  test("refuses a body without content-type, which no verifier could accept", async () => {
    await expectRefusal("missing_component", () => signRequest({ ...post, headers: {} }, options));
  });

  test("refuses a header value that could forge a line of the base", async () => {
    const headers = { "content-type": 'text/plain\n"@method": GET' };
    await expectRefusal("missing_component", () => signRequest({ ...post, headers }, options));
  });

  test.each(["Content-Type", "NONCE"])("refuses the name %s, which would not be covered", async (name) => {
    const headers = { ...post.headers, [name]: "x" };
    await expect(signRequest({ ...post, headers }, options)).rejects.toThrow(
      new TypeError(`headers must have names in lower case, not ${name}`),
    );
  });

  test("refuses an id that is not canonical, under which no verifier finds the agent", async () => {
    const signatureKey = { scheme: "jwks", id: "https://agent.example/" } as const;
    await expect(signRequest(post, { profile: february2026, ...options, signatureKey })).rejects.toThrow(
      "id must be a canonical identifier",
    );
  });

  test.each(["teapot", "constructor", "__proto__"])(
    "refuses an endpoint that the profile has no rules for: %s",
    async (endpoint) => {
      await expect(signRequest(post, { ...options, endpoint: endpoint as never })).rejects.toThrow(
        `has no rules for ${endpoint}`,
      );
    },
  );

  test("refuses a token too long for a header", async () => {
    const signatureKey = { scheme: "jwt", jwt: "a".repeat(20_000) } as const;
    await expectRefusal("header_too_large", () =>
      signRequest(post, { profile: february2026, ...options, signatureKey }),
    );
  });
});
