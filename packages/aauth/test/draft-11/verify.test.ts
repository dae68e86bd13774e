import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { refusalOf } from "../../src/profile/refusal.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import type { Requirement } from "../../src/types.ts";
import { hostileText } from "../hostile-text.ts";
import {
  A_PERSON,
  ACCESS_SERVER,
  AGENT,
  ANY_AGENT,
  agentToken,
  authToken,
  discoveryOf,
  keys,
  NOW,
  now,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  RESOURCE,
  refusal,
  requestOf,
  signBadly,
  TO_READ,
  verifierOf,
} from "./kit.ts";

const jwt = (token: string) => ({ scheme: "jwt", jwt: token }) as const;
const shown = (token: string) => `sig=jwt;jwt="${token}"`;
const BASE = ["@method", "@authority", "@path", "signature-key"];

describe("a caller", () => {
  it("with an agent token is an agent", async () => {
    const { caller, report } = await verifierOf().verifyRequest(await requestOf(), { level: "agent-token" });
    expect(caller).toMatchObject({
      profile: "draft-11",
      level: "agent-token",
      scheme: "jwt",
      agent: AGENT,
      thumbprint: keys.agent.thumbprint,
      identityToken: { iss: PROVIDER },
    });
    expect(report.checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ...["headers", "coverage", "created", "scheme", "token", "key", "signature"].map((name) => [
        name,
        "passed",
      ]),
      ["replay", "skipped"],
      ["content-digest", "passed"],
      ["requirement", "passed"],
    ]);
  });

  it("with a person token is one for a person", async () => {
    const request = await requestOf({ signatureKey: jwt(await personToken({ tenant: "acme" })) });
    const { caller } = await verifierOf().verifyRequest(request, { level: "person-token" });
    expect(caller).toMatchObject({ level: "person-token", person: { iss: PERSON_SERVER, sub: "person-1" } });
    expect(caller).not.toHaveProperty("agent");
    expect(caller).not.toHaveProperty("grant");
  });

  it.each([ACCESS_SERVER, PERSON_SERVER])("with an auth token of %s is authorized", async (issuer) => {
    const key = issuer === PERSON_SERVER ? keys.person : keys.access;
    const token = await authToken({ issuer, key, account: "acme-eu" });
    const request = await requestOf({ signatureKey: jwt(token) });
    const { caller } = await verifierOf().verifyRequest(request, {
      level: "auth-token",
      scopes: ["data.read"],
      account: "acme-eu",
    });
    expect(caller.grant.scopes).toEqual(["data.read"]);
    expect(caller.person).toEqual({ iss: issuer, sub: "person-1" });
    expect(JSON.stringify(caller)).not.toContain(token);
    meetRequirement(caller, A_PERSON, draft11);
  });

  it("covers any derived component beside those that are demanded (section 11.3.3.1)", async () => {
    const more = ["@scheme", "@target-uri", "@request-target", '@query-param;name="a"', "@query"];
    const request = await signBadly({
      signatureKey: shown(await agentToken()),
      components: [...BASE, ...more],
      target: "/data?a=1",
    });
    const { report } = await verifierOf().verifyRequest(request, ANY_AGENT);
    expect(report.coveredComponents).toEqual([...BASE, ...more]);
    for (const target of ["/data?a=2", "/data?a=1&a=1"]) {
      const error = await refusal(verifierOf(), { ...request, target });
      expect(["invalid_signature", "missing_component"]).toContain(error.code);
    }
  });
});

// RFC 9651 section 4.2; the verified member is "sig", first or last.
it.each([
  ["signature-input", 'b=("a" "b"', "malformed_signature_input"],
  ["signature-input", "b=(a b)c", "malformed_signature_input"],
  ["signature-input", 'b=("a");created=1;created=1', "malformed_signature_input"],
  ["signature", "b=:AA", "malformed_signature"],
  ["signature", "b=:AA==:;x=", "malformed_signature"],
  ["signature", "b=A A", "malformed_signature"],
])("S32a: refuses %s with the malformed member %s beside the verified one", async (field, member, code) => {
  const request = await requestOf();
  const own = request.headers[field];
  for (const value of [`${member}, ${own}`, `${own}, ${member}`]) {
    const headers = { ...request.headers, [field]: value };
    const error = await refusal(verifierOf(), { ...request, headers });
    expect([error.code, error.check]).toEqual([code, "headers"]);
  }
});

it("a refusal names a section of the draft, also where profiles share its code", async () => {
  const read = async (request: Awaited<ReturnType<typeof requestOf>>, requirement?: Requirement) =>
    refusalOf(await refusal(verifierOf(), request, requirement)).section;
  expect(await read(await requestOf({ now: () => NOW - 100 }))).toBe("draft -11, section 11.3.4 step 3");
  const person = await requestOf({ signatureKey: jwt(await personToken()) });
  expect(await read(person, TO_READ)).toBe("draft -11, section 6");
  // This refusal has a more specific section.
  expect(await read(await requestOf(), TO_READ)).toBe("draft -11, section 6.1");
});

