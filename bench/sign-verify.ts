/**
 * Measures the cost of signing and verifying in draft -11 above the limit of the platform's
 * cryptography: SHA-256 of the body and Ed25519 with an imported key. Beside it,
 * http-message-signatures, and `@hellocoop/httpsig` if `npm run test:all -- interop` has installed
 * it.
 */

import assert from "node:assert";
import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import {
  createDiscovery,
  draft11,
  importSigningKey,
  type PrivateJwk,
  type SigningKey,
  signRequest,
  toJwks,
} from "aauth";
import { createVerifier } from "aauth/resource";
import { issueAgentToken } from "aauth/server";
import { signedRequest } from "aauth/testing";
import { createVerifier as createPeerVerifier, createSigner, httpbis } from "http-message-signatures";
import { INTEROP_CACHE } from "../scripts/pinned-packages.ts";
import { type Candidate, runComparisons } from "./measure.ts";

const PROVIDER = "https://agent.example";
const url = "https://resource.example/api/data";
const body = Buffer.from(JSON.stringify({ text: "x".repeat(1013) }));
const content = { "content-type": "application/json", "content-length": String(body.length) };
const components = ["@method", "@authority", "@path", "signature-key", "content-digest", "content-type"];
/** Window of both verifiers, long enough for all runs together. */
const WINDOW_SECONDS = 3_600;

const pair = generateKeyPairSync("ed25519");
const jwk = { ...pair.privateKey.export({ format: "jwk" }), kid: "agent-1", alg: "Ed25519" };
const key = await importSigningKey(jwk as unknown as PrivateJwk);
const issue = async () =>
  (
    await issueAgentToken({
      key,
      issuer: PROVIDER,
      agent: "aauth:planner@agent.example",
      confirmationKey: key.publicJwk,
    })
  ).token;
const requestWith = (jwt: string) =>
  signedRequest({ url, body, key, profile: draft11, signatureKey: { scheme: "jwt", jwt } });
const jwt = await issue();
const request = await requestWith(jwt);
const verifier = createVerifier({
  profile: draft11,
  authorities: ["resource.example"],
  discovery: discoveryOf(key),
  toleranceSeconds: WINDOW_SECONDS,
  // The benchmark sends one request many times.
  replayStore: { putIfAbsent: () => true },
});
const requirement = { level: "agent-token" } as const;
const isRefused = (changed: object) =>
  assert.rejects(verifier.verifyRequest({ ...request, ...changed }, requirement));
await isRefused({ body: Buffer.alloc(body.length) });
await isRefused({ target: "/other" });

const digest = () => hash("sha256", body, "base64");
// More than are cached: the verifier never finds one in its cache.
const unseen = await Promise.all(Array.from({ length: 1_200 }, async () => requestWith(await issue())));
let turn = 0;
const httpsig = await httpsigCandidates();
const peer = await otherPeer(request.headers["signature-key"]!);
const base = Buffer.alloc(1_400, "x");
const signature = sign(null, base, pair.privateKey);

await runComparisons([
  {
    title: "draft -11, sign: POST, 1 KB body with digest, agent token",
    floor: { name: "SHA-256 + Ed25519 sign", run: () => [digest(), sign(null, base, pair.privateKey)] },
    candidates: [
      {
        name: "aauth",
        run: () =>
          signRequest(
            { method: "POST", url, headers: content, body },
            { key, profile: draft11, signatureKey: { scheme: "jwt", jwt } },
          ),
      },
      peer.sign,
      ...httpsig.sign,
    ],
  },
  {
    title: "draft -11, verify: the same request, digest compared, token seen before",
    floor: {
      name: "SHA-256 + Ed25519 verify",
      run: () => [digest(), verify(null, base, pair.publicKey, signature)],
    },
    candidates: [
      { name: "aauth", run: () => verifier.verifyRequest(request, requirement) },
      {
        name: "aauth, token never seen",
        run: () => verifier.verifyRequest(unseen[turn++ % unseen.length]!, requirement),
      },
      peer.verify,
      ...httpsig.verify,
    ],
  },
]);

function discoveryOf(provider: SigningKey) {
  const documents: Readonly<Record<string, unknown>> = {
    [`${PROVIDER}/.well-known/aauth-agent.json`]: { issuer: PROVIDER, jwks_uri: `${PROVIDER}/jwks.json` },
    [`${PROVIDER}/jwks.json`]: toJwks([provider]),
  };
  return createDiscovery({
    transport: async ({ href }) => ({
      status: 200,
      body: new TextEncoder().encode(JSON.stringify(documents[href])),
    }),
  });
}

/** It knows no token. */
async function otherPeer(signatureKey: string): Promise<Record<"sign" | "verify", Candidate>> {
  const name = "http-message-signatures 1.0.6";
  const signer = createSigner(pair.privateKey, "ed25519");
  const sign = () => {
    // The library leaves the digest to its caller.
    const headers = { ...content, "content-digest": `sha-256=:${digest()}:`, "signature-key": signatureKey };
    const options = { key: signer, name: "sig", fields: components, params: ["created"] };
    return httpbis.signMessage(options, { method: "POST", url, headers });
  };
  const { headers } = await sign();
  const keyLookup = async () => ({ verify: createPeerVerifier(pair.publicKey, "ed25519") });
  const verify = async () => {
    assert.equal(headers["content-digest"], `sha-256=:${digest()}:`);
    const config = { keyLookup, requiredFields: components, maxAge: WINDOW_SECONDS };
    assert.equal(await httpbis.verifyMessage(config, { method: "POST", url, headers }), true);
  };
  return { sign: { name, run: sign }, verify: { name: `${name} + digest`, run: verify } };
}

/** It signs and verifies the message, and reads the token without verifying it. */
async function httpsigCandidates(): Promise<{ sign: Candidate[]; verify: Candidate[] }> {
  const name = "@hellocoop/httpsig 2.2.0";
  const folder = findPeers();
  if (folder === undefined) {
    console.log(`${name} is not installed: npm run test:all -- interop`);
    return { sign: [], verify: [] };
  }
  const httpsig = await import(createRequire(`${folder}/package.json`).resolve("@hellocoop/httpsig"));
  const signing = { method: "POST", headers: content, body, signatureKey: { type: "jwt", jwt }, components };
  const sign = () => httpsig.fetch(url, { ...signing, signingKey: jwk, dryRun: true });
  const headers = Object.fromEntries((await sign()).headers);
  const message = { method: "POST", authority: "resource.example", path: "/api/data", headers, body };
  const verify = async () => {
    const { verified } = await httpsig.verify(message, { maxClockSkew: WINDOW_SECONDS });
    assert.equal(verified, true);
  };
  const forged = await httpsig.verify({ ...message, path: "/other" }, { maxClockSkew: WINDOW_SECONDS });
  assert.equal(forged.verified, false);
  return { sign: [{ name, run: sign }], verify: [{ name, run: verify }] };
}

function findPeers(): string | undefined {
  try {
    const folder = readdirSync(INTEROP_CACHE).find((name) => name.startsWith("draft-11-js-"));
    return folder && `${INTEROP_CACHE}${folder}`;
  } catch {
    return undefined;
  }
}
