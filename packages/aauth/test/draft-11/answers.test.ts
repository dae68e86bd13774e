import { describe, expect, it } from "vitest";
import type { AuthTokenClaims } from "../../src/draft-11/claims.ts";
import { parseRequirement, parseSignatureError } from "../../src/draft-11/headers.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { verifyPresentedToken, verifyResourceToken } from "../../src/draft-11/verify-tokens.ts";
import { type AAuthErrorCode, AAuthVerificationError, ERROR_CODES } from "../../src/errors.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import { createChallenger, plainRefusal } from "../../src/resource/challenge.ts";
import type { TestRequest } from "../../src/testing/signed-request.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import type { Requirement } from "../../src/types.ts";
import {
  A_PERSON,
  ACCESS_SERVER,
  ANY_AGENT,
  authToken,
  discoveryOf,
  keys,
  now,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  refusal,
  requestOf,
  TO_READ,
  verifierOf,
} from "./kit.ts";

const jwt = (token: string) => ({ scheme: "jwt", jwt: token }) as const;
const challenger = (over = {}) =>
  createChallenger({ profile: draft11, key: keys.resource, resource: RESOURCE, now, ...over });
const SERVER: Requirement = { level: "server" };

/** The answer of a resource. */
async function answerTo(
  request: TestRequest,
  requirement: Requirement,
  over = {},
  verifier = verifierOf(),
): Promise<Answer> {
  const error = await refusal(verifier, request, requirement);
  return challenger(over).challengeFor(error, requirement);
}
const errorIn = ({ headers }: Answer) =>
  headers["signature-error"] && parseSignatureError(headers["signature-error"]).error;
const demandIn = ({ headers }: Answer) =>
  headers["aauth-requirement"] && parseRequirement(headers["aauth-requirement"]).requirement;
const unsigned = async () => ({ ...(await requestOf()), headers: {} });

describe("an unsigned request", () => {
  it.each([
    [ANY_AGENT, "agent-token"],
    [A_PERSON, "person-token"],
    [TO_READ, "person-token"],
    [SERVER, undefined],
  ])("at %j receives the reason and the requirement", async (requirement, demand) => {
    const answer = await answerTo(await unsigned(), requirement);
    expect([answer.status, errorIn(answer), demandIn(answer)]).toEqual([401, "invalid_signature", demand]);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(answer.body)).toEqual({ error: "invalid_signature", detail: expect.any(String) });
    const error = await refusal(verifierOf(), await unsigned(), requirement);
    expect(plainRefusal(error, requirement, [draft11])).toEqual(answer);
  });
});

it("refuses a server that is not on the list with a code of the tables, section 11.9.4", () => {
  const error = new AAuthVerificationError("untrusted_agent", "not on the list");
  const { status, body } = plainRefusal(error, SERVER, [draft11]);
  expect([status, JSON.parse(body)]).toEqual([
    403,
    { error: "denied", detail: "untrusted_agent: not on the list" },
  ]);
});

describe("Signature-Error", () => {
  it("is in no answer with another status, and every refusal has a problem document", () => {
    for (const [code, { status: own }] of Object.entries(ERROR_CODES)) {
      const error = new AAuthVerificationError(code as AAuthErrorCode, "reason");
      for (const requirement of [ANY_AGENT, A_PERSON, TO_READ, SERVER]) {
        const answer = draft11.answers.refuse(error, requirement);
        const signatureFields = Object.keys(answer.headers).filter((name) => /signature/.test(name));
        if (answer.status !== 401) expect([answer.status, signatureFields]).toEqual([own, []]);
        expect(JSON.parse(answer.body).error).toMatch(/^[a-z_]+$/);
      }
    }
  });

  it("does not reveal how a fetch failed", async () => {
    const error = new AAuthVerificationError(
      "discovery_failed",
      "https://10.0.0.1/ answered with status 500",
    );
    expect(draft11.answers.refuse(error, ANY_AGENT).body).not.toContain("10.0.0.1");
  });
});

