/**
 * A dialect made from draft -11 by spreading, with the package's entry points alone.
 * docs/add-a-profile.md does the same for an agent.
 */

import { expect, it } from "vitest";
import { agentProviderMetadata, draft11, type SignatureKeyScheme, toJwks } from "../../src/index.ts";
import { createVerifier } from "../../src/resource/index.ts";
import { createTestClock, createTestDiscovery, signedRequest, testKey } from "../../src/testing/index.ts";
import type { MessageFacts, WireProfile } from "../../src/wire.ts";

/** Each message has a number, and signs it. */
const components = (facts: MessageFacts) => [...draft11.messages.demandedComponents(facts), "x-request-id"];
const numbered: WireProfile = {
  ...draft11,
  name: "numbered",
  messages: { ...draft11.messages, demandedComponents: components, signedComponents: components },
};

const { now } = createTestClock();
const key = await testKey("A");
const issuer = "https://agent.example";
const documents = {
  [`${issuer}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer }),
  [`${issuer}/jwks.json`]: toJwks([key]),
};
const discovery = createTestDiscovery({ documents }, { now });
const own = { authorities: ["resource.example"], endpoint: "revocation", discovery, now } as const;
const verifier = createVerifier({ ...own, profile: numbered });

const requestIn = (profile: WireProfile, id: string) => {
  const signatureKey: SignatureKeyScheme = { scheme: "jwks_uri", id: issuer, document: "aauth-agent.json" };
  const headers = { "x-request-id": id };
  return signedRequest({
    profile,
    url: "https://resource.example/revoke",
    method: "POST",
    headers,
    endpoint: "revocation",
    key,
    signatureKey,
    now,
  });
};

it("verifies a request of the third dialect under its name", async () => {
  const { caller, report } = await verifier.verifyRequest(await requestIn(numbered, "1"), {
    level: "server",
  });
  expect([caller.profile, caller.server, report.profile]).toEqual(["numbered", issuer, "numbered"]);
});

it("refuses one of draft -11, which leaves the number open to change", async () => {
  const request = await requestIn(draft11, "2");
  await expect(verifier.verifyRequest(request, { level: "server" })).rejects.toMatchObject({
    code: "insufficient_coverage",
    claim: "x-request-id",
  });
  await createVerifier(own).verifyRequest(request, { level: "server" });
});

it("refuses a number that was changed on the way", async () => {
  const request = await requestIn(numbered, "3");
  request.headers["x-request-id"] = "4";
  await expect(verifier.verifyRequest(request, { level: "server" })).rejects.toMatchObject({
    code: "invalid_signature",
  });
});
