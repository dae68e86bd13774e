/** The authorization endpoint of a resource, and its sessions (draft -11, sections 6.3 and 6.6). */

import { describe, expect, test } from "vitest";
import type { AuthorizationPolicy } from "../../src/resource/authorization-endpoint.ts";
import { createResource } from "../../src/resource/create-resource.ts";
import { createSessions } from "../../src/resource/sessions.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import {
  ACCESS_SERVER,
  agentToken,
  discoveryOf,
  keys,
  PERSON_SERVER,
  RESOURCE,
  refusal,
  requestOf,
  signBadly,
  verifierOf,
} from "../draft-11/kit.ts";
import { outsideStore } from "../store/outside-store.ts";
import { clockOf, ownAuthToken, personToken, resourceVerifier } from "./draft-11-kit.ts";

const { now } = clockOf();
const jwtOf = (jwt: string) => ({ signatureKey: { scheme: "jwt", jwt } }) as const;

function endpointOf(authorization: AuthorizationPolicy = {}, accessServer?: string) {
  const scopes = ["data.read", "data.write"];
  return createResource({
    resource: RESOURCE,
    key: keys.resource,
    personServers: [PERSON_SERVER],
    accessServer,
    now,
    discovery: discoveryOf(),
    authorization,
    scopes,
    scopeDescriptions: Object.fromEntries(scopes.map((scope) => [scope, `Words for ${scope}`])),
  });
}

async function ask(endpoint: ReturnType<typeof endpointOf>, body: unknown, jwt?: string) {
  const token = jwtOf(jwt ?? (await personToken()));
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const request = await requestOf({ url: `${RESOURCE}/aauth/authorize`, body: text, ...token });
  const answer = (await endpoint.handle(request))!;
  return { ...answer, json: answer.body === "" ? undefined : JSON.parse(answer.body) };
}

describe("the authorization endpoint", () => {
  test.each([
    ["the person server without an access server", undefined, PERSON_SERVER],
    ["the access server", ACCESS_SERVER, ACCESS_SERVER],
  ])("issues a resource token for %s", async (_, accessServer, aud) => {
    const jwt = await personToken({ tenant: "acme", missionS256: "mission" });
    const { status, json, headers } = await ask(
      endpointOf(
        { holdsAccount: ({ person }, account) => person?.sub === "person-1" && account === "eu" },
        accessServer,
      ),
      { scope: "data.read data.write", account: "eu" },
      jwt,
    );
    expect([status, headers["cache-control"], Object.keys(json)]).toEqual([
      200,
      "no-store",
      ["resource_token"],
    ]);
    expect(decodeJwt(json.resource_token).claims).toMatchObject({
      iss: RESOURCE,
      aud,
      ps: PERSON_SERVER,
      sub: "person-1",
      scope: "data.read data.write",
      account: "eu",
      tenant: "acme",
      mission_s256: "mission",
      presented_jti: decodeJwt(jwt).claims.jti,
    });
  });

  test.each([
    ["no JSON", "scope=data.read", "invalid_request"],
    ["no scope", {}, "invalid_request"],
    ["an empty scope", { scope: "" }, "invalid_request"],
    ["two spaces", { scope: "data.read  data.write" }, "invalid_request"],
    ["an account that is no string", { scope: "data.read", account: 7 }, "invalid_request"],
    ["a scope that is not offered", { scope: "data.read data.delete" }, "invalid_scope"],
    ["an account that is not the person's", { scope: "data.read", account: "us" }, "invalid_account"],
  ])("refuses %s", async (_, body, error) => {
    const { status, json, headers } = await ask(endpointOf({ holdsAccount: () => false }), body);
    expect([status, json.error, headers["content-type"]]).toEqual([400, error, "application/problem+json"]);
  });

  test("without accounts refuses each", async () => {
    expect((await ask(endpointOf(), { scope: "data.read", account: "eu" })).json.error).toBe(
      "invalid_account",
    );
  });

  test.each([
    ["an agent token", () => agentToken()],
    ["an auth token", () => ownAuthToken()],
  ])("requires a person token of a caller with %s, without a resource token", async (_, token) => {
    const { status, headers } = await ask(endpointOf(), { scope: "data.read" }, await token());
    expect([status, headers["aauth-requirement"]]).toEqual([401, "requirement=person-token"]);
  });

  test("answers a person token that fails with Signature-Error", async () => {
    const { status, headers } = await ask(
      endpointOf(),
      { scope: "data.read" },
      await personToken({ audience: "https://other.example" }),
    );
    expect([status, headers["signature-error"]]).toEqual([401, "error=invalid_jwt"]);
  });

  test("may decide itself", async () => {
    const own = { status: 200, headers: { "aauth-access": "s" }, body: '{"status":"authorized"}' };
    const asked: unknown[] = [];
    const authorize = (_caller: unknown, request: unknown) => {
      asked.push(request);
      return own;
    };
    const answer = await ask(endpointOf({ authorize }), { scope: "data.read" });
    expect([answer.status, answer.headers["aauth-access"], asked]).toEqual([
      200,
      "s",
      [{ scopes: ["data.read"] }],
    ]);
  });
});

