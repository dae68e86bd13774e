/** Keys that cannot be exported, as in a KMS or behind PKCS#11: here those of WebCrypto. */

import { expect, it } from "vitest";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import type { PublicJwk, SigningKey } from "../../src/types.ts";
import { createWorld } from "./world.ts";

async function unreadableKey(kid: string): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("expected a key pair");
  await expect(crypto.subtle.exportKey("jwk", pair.privateKey)).rejects.toThrow();
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { alg, publicJwk, thumbprint } = await importVerificationKey({ kty, crv, x } as PublicJwk);
  return {
    kid,
    alg,
    publicJwk: { ...publicJwk, kid },
    thumbprint,
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, new Uint8Array(data))),
  };
}

it("signs for an agent and for a resource with keys that cannot be exported", async () => {
  const [agentKey, resourceKey] = [await unreadableKey("agent-1"), await unreadableKey("resource-1")];
  const world = await createWorld({ challenger: { key: resourceKey } });
  const { agent, resource, discovery } = world.parties;
  discovery.publish(`${agent.id}/jwks.json`, { keys: [agentKey.publicJwk] });
  discovery.publish(`${resource.id}/jwks.json`, { keys: [resourceKey.publicJwk] });
  const { status } = await world.agent({ key: agentKey }).fetchFor()(
    "http://supply-chain-agent.localhost:3000/",
  );
  expect(status).toBe(200);
  expect(world.story()).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
  expect(world.seen.map(({ caller }) => caller.thumbprint)).toEqual([agentKey.thumbprint]);
});
