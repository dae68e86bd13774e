import { expectTypeOf, test } from "vitest";
import type { Draft11Level } from "../../src/draft-11/names.ts";
import type { draft11 } from "../../src/draft-11/profile.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import type { FebruaryLevel } from "../../src/february-2026/requirement.ts";
import { createResource } from "../../src/resource/create-resource.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createTestDiscovery } from "../../src/testing/test-discovery.ts";
import type { CallerGrant, Requirement, SigningKey } from "../../src/types.ts";

const discovery = createTestDiscovery({ documents: {} });
const own = { authorities: ["reports.example"], discovery };
const request = { method: "GET", target: "/", headers: {}, body: undefined };
const key = {} as SigningKey;
const identity = { resource: "https://reports.example", key };

/** `tsc` compares the types; these functions never run. */
test("the levels of a verifier are those of its profiles", () => {
  expectTypeOf<typeof draft11.verification.levels>().toEqualTypeOf<readonly Draft11Level[]>();
  const today = () => createVerifier(own);
  const february = () => createVerifier({ ...own, profile: february2026 });
  const both = () => createVerifier({ ...own, accept: [{ ...own, profile: february2026 }] });
  expectTypeOf<Parameters<ReturnType<typeof today>["checkRequirement"]>[0]>().toEqualTypeOf<
    Requirement<Draft11Level>
  >();

  const cases = async () => {
    const { caller } = await today().verifyRequest(request, { level: "auth-token", scopes: ["read"] });
    expectTypeOf(caller.grant).toEqualTypeOf<CallerGrant>();
    const { caller: person } = await today().verifyRequest(request, { level: "person-token" });
    expectTypeOf(person.person.sub).toEqualTypeOf<string>();
    // @ts-expect-error a person token has no grant
    person.grant.scopes;
    // @ts-expect-error a misspelt level
    await today().verifyRequest(request, { level: "auth-tokn", scopes: ["read"] });
    // @ts-expect-error a level of a profile that is not accepted
    await today().verifyRequest(request, { level: "authorized", scopes: ["read"] });
    // @ts-expect-error the same, the other way round
    await february().begin(request, { level: "agent-token" });
    await february().begin(request, { level: "identified" });

    await both().verifyRequest(request, { level: "authorized", scopes: ["read"] });
    const or = { level: "auth-token", scopes: ["read"] } as const;
    await both().verifyRequest(request, { level: "authorized", scopes: ["read"], or });
    // @ts-expect-error a level of neither
    await both().verifyRequest(request, { level: "grant" });
    // @ts-expect-error an alternative of neither
    await both().verifyRequest(request, { level: "identified", or: { level: "grant" } });
  };
  expectTypeOf(cases).toBeFunction();
});

test("the levels of a resource are those of its profiles", () => {
  const cases = async () => {
    const { answer, caller } = await createResource(identity).admit(request, { level: "agent-token" });
    if (answer === undefined) expectTypeOf(caller.agent).toEqualTypeOf<string>();
    // @ts-expect-error a misspelt level
    await createResource(identity).admit(request, { level: "agent" });
    // @ts-expect-error a level of a profile that it does not speak
    await createResource(identity).admit(request, { level: "identified" });
    await createResource({ ...identity, profile: february2026 }).admit(request, { level: "identified" });
  };
  expectTypeOf(cases).toBeFunction();
});

test("a requirement has a level of some dialect, unless it names the dialect's", () => {
  const february: Requirement<FebruaryLevel> = { level: "identified" };
  expectTypeOf(february).toExtend<Requirement>();
  // @ts-expect-error a misspelt level
  const misspelt: Requirement = { level: "auth-tokn" };
  expectTypeOf(misspelt).toExtend<Requirement>();
});
