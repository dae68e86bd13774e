import { describe, expect, expectTypeOf, test } from "vitest";
import { february2026 } from "../../src/february-2026/profile.ts";
import type { FebruaryLevel } from "../../src/february-2026/requirement.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import type { CallerGrant, ProvenCaller } from "../../src/types.ts";
import { parties, requestOf } from "./kit.ts";

const AUTHORIZED = { level: "authorized", scopes: ["supply-chain:optimize"] } as const;

/** `tsc` compares the types; the tests check the members at run time. */
describe("types of the caller's members by requirement", () => {
  test("authorized: agent and grant are present", async () => {
    const jwt = await parties.issueAuthToken();
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    const verifier = parties.createVerifier();
    const { caller } = await verifier.verifyRequest(request, AUTHORIZED);
    expectTypeOf(caller.agent).toEqualTypeOf<string>();
    expectTypeOf(caller.grant.scopes).toEqualTypeOf<readonly string[]>();
    expect([caller.agent, caller.grant.scopes]).toEqual([parties.agent.id, ["supply-chain:optimize"]]);
    const inline = () =>
      verifier.verifyRequest(request, { level: "authorized", scopes: ["supply-chain:optimize"] });
    expectTypeOf<Awaited<ReturnType<typeof inline>>["caller"]["grant"]>().toEqualTypeOf<CallerGrant>();
    const begun = () => verifier.begin(request, AUTHORIZED);
    type Completed = Awaited<ReturnType<Awaited<ReturnType<typeof begun>>["complete"]>>;
    expectTypeOf<Completed["caller"]["grant"]>().toEqualTypeOf<CallerGrant>();
  });

  test("identified: the agent is present, a grant is optional", async () => {
    const { caller } = await parties
      .createVerifier()
      .verifyRequest(await requestOf(), { level: "identified" });
    expectTypeOf(caller.agent).toEqualTypeOf<string>();
    expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant | undefined>();
    expect(caller.agent).toBe(parties.agent.id);
  });

  test("pseudonymous, any level, or no requirement: both members are optional", async () => {
    const verifier = parties.createVerifier();
    const none = await verifier.verifyRequest(await requestOf());
    const least = await verifier.verifyRequest(await requestOf(), { level: "pseudonymous" });
    const level = "pseudonymous" as FebruaryLevel;
    const unknown = await verifier.verifyRequest(await requestOf(), { level });
    for (const { caller } of [none, least, unknown]) {
      expectTypeOf(caller.agent).toEqualTypeOf<string | undefined>();
      expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant | undefined>();
      expect(caller.level).toBe("identified");
    }
  });

  test("meetRequirement narrows a caller in the same way", async () => {
    const jwt = await parties.issueAuthToken();
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    const { caller }: { caller: ProvenCaller } = await parties.createVerifier().verifyRequest(request);
    expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant | undefined>();
    meetRequirement(caller, { level: "authorized", scopes: ["supply-chain:optimize"] }, february2026);
    expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant>();
    expectTypeOf(caller.agent).toEqualTypeOf<string>();
    expect(caller.grant.scopes).toEqual(["supply-chain:optimize"]);
  });
});
