import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AAuthVerificationError } from "../../src/errors.ts";
import { february2026, february2026Published } from "../../src/february-2026/index.ts";
import { february2026Resource } from "../../src/february-2026/profile.ts";
import type { Check } from "../../src/http-signatures/report.ts";
import { createVerifier } from "../../src/resource/index.ts";
import { signedRequest } from "../../src/testing/index.ts";
import { createTestParties } from "./parties.ts";

const profile = readFileSync(new URL("../../../../docs/february-2026/profile.md", import.meta.url), "utf8");
const { agent, clock, discovery } = await createTestParties();
const { checks: rules } = february2026.verification;
const named = rules.map(({ name, section }) => ({ name, section }));

test("every check that a verifier makes has one section, and no other check has", async () => {
  const verifier = createVerifier({
    profile: february2026,
    authorities: ["a.localhost"],
    discovery,
    now: clock.now,
  });
  const request = await signedRequest({
    profile: february2026,
    url: "http://a.localhost/",
    key: agent.key,
    now: clock.now,
    signatureKey: { scheme: "hwk" },
  });
  const { report } = await verifier.verifyRequest(request);
  expect(report.profile).toBe("february-2026");
  expect(report.checks.map(({ name, section }) => ({ name, section }))).toEqual(named);
  expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
});

test("every step belongs to one check, and both dialects make the same checks", () => {
  const steps = rules.flatMap((rule) => rule.steps);
  expect(new Set(steps).size).toBe(steps.length);
  expect(february2026Published.verification.checks).toEqual(rules);
});

test.each(rules.map(({ name, section }) => [name, section]))(
  "%s: %s is a section of the profile",
  (_check, section) => {
    const [, number] = /^profile (\d+(?:\.\d+)?)$/.exec(section) ?? [];
    expect(number).toBeDefined();
    expect(profile).toMatch(new RegExp(`^#+ ${number!.replace(".", "\\.")}\\.? `, "m"));
  },
);

test("a check that failed has the section that it has when it passes", async () => {
  const url = "http://a.localhost/";
  const signatureKey = { scheme: "jwks", id: agent.id } as const;
  const request = await signedRequest({
    profile: february2026,
    url,
    key: agent.key,
    now: clock.now,
    signatureKey,
    body: "{}",
  });
  const requirement = { level: "authorized", scopes: ["data:read"] } as const;
  for (const [message, now] of [
    [request, () => clock.now() + 3600],
    [{ ...request, body: new TextEncoder().encode("[]") }, clock.now],
    [{ ...request, headers: {} }, clock.now],
    [request, clock.now],
  ] as const) {
    const verifier = createVerifier({
      profile: february2026Resource({ authServer: "http://b.localhost" }),
      authorities: ["a.localhost"],
      audience: "http://a.localhost",
      discovery,
      now,
    });
    const error = await verifier.verifyRequest(message, requirement).catch((refused) => refused);
    expect(error).toBeInstanceOf(AAuthVerificationError);
    expect(error.report.checks.map(({ name, section }: Check) => ({ name, section }))).toEqual(named);
  }
});
