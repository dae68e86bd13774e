import { expect, it } from "vitest";
import type { Discovery } from "../../src/discovery/discovery.ts";
import { issueAgentToken } from "../../src/february-2026/issue-tokens.ts";
import { testKey } from "../../src/testing/test-key.ts";
import { parties, refusal, requestOf } from "./kit.ts";

const { agent, clock, createVerifier } = parties;
const unknown = await testKey("B", agent.key.kid);

/** A verifier, and the parties that it reports as proven. */
function setUp() {
  const proven: string[] = [];
  const discovery: Discovery = {
    ...parties.discovery,
    proven: (kind, id) => void proven.push(`${kind.name} ${id}`),
  };
  return { proven, verifier: createVerifier({ discovery }) };
}

it("A2: an agent has proven itself once its signature has verified, and not before", async () => {
  const { verifier, proven } = setUp();
  await refusal(verifier, await requestOf({ key: unknown }));
  expect(proven).toEqual([]);
  await verifier.verifyRequest(await requestOf());
  expect(proven).toEqual([`agent ${agent.id}`]);
});

it("A2: so has an agent server once its agent token has verified", async () => {
  const { verifier, proven } = setUp();
  const issued = { agent: agent.id, delegate: "d", confirmationKey: unknown.publicJwk, now: clock.now };
  const request = async (key: typeof unknown) => {
    const jwt = await issueAgentToken({ ...issued, key });
    return requestOf({ key: unknown, signatureKey: { scheme: "jwt", jwt } });
  };
  await refusal(verifier, await request(unknown));
  expect(proven).toEqual([]);
  await verifier.verifyRequest(await request(agent.key));
  expect(proven).toEqual([`agent ${agent.id}`]);
});
