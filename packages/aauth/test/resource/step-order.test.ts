/** The order of a profile's steps, which is checked when a verifier is made. */

import { expect, test } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import type { StepName } from "../../src/profile/verification.ts";
import type { ResourceProfile } from "../../src/profile/wire-profile.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { discoveryOf } from "../draft-11/kit.ts";

const create = (profile: ResourceProfile) =>
  createVerifier({ profile, authorities: ["resource.example"], discovery: discoveryOf() });

/** The profile without a step, which may be made as the last one instead. */
const without = (profile: ResourceProfile, step: StepName, ...last: StepName[]): ResourceProfile => ({
  ...profile,
  verification: {
    ...profile.verification,
    checks: [
      ...profile.verification.checks.map((rule) => ({
        ...rule,
        steps: rule.steps.filter((own) => own !== step),
      })),
      { name: "last", section: "none", steps: last },
    ],
  },
});

test.each([draft11, february2026])("a verifier of $name is created", (profile) => {
  expect(create(profile).profiles).toEqual([profile]);
});

test.each([
  ["fields", "headers"],
  ["signature-input", "input"],
  ["coverage", "covered"],
  ["freshness", "freshAt"],
  ["labels", "label"],
  ["caller", "candidate"],
  ["signature", "caller"],
] as const)("no verifier is created without %s, or with it last", (step, given) => {
  for (const profile of [draft11, february2026]) {
    const refused = `no step gives ${given} in time`;
    expect(() => create(without(profile, step))).toThrow(refused);
    expect(() => create(without(profile, step, step))).toThrow(refused);
  }
});

test("no verifier is created for steps that check no body or prove no caller", () => {
  expect(() => create(without(draft11, "body"))).toThrow("no step gives checkedBody");
  const { verification } = draft11;
  const none = { ...draft11, verification: { ...verification, checks: [] } };
  expect(() => create(none)).toThrow("no step gives caller");
});