describe("AAuth-Requirement", () => {
  const shownTo = async (token: string, requirement: Requirement, over = {}) =>
    answerTo(await requestOf({ signatureKey: jwt(token) }), requirement, over);

  it("a person at a route for scopes gets a resource token for its person server", async () => {
    const presented = await personToken({ tenant: "acme", missionS256: "m1" });
    const answer = await shownTo(presented, { ...TO_READ, account: "acme-eu" });
    expect([answer.status, demandIn(answer), errorIn(answer)]).toEqual([401, "auth-token", undefined]);
    const { resourceToken } = parseRequirement(answer.headers["aauth-requirement"]!);
    const discovery = discoveryOf();
    const claims = await verifyResourceToken(resourceToken!, {
      audience: PERSON_SERVER,
      personServer: PERSON_SERVER,
      agentJkt: keys.agent.thumbprint,
      discovery,
      now,
    });
    expect(claims).toMatchObject({
      iss: RESOURCE,
      scope: "data.read",
      account: "acme-eu",
      tenant: "acme",
      mission_s256: "m1",
    });
    await verifyPresentedToken(presented, {
      resourceToken: claims,
      trustedIssuers: [PERSON_SERVER],
      discovery,
      now,
    });
  });

  it("or for the resource's own access server", async () => {
    const answer = await shownTo(await personToken(), TO_READ, { accessServer: ACCESS_SERVER });
    const { resourceToken } = parseRequirement(answer.headers["aauth-requirement"]!);
    expect(decodeJwt(resourceToken!).claims).toMatchObject({ aud: ACCESS_SERVER, ps: PERSON_SERVER });
  });

  it("a token with too few scopes, or for another account, steps up", async () => {
    const token = await authToken({ scope: "data.list", account: "other" });
    const shown = decodeJwt(token).claims as unknown as AuthTokenClaims;
    for (const requirement of [TO_READ, { ...TO_READ, scopes: ["data.list"], account: "acme-eu" }]) {
      const answer = await shownTo(token, requirement);
      expect([answer.status, demandIn(answer), errorIn(answer)]).toEqual([401, "auth-token", undefined]);
      const { claims } = decodeJwt(parseRequirement(answer.headers["aauth-requirement"]!).resourceToken!);
      expect(claims).toMatchObject({ presented_jti: shown.jti, ps: PERSON_SERVER, aud: PERSON_SERVER });
    }
  });

  it("a revoked token gets no resource token, not even where its holder is known", async () => {
    for (const token of [await personToken(), await authToken({ scope: "data.list" })]) {
      const request = await requestOf({ signatureKey: jwt(token) });
      const { caller } = await verifierOf().verifyRequest(request);
      const { code } = await refusal(verifierOf({ isRevoked: () => true }), request, TO_READ);
      const error = new AAuthVerificationError(code, "revoked", { provenCaller: caller });
      const answer = await challenger().challengeFor(error, TO_READ);
      expect([answer.status, errorIn(answer), demandIn(answer)]).toEqual([
        401,
        "revoked_jwt",
        "person-token",
      ]);
      expect(JSON.stringify(answer)).not.toContain("resource-token");
    }
  });

  it("is not sent to an agent, or to a caller that has not proven its key", async () => {
    const caller = (await verifierOf().verifyRequest(await requestOf(), ANY_AGENT)).caller;
    for (const provenCaller of [undefined, caller]) {
      const proven = provenCaller && { provenCaller };
      const error = new AAuthVerificationError("authorization_required", "reason", proven);
      expect(demandIn(await challenger().challengeFor(error, TO_READ))).toBe("person-token");
    }
    await expect(challenger().resourceToken(caller, ["data.read"])).rejects.toThrow(TypeError);
  });
});

it("a resource token without a challenge is the same, and asks for something", async () => {
  const request = await requestOf({ signatureKey: jwt(await personToken()) });
  const { caller } = await verifierOf().verifyRequest(request, A_PERSON);
  const grant = await challenger().resourceToken(caller, ["data.read"], "acme");
  expect(grant).toMatchObject({ server: PERSON_SERVER, expiresInSeconds: 300 });
  expect(decodeJwt(grant.resourceToken).claims).toMatchObject({ scope: "data.read", account: "acme" });
  await expect(challenger().resourceToken(caller, [])).rejects.toThrow(TypeError);
});

it("a caller over its limit waits", async () => {
  const { caller } = await verifierOf().verifyRequest(await requestOf(), ANY_AGENT);
  const answer = await challenger().limitReached(caller, { retryAfterSeconds: 1.5 });
  expect([answer.status, answer.headers["retry-after"], demandIn(answer)]).toEqual([429, "2", undefined]);
});

it.each<[object, typeof TypeError | typeof RangeError]>([
  [{ resource: `${RESOURCE}/api` }, TypeError],
  [{ accessServer: "https://as.example/" }, TypeError],
])("options %j are refused", (over, type) => {
  expect(() => challenger(over)).toThrow(type);
});

// A MUST of section 11.10.
it("S13: no resource token has a scope that the resource does not describe (section 11.10)", async () => {
  const own = challenger({ scopeDescriptions: { "data.read": "Read your documents" } });
  const request = await requestOf({ signatureKey: jwt(await personToken()) });
  const { caller } = await verifierOf().verifyRequest(request);
  await expect(own.resourceToken(caller, ["data.read", "data.write"])).rejects.toThrow("data.write");
  await expect(own.resourceToken(caller, ["toString"])).rejects.toThrow(TypeError);
  await own.resourceToken(caller, ["data.read", "openid", "email"]);
  const requirement = { level: "auth-token", scopes: ["data.write"] } as const;
  expect(() => own.checkRequirement!(requirement)).toThrow(TypeError);
  const error = await refusal(verifierOf(), request, requirement);
  await expect(own.challengeFor(error, requirement)).rejects.toThrow(TypeError);
});