describe("a session", () => {
  const verifier = resourceVerifier(now);
  const requestWith = async (headers: Record<string, string>, over: Parameters<typeof requestOf>[0] = {}) => {
    const request = await requestOf({ headers, ...over });
    return { request, caller: (await verifier.verifyRequest(request)).caller };
  };
  const authorization = (headers: Readonly<Record<string, string>>) => ({
    authorization: `AAuth ${headers["aauth-access"]}`,
  });

  test("is valid only for the key that it was issued to", async () => {
    const sessions = createSessions<{ user: string }>({ now });
    const { caller } = await requestWith({});
    const headers = authorization(await sessions.start(caller, { user: "dana" }));
    const own = await requestWith(headers);
    expect(await sessions.find(own.request.headers, own.caller)).toEqual({ user: "dana" });
    const jwt = await agentToken({ confirmationKey: keys.other.publicJwk });
    const thief = await requestWith(headers, { key: keys.other, ...jwtOf(jwt) });
    expect(await sessions.find(thief.request.headers, thief.caller)).toBeUndefined();
    await sessions.end(thief.request.headers, thief.caller);
    expect(await sessions.find(own.request.headers, own.caller)).toEqual({ user: "dana" });
    await sessions.end(own.request.headers, own.caller);
    expect(await sessions.find(own.request.headers, own.caller)).toBeUndefined();
  });

  test("has to be covered by the signature", async () => {
    const jwt = await agentToken();
    const error = await refusal(
      verifierOf(),
      await signBadly({ signatureKey: `sig=jwt;jwt="${jwt}"`, headers: { authorization: "AAuth abc" } }),
    );
    expect([error.code, error.expected]).toEqual([
      "insufficient_coverage",
      expect.stringContaining("authorization"),
    ]);
  });

  test.each(["AAuth", "AAuth ", "AAuth a b", "AAuth a, AAuth b", 'AAuth "a"'])(
    "in %j is refused",
    async (value) => {
      const sessions = createSessions({ now });
      const { request, caller } = await requestWith({ authorization: value });
      await expect(sessions.find(request.headers, caller)).rejects.toMatchObject({
        code: "malformed_token",
        status: 401,
      });
    },
  );

  test.each(["AAuth\tabc", "AAuth \tabc", "AAuth,abc"])(
    "S32b: in %j has to be covered, and is refused (section 6.3)",
    async (value) => {
      const { caller } = await requestWith({});
      const found = createSessions({}).find({ authorization: value }, caller);
      await expect(found).rejects.toMatchObject({ code: "malformed_token" });
      const signatureKey = `sig=jwt;jwt="${await agentToken()}"`;
      const uncovered = await signBadly({ signatureKey, headers: { authorization: value } });
      expect((await refusal(verifierOf(), uncovered)).code).toBe("insufficient_coverage");
    },
  );

  test("is not found under another scheme or an unknown name, and ends", async () => {
    const clock = clockOf();
    const store = outsideStore<never>({ now: clock.now });
    const sessions = createSessions({ store, now: clock.now, lifetimeSeconds: 60 });
    const { caller } = await requestWith({});
    for (const value of ["Bearer abc", "AAuth abc", undefined]) {
      expect(await sessions.find({ authorization: value }, caller)).toBeUndefined();
    }
    const headers = authorization(await sessions.start(caller, 1));
    expect(await createSessions({ store, now: clock.now }).find(headers, caller)).toBe(1);
    clock.advance(60);
    expect(await sessions.find(headers, caller)).toBeUndefined();
  });
});