it("refuses a keyid that is not a string", async () => {
  const parameters = `;created=${NOW};keyid`;
  const request = await signBadly({ signatureKey: shown(await agentToken()), parameters });
  const error = await refusal(verifierOf(), request);
  expect([error.code, error.check]).toEqual(["invalid_signature", "signature"]);
});

it("6. an unknown scheme is refused with the known ones", async () => {
  const error = await refusal(verifierOf(), await signBadly({ signatureKey: "sig=x-new" }));
  expect([error.expected, error.message]).toEqual(["jwt", "scheme x-new is not accepted here"]);
});

it("any headers are refused with a code, and nothing is fetched for them", async () => {
  const good = await requestOf();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("signature-key", "signature-input", "signature", "authorization"),
      fc.oneof(
        hostileText,
        fc.constantFrom("sig=jwt;jwt=", "sig=(", "AAuth", "sig=:AA==:", "sig=jwks_uri;id="),
      ),
      async (field, value) => {
        const discovery = discoveryOf();
        const headers = { ...good.headers, [field]: value };
        // Only a session token is read; any other authorization is not part of the protocol.
        if (field === "authorization" && !/^[ \t]*aauth(?:[ \t]|$)/i.test(value)) return;
        const error = await refusal(verifierOf({ discovery }), { ...good, headers });
        expect(error.check).toMatch(/^(headers|coverage|created|scheme|token)$/);
        expect(discovery.fetched).toEqual([]);
      },
    ),
  );
});

it.each([`expires=${NOW + 1}`, 'tag="x"'])("accepts a signature with %s", async (parameter) => {
  const parameters = `;created=${NOW};${parameter}`;
  const request = await signBadly({ signatureKey: shown(await agentToken()), parameters });
  await verifierOf().verifyRequest(request, ANY_AGENT);
});

it("accepts no person's token without an audience", async () => {
  const anonymous = verifierOf({ audience: undefined, personServers: [] });
  const request = await requestOf({ signatureKey: jwt(await personToken()) });
  await expect(anonymous.verifyRequest(request)).rejects.toMatchObject({ code: "untrusted_issuer" });
});

describe("replay", () => {
  it.each(["PUT", "PATCH", "DELETE"])("refuses a second %s with the same signature", async (method) => {
    const verifier = verifierOf({ replayStore: createMemoryClaimStore({ now }) });
    const request = await requestOf({ method });
    await verifier.verifyRequest(request, ANY_AGENT);
    expect((await refusal(verifier, request)).code).toBe("signature_replayed");
  });

  it("S8: leaves room for other persons of the same person server", async () => {
    const replayStore = createMemoryClaimStore({ now, maxEntries: 40 });
    const verifier = verifierOf({ replayStore });
    const post = async (token: string, body: string) => requestOf({ body, signatureKey: jwt(token) });
    for (const tokenOf of [personToken, authToken]) {
      const greedy = await tokenOf({ subject: "greedy" });
      const codes = new Set<string>();
      for (let index = 0; index < 40; index++) {
        const request = await post(greedy, `[${index}]`);
        await verifier.verifyRequest(request, A_PERSON).catch(({ code }) => codes.add(code));
      }
      expect([...codes]).toEqual(["replay_memory_full"]);
      await verifier.verifyRequest(await post(await tokenOf({ subject: "other" }), "{}"), A_PERSON);
    }
  });
});

describe("components that a resource asks for in addition", () => {
  const additionalComponents = ["@query", "x-tenant"];
  const url = `${RESOURCE}/data?scope=a`;
  it("are covered where a message has them", async () => {
    const verifier = verifierOf({ additionalComponents });
    const request = await requestOf({ url, headers: { "x-tenant": "a" }, additionalComponents });
    const { report } = await verifier.verifyRequest(request, ANY_AGENT);
    expect(report.coveredComponents).toEqual([...BASE, "@query", "x-tenant"]);
    const bare = await requestOf({ additionalComponents: ["@query"] });
    expect((await verifier.verifyRequest(bare, ANY_AGENT)).report.signatureBase).toContain('"@query": ?\n');
    const error = await refusal(verifier, await requestOf({ url }));
    expect([error.code, error.claim]).toEqual(["insufficient_coverage", "@query"]);
    await verifier.verifyRequest(await requestOf(), ANY_AGENT);
  });
  it("must be components that a message can have", () => {
    for (const name of ["@target-uri", "X-Tenant", '@query-param";name="a', ""]) {
      expect(() => verifierOf({ additionalComponents: [name] }), name).toThrow(TypeError);
    }
  });
});

