import { describe, expect, it } from "vitest";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createTestDiscovery } from "../../src/testing/test-discovery.ts";
import { AUTHORITY, parties, signBadly } from "./kit.ts";

const KEY_SET = "http://keys.localhost:8000/jwks.json";
const signatureKey = `sig1=(scheme=jwks jwks="${KEY_SET}" kid="${parties.agent.key.kid}")`;

function gate(interop?: { jwksMode1: "verify-only" }) {
  const { now } = parties.clock;
  const discovery = createTestDiscovery(
    { documents: { [KEY_SET]: { keys: [parties.agent.key.publicJwk] } } },
    { now },
  );
  const verifier = createVerifier({ authorities: [AUTHORITY], discovery, now, ...(interop && { interop }) });
  const verify = async (level?: "identified") =>
    verifier.verifyRequest({ ...(await signBadly({ signatureKey })), body: undefined }, level && { level });
  return { discovery, verify };
}

describe("scheme jwks with a key set by URL", () => {
  it("is refused without a fetch", async () => {
    const { discovery, verify } = gate();
    await expect(verify()).rejects.toMatchObject({ code: "unsupported_scheme" });
    expect(discovery.requests).toEqual([]);
  });

  it("verifies with the switch, and leaves the caller pseudonymous", async () => {
    const { discovery, verify } = gate({ jwksMode1: "verify-only" });
    const { agent } = await verify();
    expect(agent).toMatchObject({
      level: "pseudonymous",
      scheme: "jwks",
      thumbprint: parties.agent.key.thumbprint,
    });
    expect(agent).not.toHaveProperty("agent");
    expect(discovery.requests).toEqual([KEY_SET]);
  });

  it("is no identity even with the switch", async () => {
    const { verify } = gate({ jwksMode1: "verify-only" });
    await expect(verify("identified")).rejects.toMatchObject({ code: "identity_required" });
  });
});
