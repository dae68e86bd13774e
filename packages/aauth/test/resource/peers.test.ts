/** Peers of a variant of the profile: only a named agent may leave the body uncovered. */

import { expect, test } from "vitest";
import { issueAgentToken } from "../../src/february-2026/issue-tokens.ts";
import {
  february2026,
  february2026Published,
  february2026Resource,
} from "../../src/february-2026/profile.ts";
import type { FebruaryLevel } from "../../src/february-2026/requirement.ts";
import type { SignatureKeyScheme } from "../../src/profile/messages.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { signedRequest, testKey } from "../../src/testing/index.ts";
import type { Requirement, SigningKey } from "../../src/types.ts";
import { createTestParties } from "../february-2026/parties.ts";

const OTHER = "http://other-agent.localhost:9000";
const BODY = JSON.stringify({ order: 1 });

async function createWorld(peers?: readonly string[]) {
  const otherKey = await testKey("B", "other-1");
  const parties = await createTestParties({ agents: { [OTHER]: [otherKey.publicJwk] } });
  const { agent, resource, discovery, authServer, clock } = parties;
  const accepted = {
    authorities: ["supply-chain-agent.localhost:3000"],
    audience: resource.id,
    discovery,
  };
  const server = { authServer: authServer.issuer };
  const published = february2026Resource({ ...server, dialect: february2026Published });
  const verifier = createVerifier({
    profile: february2026Resource(server),
    ...accepted,
    now: clock.now,
    accept: [{ ...accepted, profile: published, peers: peers ?? [agent.id] }],
  });
  const sign = (
    signatureKey: SignatureKeyScheme,
    key: SigningKey,
    profile: WireProfile = february2026Published,
  ) => signedRequest({ url: `${resource.id}/`, body: BODY, key, signatureKey, profile, now: clock.now });
  const verdict = async (
    request: Awaited<ReturnType<typeof sign>> & { sender?: string },
    requirement: Requirement<FebruaryLevel> = { level: "pseudonymous" },
  ) =>
    verifier.verifyRequest(request, requirement).then(
      ({ caller, report }) => [caller.profile, report.bodyBound],
      (error) => error.code,
    );
  return { ...parties, otherKey, sign, verdict, accepted };
}

const UNCOVERED = [february2026Published.name, false];

test("a peer is known by its id, its agent token or its auth token", async () => {
  const { agent, clock, issueAuthToken, sign, verdict } = await createWorld();
  const { key } = agent;
  const delegated = { key, agent: agent.id, delegate: "urn:d:1", confirmationKey: key.publicJwk };
  for (const credential of [
    { scheme: "jwks", id: agent.id },
    { scheme: "jwt", jwt: await issueAgentToken({ ...delegated, now: clock.now }) },
    { scheme: "jwt", jwt: await issueAuthToken() },
  ] as const) {
    expect(await verdict(await sign(credential, key))).toEqual(UNCOVERED);
  }
});

test("other callers have to cover the body", async () => {
  const { agent, otherKey, issueAuthToken, sign, verdict } = await createWorld();
  expect(await verdict(await sign({ scheme: "jwks", id: OTHER }, otherKey))).toBe("insufficient_coverage");
  expect(await verdict(await sign({ scheme: "hwk" }, agent.key))).toBe("insufficient_coverage");
  const jwt = await issueAuthToken({ agent: OTHER, confirmationKey: otherKey.publicJwk });
  expect(await verdict(await sign({ scheme: "jwt", jwt }, otherKey))).toBe("insufficient_coverage");
});

test("a peer's name alone grants nothing", async () => {
  const { agent, otherKey, sign, verdict } = await createWorld();
  const named = { ...otherKey, kid: agent.key.kid };
  expect(await verdict(await sign({ scheme: "jwks", id: agent.id }, named))).toBe("invalid_signature");
  const sender = { ...(await sign({ scheme: "jwks", id: OTHER }, otherKey)), sender: agent.id };
  // The verifier's caller knows the sender, as an auth server does in an exchange.
  expect(await verdict(sender)).toEqual(UNCOVERED);
  const notAPeer = { ...(await sign({ scheme: "jwks", id: agent.id }, agent.key)), sender: OTHER };
  expect(await verdict(notAPeer)).toBe("insufficient_coverage");
});

test("a message that names no agent is accepted at a route that names the dialect", async () => {
  const { agent, sign, verdict } = await createWorld([]);
  const request = await sign({ scheme: "hwk" }, agent.key);
  const both = [february2026.name, february2026Published.name];
  expect(await verdict(request, { level: "pseudonymous", profiles: both })).toEqual(UNCOVERED);
  expect(await verdict(await sign({ scheme: "jwks", id: agent.id }, agent.key))).toBe(
    "insufficient_coverage",
  );
  expect(await verdict(request)).toBe("insufficient_coverage");
});

test("a peer may cover its body, which is then compared", async () => {
  const { agent, sign, verdict } = await createWorld();
  const covered = () => sign({ scheme: "jwks", id: agent.id }, agent.key, february2026);
  const body = new TextEncoder().encode("{}");
  expect(await verdict({ ...(await covered()), body })).toBe("digest_mismatch");
  expect(await verdict(await covered())).toEqual([february2026Published.name, true]);
});

test("the report states that the body was not compared", async () => {
  const { agent, sign, accepted, clock } = await createWorld();
  const accept = [{ ...accepted, profile: february2026Published, peers: [agent.id] }];
  const request = await sign({ scheme: "jwks", id: agent.id }, agent.key);
  const { report } = await createVerifier({
    profile: february2026,
    ...accepted,
    now: clock.now,
    accept,
  }).verifyRequest(request);
  expect(report.checks.find(({ name }) => name === "content-digest")).toMatchObject({ verdict: "skipped" });
});

test("two requests of a peer may be equal, because their signatures do not cover the body", async () => {
  const { agent, sign, verdict } = await createWorld();
  const request = await sign({ scheme: "jwks", id: agent.id }, agent.key);
  expect([await verdict(request), await verdict(request)]).toEqual([UNCOVERED, UNCOVERED]);
});

test("S20: spends a message once across the dialects of one replay store", async () => {
  const { agent, accepted, clock, resource } = await createWorld();
  const replayStore = createMemoryClaimStore({ now: clock.now });
  const verifiers = [february2026, february2026Published].map((profile) =>
    createVerifier({ ...accepted, profile, replayStore, now: clock.now }),
  );
  for (const [nonce, code] of [
    ["Y3VyaW91c2x5Y3VyaW91cw", "nonce_replayed"],
    [false, "signature_replayed"],
  ] as const) {
    const message = { url: `${resource.id}/`, body: BODY, key: agent.key, nonce, now: clock.now };
    const request = await signedRequest({
      profile: february2026,
      ...message,
      signatureKey: { scheme: "jwks", id: agent.id },
    });
    await verifiers[0]!.verifyRequest(request);
    await expect(verifiers[1]!.verifyRequest(request)).rejects.toMatchObject({ code });
  }
});

test("the first profile applies to all callers, and peers are identifiers", async () => {
  const { accepted } = await createWorld();
  const misplaced = { ...accepted, profile: february2026Published, peers: [] };
  expect(() => createVerifier(misplaced)).toThrow("peers is not an option");
  const accept = (peers: readonly string[]) => [{ ...accepted, profile: february2026Published, peers }];
  expect(() =>
    createVerifier({ profile: february2026, ...accepted, accept: accept(["http://a.localhost/"]) }),
  ).toThrow("peers[0] must");
});