describe("servers", () => {
  const endpoint = (role: "token" | "revocation" | "pending") =>
    createVerifier({ authorities: ["as.example"], discovery: discoveryOf(), now, endpoint: role });

  it.each(["token", "revocation", "pending"] as const)(
    "call a %s endpoint in their own name",
    async (role) => {
      const request = await requestOf({
        endpoint: "token",
        key: keys.person,
        url: `${ACCESS_SERVER}/token`,
        body: "{}",
        signatureKey: { scheme: "jwks_uri", id: PERSON_SERVER, document: "aauth-person.json" },
      });
      const { caller } = await endpoint(role).verifyRequest(request, { level: "server" });
      expect(caller).toMatchObject({ level: "server", scheme: "jwks_uri", server: PERSON_SERVER });
    },
  );

  it("accepts only agent tokens at a token endpoint, and none at a revocation endpoint", async () => {
    const url = `${ACCESS_SERVER}/token`;
    const person = await requestOf({ url, body: "{}", signatureKey: jwt(await personToken()) });
    for (const requirement of [ANY_AGENT, undefined]) {
      const judged = endpoint("token").verifyRequest(person, requirement as never);
      await expect(judged).rejects.toMatchObject({ code: "token_type_mismatch" });
    }
    const agent = await requestOf({ url, body: "{}" });
    const revocation = endpoint("revocation").verifyRequest(agent);
    await expect(revocation).rejects.toMatchObject({ code: "unsupported_scheme" });
  });
});

it("E10: a verifier that demands nonces is not created, because draft -11 has none", () => {
  expect(() => verifierOf({ requireNonce: true } as object)).toThrow("requireNonce is not an option");
});

it("E12: a logged report or error does not contain the token", async () => {
  const token = await personToken();
  const request = await requestOf({ signatureKey: jwt(token) });
  const { report } = await verifierOf().verifyRequest(request, A_PERSON);
  expect(report.signatureBase).toContain(token);
  const error = await refusal(verifierOf(), request, TO_READ);
  expect(error.report?.signatureBase).toContain(token);
  for (const logged of [report, error].flatMap((value) => [
    JSON.stringify(value),
    inspect(value, { depth: 9 }),
  ]))
    expect(logged).not.toContain(token);
});

describe("requirements", () => {
  it.each<[Requirement, string]>([
    [{ level: "identified" }, "requirement.level must be one of"],
    [{ level: "auth-token" }, "requirement.scopes must be an array"],
    [{ level: "auth-token", scopes: [] }, "must name at least one scope"],
    [{ level: "auth-token", scopes: ["a b"] }, "must name at least one scope"],
    [{ level: "auth-token", scopes: ["a"], account: "" }, "account must be a non-empty string"],
    [{ level: "person-token", scopes: ["a"] }, "apply to level auth-token only"],
    [{ level: "agent-token", account: "a" }, "apply to level auth-token only"],
    [{ level: "auth-token", scopes: ["a"], subject: "required" }, "subject is not supported"],
  ])("rejects the requirement %j", async (requirement, message) => {
    const verification = verifierOf().verifyRequest(await requestOf(), requirement as never);
    await expect(verification).rejects.toThrow(TypeError);
    await expect(verification).rejects.toThrow(message);
  });

  it("are met by callers of their level, also if a handler checks them", async () => {
    const shownBy = async (token: string) =>
      (await verifierOf().verifyRequest(await requestOf({ signatureKey: jwt(token) }))).caller;
    const callers = await Promise.all(
      [agentToken(), personToken(), authToken()].map(async (token) => shownBy(await token)),
    );
    const codes = [ANY_AGENT, A_PERSON, TO_READ, { level: "server" }].map((requirement) =>
      callers.map((caller) => {
        try {
          meetRequirement(caller, requirement, draft11);
          return "met";
        } catch (error) {
          return (error as { code?: string }).code;
        }
      }),
    );
    expect(codes).toEqual([
      ["met", "identity_required", "identity_required"],
      ["person_required", "met", "met"],
      ["person_required", "authorization_required", "met"],
      ["identity_required", "identity_required", "identity_required"],
    ]);
  });

  it("that no caller can meet are refused at once", () => {
    const verifier = verifierOf({ audience: undefined, personServers: [] });
    for (const requirement of [TO_READ, A_PERSON])
      expect(() => verifier.checkRequirement!(requirement)).toThrow(TypeError);
    verifier.checkRequirement!(ANY_AGENT);
  });

  it("name an access server by its identifier", () => {
    expect(() => verifierOf({ accessServer: "https://as.example/" })).toThrow(TypeError);
  });

  it("are those of an endpoint that the profile has rules for", () => {
    for (const endpoint of ["teapot", "constructor"]) {
      expect(() => verifierOf({ endpoint: endpoint as never })).toThrow(`has no rules for ${endpoint}`);
    }
    expect(() => verifierOf({ schemes: ["hwk", "x509" as never] })).toThrow("schemes must be any of");
    for (const authority of ["Resource.example", "resource.example/", "user@resource.example", ""])
      expect(() => verifierOf({ authorities: [authority] }), authority).toThrow(
        "authorities must be as canonicalAuthority",
      );
  });
});
