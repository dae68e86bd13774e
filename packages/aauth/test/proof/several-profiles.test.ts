/**
 * One verifier for several profiles: each message is judged by its own profile, and a route may
 * exclude some.
 */

import { describe, expect, it } from "vitest";
import { AAUTH_REQUIREMENT } from "../../src/draft-11/names.ts";
import { parseAgentAuth } from "../../src/february-2026/agent-auth.ts";
import { AGENT_AUTH } from "../../src/february-2026/names.ts";
import { february2026, february2026Published } from "../../src/february-2026/profile.ts";
import { parseRefusal, REFUSAL_FIELD } from "../../src/profile/refusal.ts";
import { plainRefusal } from "../../src/resource/challenge.ts";
import { checkRequirement, meetRequirement } from "../../src/resource/requirement.ts";
import type { AcceptedProfile, VerifierOptions } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { Requirement } from "../../src/types.ts";
import { refusal } from "../refusal.ts";
import { draft11Kit, februaryKit, renamedKit } from "./dialects.ts";
import {
  AUTHORITY,
  agentKey,
  discoveryOf,
  now,
  type ProfileKit,
  RESOURCE,
  requestOf,
  SCOPES,
  SERVER,
} from "./kit.ts";

const acceptedOf = (kit: ProfileKit, more: Partial<AcceptedProfile> = {}): AcceptedProfile => ({
  ...kit.trusted(SERVER),
  authorities: [AUTHORITY],
  audience: RESOURCE,
  discovery: discoveryOf(kit).discovery,
  ...more,
});

const verifierOf = (
  other: ProfileKit,
  more: Partial<AcceptedProfile> = {},
  options: Partial<VerifierOptions> = {},
) =>
  createVerifier({
    ...acceptedOf(februaryKit),
    accept: [acceptedOf(other, more)],
    now,
    ...options,
  });

const BOTH: Requirement<string> = {
  level: "authorized",
  scopes: SCOPES,
  or: { level: "auth-token", scopes: SCOPES },
};
const ONLY_AUTH_TOKEN: Requirement<string> = { level: "auth-token", scopes: SCOPES };

describe.each([draft11Kit, renamedKit])("february-2026 and $profile.name on one verifier", (other) => {
  it("each message is judged in its own profile", async () => {
    const verifier = verifierOf(other);
    for (const kit of [februaryKit, other]) {
      const { caller, report } = await verifier.verifyRequest(await requestOf(kit), BOTH);
      expect([caller.profile, report.profile]).toEqual([kit.profile.name, kit.profile.name]);
      expect(caller.grant?.scopes).toEqual(SCOPES);
      meetRequirement(caller, BOTH, kit.profile);
    }
  });

  it.each<[string, Partial<AcceptedProfile>, string]>([
    ["authorities", { authorities: ["other.example"] }, "unknown_authority"],
    ["audience", { audience: "https://other.example", authorities: [AUTHORITY] }, "token_audience_mismatch"],
    ["issuers", { personServers: ["https://other.example"] }, "untrusted_issuer"],
  ])("by its own %s", async (_what, more, code) => {
    const verifier = verifierOf(other, more);
    expect((await refusal(verifier, await requestOf(other))).code).toBe(code);
    await verifier.verifyRequest(await requestOf(februaryKit), BOTH);
  });

  it("a route for one profile refuses the other, before anything of it is judged", async () => {
    const { discovery, fetched } = discoveryOf(februaryKit);
    const verifier = verifierOf(other, {}, { discovery });
    const error = await refusal(verifier, await requestOf(februaryKit), ONLY_AUTH_TOKEN);
    expect([error.code, error.status, error.check, error.provenCaller]).toEqual([
      "profile_not_accepted",
      401,
      "requirement",
      undefined,
    ]);
    expect(fetched).toEqual([]);
    await verifier.verifyRequest(await requestOf(other), ONLY_AUTH_TOKEN);
    await verifier.verifyRequest(await requestOf(februaryKit), BOTH);
    const answer = plainRefusal(error, ONLY_AUTH_TOKEN, verifier.profiles);
    expect([answer.status, Object.keys(answer.headers)]).toEqual([
      401,
      expect.arrayContaining([AAUTH_REQUIREMENT]),
    ]);
    expect(answer.headers).not.toHaveProperty(AGENT_AUTH);
  });
});

it("profiles with indistinguishable messages are not accepted together: the second would never be used", () => {
  const published = { ...acceptedOf(februaryKit), profile: february2026Published };
  expect(() =>
    createVerifier({ profile: february2026, ...acceptedOf(februaryKit), accept: [published] }),
  ).toThrow(/accept: february-2026 and february-2026-published cannot be distinguished: name the peers/);
});

describe("profiles that share their levels", () => {
  const verifier = createVerifier({
    profile: february2026,
    ...acceptedOf(draft11Kit),
    accept: [acceptedOf(renamedKit)],
    now,
  });
  const demanded: Requirement<string> = { ...ONLY_AUTH_TOKEN, profiles: ["draft-11"] };

  it("are distinguished by name", async () => {
    await verifier.verifyRequest(await requestOf(draft11Kit), demanded);
    const error = await refusal(verifier, await requestOf(renamedKit), demanded);
    expect([error.code, error.check]).toEqual(["profile_not_accepted", "requirement"]);
    const { caller } = await verifier.verifyRequest(await requestOf(renamedKit), ONLY_AUTH_TOKEN);
    expect(() => meetRequirement(caller, demanded, renamedKit.profile)).toThrow(
      expect.objectContaining({ code: "profile_not_accepted" }),
    );
  });

  it.each<Requirement<string>>([
    { level: "authorized", scopes: SCOPES },
    { ...ONLY_AUTH_TOKEN, profiles: ["february-2026"] },
    { ...ONLY_AUTH_TOKEN, or: { level: "unheard" } },
  ])("reject the requirement %j", async (requirement) => {
    expect(() => checkRequirement(requirement, verifier.profiles!)).toThrow(TypeError);
  });
});

describe("the answer at a dual route", () => {
  const verifier = verifierOf(draft11Kit);

  it("to an unsigned request has both challenges", async () => {
    const unsigned = { ...(await requestOf(februaryKit)), headers: {} };
    const error = await refusal(verifier, unsigned, BOTH);
    const { status, headers } = plainRefusal(error, BOTH, verifier.profiles);
    expect(status).toBe(401);
    expect(parseAgentAuth(headers[AGENT_AUTH]!).level).toBe("pseudonymous");
    expect(headers[AAUTH_REQUIREMENT]).toBe("requirement=person-token");
    expect(parseRefusal(headers[REFUSAL_FIELD])).toMatchObject({ code: "missing_signature" });
  });

  it.each([
    [februaryKit, AGENT_AUTH, AAUTH_REQUIREMENT],
    [draft11Kit, AAUTH_REQUIREMENT, AGENT_AUTH],
  ])("to a caller of $profile.name is in its profile", async (kit, own, others) => {
    const below = kit.shown[1]!;
    const request = await requestOf(kit, { credential: await below.credential(agentKey) });
    const error = await refusal(verifier, request, BOTH);
    const { headers } = plainRefusal(error, BOTH, verifier.profiles);
    expect(headers).toHaveProperty(own);
    expect(headers).not.toHaveProperty(others);
  });
});
