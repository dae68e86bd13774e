/**
 * ES256 keys of messages. No current dialect has them, so this one differs from February 2026 in
 * them alone.
 */

import { describe, expect, it } from "vitest";
import { signRequest } from "../../src/agent/sign-request.ts";
import { february2026, february2026Resource } from "../../src/february-2026/profile.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";
import { AUTHORITY, parties, refusal, signBadly } from "./kit.ts";

const { agent, clock, resource } = parties;
const profile: WireProfile = {
  ...february2026,
  name: "february-2026-es256",
  messages: { ...february2026.messages, keyAlgorithms: ["Ed25519", "ES256"] },
};
const key = await generateSigningKey({ kid: "p256-1", alg: "ES256" });
const signatureKey = `sig1=(scheme=jwks id="${agent.id}" kid="p256-1")`;
const published = () =>
  createTestDiscovery(
    { agents: { [agent.id]: [agent.key.publicJwk, key.publicJwk] } },
    { now: () => clock.now() },
  );
const verifierFor = (options: Parameters<typeof parties.createVerifier>[0] = {}) =>
  parties.createVerifier({ profile, discovery: published(), ...options });
const parameters = (alg: string) => `;created=${clock.now()};alg="${alg}"`;

describe("the alg parameter", () => {
  it("is that of the key", async () => {
    const verifier = verifierFor();
    await verifier.verifyRequest(
      await signBadly({ signatureKey, key, parameters: parameters("ecdsa-p256-sha256") }),
    );
    for (const alg of ["ed25519", "ES256", "ecdsa-p384-sha384"]) {
      const request = await signBadly({ signatureKey, key, parameters: parameters(alg) });
      const error = await refusal(verifier, request);
      expect([error.code, error.claim, error.expected]).toEqual([
        "invalid_signature",
        "alg",
        "ecdsa-p256-sha256",
      ]);
    }
  });

  it("chooses among the keys of a holder, and accepts no other", async () => {
    const tokenHolder = async () => ({
      agent: resource.id,
      keys: [resource.key.publicJwk, key.publicJwk],
    });
    const verifier = verifierFor({
      profile: { ...profile, verification: february2026Resource({ tokenHolder }).verification },
    });
    const jwt = await parties.issueAuthToken();
    const signed = (alg: string, signer: typeof key) =>
      signBadly({ signatureKey: `sig1=(scheme=jwt jwt="${jwt}")`, key: signer, parameters: parameters(alg) });
    for (const [alg, signer] of [
      ["ecdsa-p256-sha256", key],
      ["ed25519", resource.key],
    ] as const) {
      const { caller } = await verifier.verifyRequest(await signed(alg, signer));
      expect([caller.agent, caller.thumbprint]).toEqual([resource.id, signer.thumbprint]);
    }
    expect((await refusal(verifier, await signed("ed25519", key))).code).toBe("invalid_signature");
    expect((await refusal(verifier, await signed("hmac-sha256", key))).code).toBe("invalid_signature");
  });
});

describe("in the dialect of February 2026", () => {
  it("an agent's ES256 key is not accepted", async () => {
    const request = await signBadly({ signatureKey, key });
    const verifier = parties.createVerifier({ discovery: published() });
    expect((await refusal(verifier, request)).code).toBe("unsupported_key");
    // A cached import of the key by another verifier does not make it acceptable.
    await verifierFor().verifyRequest(request);
    expect((await refusal(verifier, request)).code).toBe("unsupported_key");
  });

  it("scheme hwk is neither sent nor accepted with an ES256 key", async () => {
    const signing = signRequest(
      { method: "GET", url: `http://${AUTHORITY}/` },
      { profile: february2026, key, signatureKey: { scheme: "hwk" } },
    );
    await expect(signing).rejects.toMatchObject({ code: "malformed_signature_key" });
    const { x, y } = key.publicJwk as { x: string; y: string };
    const hwk = `sig1=(scheme=hwk kty="EC" crv="P-256" x="${x}" y="${y}")`;
    for (const verifier of [parties.createVerifier(), verifierFor()]) {
      expect((await refusal(verifier, await signBadly({ signatureKey: hwk, key }))).code).toBe(
        "unsupported_key",
      );
    }
  });
});
