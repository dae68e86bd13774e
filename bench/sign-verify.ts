/**
 * Measures the cost of our signing and verifying above the limit of the platform's cryptography:
 * SHA-256 of the body and Ed25519 with an imported key.
 */

import assert from "node:assert";
import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { generateSigningKey, importSigningKey, type PrivateJwk, type SigningKey, signRequest } from "aauth";
import { february2026, february2026Resource, february2026Tokens } from "aauth/february-2026";
import { createVerifier, type Verifier } from "aauth/resource";
import { createTokenSigner } from "aauth/server";
import { signedRequest, type TestRequest } from "aauth/testing";
import { createVerifier as createPeerVerifier, createSigner, httpbis } from "http-message-signatures";
import { createTestDiscovery } from "../packages/aauth/test/february-2026/parties.ts";
import { type Comparison, runComparisons } from "./measure.ts";

const RESOURCE = "https://resource.example";
const ISSUER = "https://auth.example";
const url = `${RESOURCE}/api/data`;
const body = Buffer.from(JSON.stringify({ text: "x".repeat(1013) }));
const content = { "content-type": "application/json", "content-length": String(body.length) };
const fields = ["@method", "@authority", "@path", "content-type", "content-digest", "signature-key"];
/** Longer than the run. */
const FOREVER_SECONDS = 1e9;

const pair = generateKeyPairSync("ed25519");
const realm = generateKeyPairSync("rsa", { modulusLength: 2048 });

async function signingComparison(key: SigningKey): Promise<Comparison> {
  const request = { method: "POST", url, headers: content, body };
  const options = { key, profile: february2026, signatureKey: { scheme: "hwk" } } as const;
  const { signatureBase, headers } = await signRequest(request, options);
  const base = Buffer.from(signatureBase);
  const peer = peerSigning(headers["signature-key"]!);
  return {
    title: "sign: POST, 1 KB body with digest, scheme hwk",
    floor: { name: "SHA-256 + Ed25519 sign", run: () => [digest(), sign(null, base, pair.privateKey)] },
    candidates: [
      { name: "aauth", run: () => signRequest(request, { ...options, nonce: false }) },
      { name: "aauth, with nonce", run: () => signRequest(request, options) },
      { name: "http-message-signatures 1.0.6", run: peer },
    ],
  };
}

async function verifyingComparison(key: SigningKey): Promise<Comparison> {
  const verifier = createTestVerifier();
  const known = await requestOf(key, { scheme: "hwk" }, false);
  const withNonce = await requestOf(key, { scheme: "hwk" });
  await refusesForgeries(verifier, known);
  await refusesForgeries(verifier, withNonce);
  // More than the cache of keys has room for: none is found in it.
  const unknownKeys = await Promise.all(
    Array.from({ length: 1_200 }, async () =>
      requestOf(await generateSigningKey({ kid: "k" }), { scheme: "hwk" }, false),
    ),
  );
  let turn = 0;
  return {
    title: "verify: the same request, digest compared",
    floor: verifyingFloor(400),
    candidates: [
      { name: "aauth", run: () => verifier.verifyRequest(known) },
      { name: "aauth, with nonce", run: () => verifier.verifyRequest(withNonce) },
      {
        name: "aauth, key never seen",
        run: () => verifier.verifyRequest(unknownKeys[turn++ % unknownKeys.length]!),
      },
      { name: "http-message-signatures 1.0.6 + digest", run: await peerVerifying(known) },
    ],
  };
}

