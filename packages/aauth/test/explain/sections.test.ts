import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { explainMessage } from "../../src/explain/index.ts";
import { CHECK_SECTIONS } from "../../src/index.ts";
import { createVerifier } from "../../src/resource/index.ts";
import { createTestParties, signedRequest } from "../../src/testing/index.ts";

const profile = readFileSync(new URL("../../../../docs/reference/profile.md", import.meta.url), "utf8");
const { agent, clock, discovery } = await createTestParties();

test("every check that a gate makes has one section, and no other check has", async () => {
  const verifier = createVerifier({ authorities: ["a.localhost"], discovery, now: clock.now });
  const request = await signedRequest({
    ...{ url: "http://a.localhost/", key: agent.key, now: clock.now },
    signatureKey: { scheme: "hwk" },
  });
  const { report } = await verifier.verifyRequest(request);
  expect(Object.keys(CHECK_SECTIONS)).toEqual(report.checks.map(({ name }) => name));
});

test.each(Object.entries(CHECK_SECTIONS))("%s: %s is a section of the profile", (_check, section) => {
  const [, number] = /^profile (\d+(?:\.\d+)?)$/.exec(section) ?? [];
  expect(number).toBeDefined();
  expect(profile).toMatch(new RegExp(`^#+ ${number!.replace(".", "\\.")}\\.? `, "m"));
});

test("a check that failed has the section that it has when it passes", async () => {
  const url = "http://a.localhost/";
  const signatureKey = { scheme: "jwks", id: agent.id } as const;
  const request = await signedRequest({ url, key: agent.key, now: clock.now, signatureKey, body: "{}" });
  for (const [message, options] of [
    [{ ...request, url }, { now: () => clock.now() + 3600 }],
    [{ ...request, url, body: new TextEncoder().encode("[]") }, { now: clock.now }],
    [{ ...request, url, headers: {} }, { now: clock.now }],
    [
      { ...request, url },
      { now: clock.now, requirement: { level: "authorized", scopes: ["data:read"] } },
    ],
  ] as const) {
    const { verdict, checks } = await explainMessage(message as never, { discovery, ...options });
    expect(verdict).toBe("refused");
    for (const { name, section } of checks) expect([name, section]).toEqual([name, CHECK_SECTIONS[name]]);
  }
});
