import { draft11, generateSigningKey, signRequest } from "aauth";
import { createAgent } from "aauth/agent";
import { createVerifier } from "aauth/resource";
import { createTestDiscovery, signedRequest, testKey } from "aauth/testing";
import { expect, test } from "vitest";
import { draft11Key } from "../src/draft-11.ts";

const url = "https://provider.example/delegate/token";
const key = await testKey("A");
const discovery = createTestDiscovery({});
const verifier = () =>
  createVerifier({ profile: draft11Key, authorities: ["provider.example"], schemes: ["hwk"], discovery });
const level = { level: "pseudonymous" } as const;
const signed = (changes: Partial<Parameters<typeof signedRequest>[0]> = {}) =>
  signedRequest({ profile: draft11Key, url, body: "{}", key, signatureKey: { scheme: "hwk" }, ...changes });
const codeOf = async (request: Awaited<ReturnType<typeof signed>>, gate = verifier()) =>
  gate.verifyRequest(request, level).then(
    () => undefined,
    ({ code }) => code,
  );

test("an agent without a token proves its key, and that alone", async () => {
  const agent = createAgent({
    id: "aauth:planner@provider.example",
    profile: draft11Key,
    key,
    discovery,
    async transport(_, { method, headers, body }) {
      expect(headers["signature-key"]).toBe(`sig=hwk;kty="OKP";crv="Ed25519";x="${key.publicJwk.x}"`);
      const target = { method, authority: "provider.example", target: "/delegate/token" };
      const { caller } = await verifier().verifyRequest({ ...target, headers, body }, level);
      expect(caller).toEqual({
        profile: "draft-11",
        scheme: "hwk",
        level: "pseudonymous",
        key: { kty: "OKP", crv: "Ed25519", x: key.publicJwk.x },
        thumbprint: key.thumbprint,
      });
      return new Response("no", { status: 401 });
    },
  });
  const content = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  // A refusal is returned: there is no other way to prove more.
  expect((await agent.fetchFor()(url, content)).status).toBe(401);
});

test("a message that another key signed, that changed or that comes again is refused", async () => {
  const request = await signed();
  const other = await signed({ key: await generateSigningKey({ kid: "other" }) });
  const named = { ...other.headers, "signature-key": request.headers["signature-key"]! };
  expect(await codeOf({ ...other, headers: named })).toBe("invalid_signature");
  expect(await codeOf({ ...request, body: new TextEncoder().encode("{ }") })).toBe("digest_mismatch");
  const bodyless = await signRequest(
    { method: "POST", url },
    { profile: draft11Key, key, signatureKey: { scheme: "hwk" } },
  );
  expect(await codeOf({ ...request, headers: { ...request.headers, ...bodyless.headers } })).toBe(
    "insufficient_coverage",
  );
  const gate = verifier();
  expect(await codeOf(request, gate)).toBeUndefined();
  expect(await codeOf(request, gate)).toBe("signature_replayed");
});

test.each([
  'sig=hwk;kty="OKP";crv="Ed25519";x="short"',
  `sig=hwk;kty="OKP";crv="Ed25519";x="${key.publicJwk.x}";d="${key.publicJwk.x}"`,
  `sig=hwk;kty="EC";crv="P-256";x="${key.publicJwk.x}"`,
  `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${key.publicJwk.x}")`,
  'sig=jwt;jwt="e30.e30.e30"',
])("the claim %s is refused", async (claim) => {
  const request = await signed();
  const headers = { ...request.headers, "signature-key": claim };
  expect(await codeOf({ ...request, headers })).toBe("malformed_signature_key");
});

test("an unsigned message is refused without a demand for a token", async () => {
  const request = { ...(await signed()), headers: { "content-type": "application/json" } };
  const error = await verifier()
    .verifyRequest(request, level)
    .catch((thrown) => thrown);
  expect(error.code).toBe("missing_signature");
  const { status, headers } = draft11Key.answers.refuse(error, level);
  expect(status).toBe(401);
  expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain("aauth-requirement");
});

test("a resource of draft -11 accepts no bare key", async () => {
  const resource = createVerifier({ profile: draft11, authorities: ["provider.example"], discovery });
  const refused = resource.verifyRequest(await signed(), { level: "agent-token" });
  await expect(refused).rejects.toMatchObject({ code: "unsupported_scheme" });
});