async function tokenComparisons(key: SigningKey): Promise<Comparison[]> {
  const signer = await createTokenSigner(realm.privateKey, { alg: "RS256", kid: "realm-1" });
  const issue = async () => {
    const { token } = await february2026Tokens.issueAuthToken({
      signer,
      issuer: ISSUER,
      audience: RESOURCE,
      agent: "https://agent.example",
      confirmationKey: key.publicJwk,
      scope: "data.read data.write",
      lifetimeSeconds: FOREVER_SECONDS,
    });
    return token;
  };
  const jwt = await issue();
  const request = await requestOf(key, { scheme: "jwt", jwt }, false);
  const verifier = createTestVerifier();
  await refusesForgeries(verifier, request);
  // More than are cached: the verifier never finds one in its cache.
  const unseen = await Promise.all(
    Array.from({ length: 1_200 }, async () => requestOf(key, { scheme: "jwt", jwt: await issue() }, false)),
  );
  let turn = 0;
  const floor = verifyingFloor(1_400);
  const tokenInput = Buffer.from(jwt.slice(0, jwt.lastIndexOf(".")));
  const tokenSignature = Buffer.from(jwt.slice(jwt.lastIndexOf(".") + 1), "base64url");
  return [
    {
      title: "verify: scheme jwt, token seen before",
      floor,
      candidates: [{ name: "aauth", run: () => verifier.verifyRequest(request) }],
    },
    {
      title: "verify: scheme jwt, token never seen, RS256",
      floor: {
        name: `${floor.name} + RS256 verify`,
        run: () => [floor.run(), verify("sha256", tokenInput, realm.publicKey, tokenSignature)],
      },
      candidates: [{ name: "aauth", run: () => verifier.verifyRequest(unseen[turn++ % unseen.length]!) }],
    },
  ];
}

const digest = () => hash("sha256", body, "base64");

function verifyingFloor(baseBytes: number) {
  const base = Buffer.alloc(baseBytes, "x");
  const signature = sign(null, base, pair.privateKey);
  return {
    name: "SHA-256 + Ed25519 verify",
    run: () => [digest(), verify(null, base, pair.publicKey, signature)],
  };
}

function createTestVerifier(): Verifier {
  const realmJwk = { ...realm.publicKey.export({ format: "jwk" }), kty: "RSA", kid: "realm-1", alg: "RS256" };
  return createVerifier({
    profile: february2026Resource({ authServer: ISSUER }),
    authorities: ["resource.example"],
    audience: RESOURCE,
    discovery: createTestDiscovery({ issuers: { [ISSUER]: { keys: [realmJwk] } } }),
    toleranceSeconds: 3_600,
    // The benchmark sends one request many times.
    replayStore: { putIfAbsent: () => true },
  });
}

function requestOf(
  key: SigningKey,
  signatureKey: Parameters<typeof signRequest>[1]["signatureKey"],
  nonce?: false,
): Promise<TestRequest> {
  return signedRequest({
    profile: february2026,
    url,
    body,
    key,
    signatureKey,
    ...(nonce === false ? { nonce } : {}),
  });
}

function peerSigning(signatureKey: string) {
  const signer = createSigner(pair.privateKey, "ed25519");
  return () => {
    const headers = {
      ...content,
      "content-digest": `sha-256=:${digest()}:`,
      "signature-key": signatureKey,
    };
    return httpbis.signMessage(
      { key: signer, name: "sig1", fields, params: ["created"] },
      { method: "POST", url, headers },
    );
  };
}

async function peerVerifying(request: TestRequest) {
  const { headers } = await peerSigning(request.headers["signature-key"]!)();
  const verifier = createPeerVerifier(pair.publicKey, "ed25519");
  const config = {
    keyLookup: async () => ({ verify: verifier }),
    requiredFields: fields,
    maxAge: FOREVER_SECONDS,
  };
  return async () => {
    // The library leaves the digest to its caller.
    assert.equal(headers["content-digest"], `sha-256=:${digest()}:`);
    assert.equal(await httpbis.verifyMessage(config, { method: "POST", url, headers }), true);
  };
}

/** A verifier that accepts forgeries would win any race. */
async function refusesForgeries(verifier: Verifier, request: TestRequest): Promise<void> {
  await verifier.verifyRequest(request);
  const headers = { ...request.headers, "content-type": "text/plain" };
  for (const change of [{ body: Buffer.alloc(body.length) }, { target: "/other" }, { headers }]) {
    await assert.rejects(verifier.verifyRequest({ ...request, ...change }));
  }
}

const key = await importSigningKey(pair.privateKey.export({ format: "jwk" }) as unknown as PrivateJwk);
await runComparisons([
  await signingComparison(key),
  await verifyingComparison(key),
  ...(await tokenComparisons(key)),
]);
