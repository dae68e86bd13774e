import { describe, expect, it } from "vitest";
import { issueAuthToken } from "../../src/february-2026/issue-tokens.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { verifyAuthToken } from "../../src/february-2026/verify-tokens.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import type { SigningKey } from "../../src/types.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";
import { codeOf } from "../refusal.ts";
import { AUTHORITY, parties, requestOf } from "./kit.ts";

/**
 * An identity that restarts with a new key under its old name, as the demo's agents do at every
 * start.
 */
async function restartingIdentity() {
  const keys = {
    old: await generateSigningKey({ kid: "same-1" }),
    new: await generateSigningKey({ kid: "same-1" }),
  };
  const published: object[] = [keys.old.publicJwk];
  const clock = { seconds: parties.clock.now() };
  const now = () => clock.seconds;
  const discovery = createTestDiscovery(
    {
      agents: { [parties.agent.id]: published },
      resources: { [parties.resource.id]: published },
      issuers: { [parties.authServer.issuer]: { keys: published } },
    },
    { now },
  );
  return {
    keys,
    clock,
    now,
    discovery,
    published,
    restart: () => published.splice(0, 1, keys.new.publicJwk),
  };
}

describe("an agent that starts again with a new key under its old name", () => {
  async function restartingAgent() {
    const identity = await restartingIdentity();
    const { discovery, now } = identity;
    const verifier = createVerifier({ profile: february2026, authorities: [AUTHORITY], discovery, now });
    const call = async (key: SigningKey) => verifier.verifyRequest(await requestOf({ key, now }));
    return { ...identity, call };
  }

  it("is known by its new key at once, although the old one is cached", async () => {
    const { keys, restart, call } = await restartingAgent();
    await call(keys.old);
    restart();
    expect((await call(keys.new)).caller.thumbprint).toBe(keys.new.thumbprint);
    expect((await call(keys.new)).report.keySource).toBe("discovery-cache");
  });

  it("is not known by its old key any more", async () => {
    const { keys, restart, call } = await restartingAgent();
    await call(keys.old);
    restart();
    await call(keys.new);
    expect(await codeOf(call(keys.old))).toBe("invalid_signature");
  });

  it("may do so three times in a row, and is known by each new key at once", async () => {
    const { keys, published, call } = await restartingAgent();
    await call(keys.old);
    for (let start = 0; start < 3; start++) {
      const key = await generateSigningKey({ kid: "same-1" });
      published.splice(0, 1, key.publicJwk);
      expect((await call(key)).caller.thumbprint).toBe(key.thumbprint);
    }
  });

  it("cannot be made to be asked again and again by bad signatures: three times, then once in 10 s", async () => {
    const { keys, clock, discovery, call } = await restartingAgent();
    await call(keys.old);
    const before = discovery.requests.length;
    for (let count = 0; count < 5; count++) expect(await codeOf(call(keys.new))).toBe("invalid_signature");
    expect(discovery.requests.length - before).toBe(3);
    clock.seconds += 9;
    await codeOf(call(keys.new));
    expect(discovery.requests.length - before).toBe(3);
    clock.seconds += 1;
    for (let count = 0; count < 5; count++) await codeOf(call(keys.new));
    expect(discovery.requests.length - before).toBe(4);
  });

  it("is locked out by such a flood for 10 s at most", async () => {
    const { keys, clock, restart, call } = await restartingAgent();
    await call(keys.old);
    const forged = await generateSigningKey({ kid: "same-1" });
    const flood = async () => {
      for (let count = 0; count < 5; count++) expect(await codeOf(call(forged))).toBe("invalid_signature");
    };
    await flood();
    restart();
    clock.seconds += 9;
    await flood();
    expect(await codeOf(call(keys.new))).toBe("invalid_signature");
    clock.seconds += 1;
    // Any request may cause the fetch.
    await flood();
    expect(await codeOf(call(keys.new))).toBe("accepted");
  });
});

describe("tokens of an issuer that starts again with a new key under its old name", () => {
  const audience = parties.resource.id;
  const { issuer } = parties.authServer;

  it("auth tokens verify, and those of the old key do not any more", async () => {
    const { keys, discovery, restart, now } = await restartingIdentity();
    const issue = async (key: SigningKey) =>
      (
        await issueAuthToken({
          signer: tokenSignerOf(key),
          issuer,
          audience,
          agent: parties.agent.id,
          confirmationKey: parties.agent.key.publicJwk,
          now,
        })
      ).token;
    const verify = (token: string) =>
      verifyAuthToken(token, { audience, trustedIssuers: [issuer], discovery, now });
    const before = await issue(keys.old);
    await verify(before);
    restart();
    await verify(await issue(keys.new));
    expect(await codeOf(verify(before))).toBe("invalid_token_signature");
  });
});
