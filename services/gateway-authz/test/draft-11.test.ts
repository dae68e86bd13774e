/** Checks in draft -11: accepted callers, the input of the rules, and refusals. */

import { decodeToken, generateSigningKey } from "aauth";
import { describe, expect, test } from "vitest";
import {
  ACCESS_SERVER,
  AGENT,
  draft11CheckHeaders,
  draft11Parties,
  OTHER_RESOURCE,
  PERSON,
  PERSON_SERVER,
  RESOURCE,
  SCOPE,
} from "./draft-11-parties.ts";
import { check, checkHeaders, setUp } from "./parties.ts";

const SERVERS = { personServers: [PERSON_SERVER], accessServer: ACCESS_SERVER };

/**
 * gateway-authz for both agents in draft -11, and for the supply-chain agent in February's profile,
 * too.
 */
async function world(config: object = {}) {
  let now = () => 0;
  const parties = await draft11Parties(() => now());
  const stage = await setUp({
    config: {
      profile: "draft-11",
      resources: ["http://supply-chain-agent.localhost:3000"],
      draft11Resources: [RESOURCE, OTHER_RESOURCE],
      ...SERVERS,
      ...config,
    },
    discovery: { "draft-11": parties.discovery },
  });
  now = stage.clock.now;
  const ask = async (
    jwt: string,
    {
      route = {},
      ...request
    }: Parameters<typeof parties.signed>[1] & { route?: Record<string, string> } = {},
  ) => check(stage.app, { ...(await parties.signed(jwt, request)), ...draft11CheckHeaders(route) });
  return { ...stage, ...parties, february: stage, ask };
}

const claimsOf = (jwt: string) => decodeToken(jwt).claims as Record<string, unknown>;

describe("the caller of an accepted request", () => {
  test("agent token: the agent, and only the identifying claims of the token", async () => {
    const { ask, agentToken } = await world();
    const jwt = await agentToken({ personServer: PERSON_SERVER });
    const { iss, sub, exp, iat, cnf, ps } = claimsOf(jwt);
    expect(ps).toBe(PERSON_SERVER);
    expect(await ask(jwt)).toMatchObject({
      status: 200,
      claims: {
        profile: "draft-11",
        level: "agent-token",
        agent: AGENT,
        jwt_claims: { iss, sub, exp, iat, cnf },
      },
    });
    const { claims } = await ask(jwt, { body: "{}" });
    expect(Object.keys(claims!)).toEqual(["profile", "level", "agent", "jwt_claims"]);
    expect(Object.keys(claims!.jwt_claims as object)).toEqual(["iss", "sub", "exp", "iat", "cnf"]);
  });

  test("agent token of a sub-agent: its parent, too", async () => {
    const { ask, agentToken } = await world();
    const jwt = await agentToken({ agent: "aauth:planner+worker@backend.localhost", parentAgent: AGENT });
    expect((await ask(jwt)).claims).toMatchObject({
      agent: "aauth:planner+worker@backend.localhost",
      parent_agent: AGENT,
    });
  });

  test("person token: the person, and no agent", async () => {
    const { ask, personToken } = await world();
    const jwt = await personToken({ tenant: "acme" });
    const { status, claims } = await ask(jwt);
    expect(status).toBe(200);
    expect(claims).toEqual({
      profile: "draft-11",
      level: "person-token",
      person: { iss: PERSON_SERVER, sub: PERSON },
      jwt_claims: claimsOf(jwt),
    });
  });

  test("auth token: person, scopes, account, and no agent", async () => {
    const { ask, authToken } = await world();
    const jwt = await authToken({ scope: `${SCOPE} more`, account: "eu", userClaims: { email: "a@b.test" } });
    const { status, claims } = await ask(jwt);
    expect(status).toBe(200);
    expect(claims).toEqual({
      profile: "draft-11",
      level: "auth-token",
      person: { iss: PERSON_SERVER, sub: PERSON },
      scopes: [SCOPE, "more"],
      account: "eu",
      jwt_claims: claimsOf(jwt),
    });
    expect(claims!.jwt_claims).toMatchObject({ ps: PERSON_SERVER, email: "a@b.test" });
  });

  test("a server, at the endpoint where servers revoke", async () => {
    const { ask, keys } = await world();
    const by = { key: keys.ps, id: PERSON_SERVER, document: "aauth-person.json" };
    const request = { url: `${RESOURCE}/aauth/revoke`, body: "{}", by };
    const route = { "x-aauth-uri": "/aauth/revoke", "x-aauth-required-level": "server" };
    expect(await ask("", { ...request, route })).toMatchObject({
      status: 200,
      claims: { profile: "draft-11", level: "server", server: PERSON_SERVER },
    });
  });

  test("any field may be covered, as far as the gateway passes it on", async () => {
    const { app, signed, agentToken } = await world();
    const session = { authorization: "AAuth c2Vzc2lvbg" };
    const headers = { ...(await signed(await agentToken(), { headers: session })), ...draft11CheckHeaders() };
    expect(headers["signature-input"]).toContain('"authorization"');
    expect(await check(app, headers)).toMatchObject({ status: 200 });
    const { authorization: _, ...without } = headers;
    const refused = await check(app, without);
    expect(refused).toMatchObject({
      status: 401,
      signatureError: expect.stringMatching(/^error=invalid_input/),
    });
  });

  test("framing fields of the check are the gateway's, and announce no body of the caller's", async () => {
    const { app, signed, agentToken } = await world();
    const headers = { ...(await signed(await agentToken())), ...draft11CheckHeaders() };
    const response = await app.inject({ method: "POST", url: "/check", headers, payload: "of the gateway" });
    expect(response.statusCode).toBe(200);
  });

  test("a session token has no effect unless its signature covers it", async () => {
    const { app, signed, agentToken } = await world();
    const headers = { ...(await signed(await agentToken())), ...draft11CheckHeaders() };
    const result = await check(app, { ...headers, authorization: "AAuth c2Vzc2lvbg" });
    expect(result).toMatchObject({
      status: 401,
      signatureError: expect.stringMatching(/^error=invalid_input/),
    });
  });
});

describe("unsigned requests", () => {
  test("pass where the route does not ask, for the resource to answer", async () => {
    const { app } = await world();
    expect(await check(app, draft11CheckHeaders())).toMatchObject({ status: 200, claims: {} });
  });

  test.each([
    ["any", "agent-token"],
    ["agent-token", "agent-token"],
    ["person-token", "person-token"],
  ])("mode strict, level %s: 401 with both headers", async (level, requirement) => {
    const { app } = await world();
    const headers = draft11CheckHeaders({ "x-aauth-mode": "strict", "x-aauth-required-level": level });
    const { status, signatureError, agentAuth, contentType, body, ...answer } = await check(app, headers);
    expect([status, signatureError, agentAuth]).toEqual([401, "error=invalid_signature", undefined]);
    expect(answer.requirement).toEqual({ requirement });
    expect(answer.refusal).toMatchObject({ code: "missing_signature", by: "gateway" });
    expect(contentType).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(body)).toMatchObject({ error: "invalid_signature" });
  });

  test("the documents of draft -11 are open, but not those of February", async () => {
    const { app } = await world();
    const strict = { "x-aauth-mode": "strict", "x-aauth-method": "GET" };
    const at = (uri: string) => check(app, draft11CheckHeaders({ ...strict, "x-aauth-uri": uri }));
    expect(await at("/.well-known/aauth-resource.json")).toMatchObject({ status: 200 });
    expect(await at("/.well-known/aauth-agent.json")).toMatchObject({ status: 200 });
    expect(await at("/jwks.json")).toMatchObject({ status: 200 });
    expect(await at("/.well-known/aauth-resource")).toMatchObject({ status: 401 });
    expect(await at("/.well-known/aauth-resource.json/x")).toMatchObject({ status: 401 });
  });
});

describe("the level of a route", () => {
  test.each([
    ["agent", "any", 200, undefined],
    ["agent", "agent-token", 200, undefined],
    ["agent", "person-token", 401, "person-token"],
    ["person", "any", 200, undefined],
    ["person", "agent-token", 401, "agent-token"],
    ["person", "person-token", 200, undefined],
    ["auth", "any", 200, undefined],
    ["auth", "agent-token", 401, "agent-token"],
    ["auth", "person-token", 200, undefined],
  ] as const)("%s token, level %s: %i", async (token, level, status, requirement) => {
    const { ask, agentToken, personToken, authToken } = await world();
    const jwt = await { agent: agentToken, person: personToken, auth: authToken }[token]();
    const result = await ask(jwt, { route: { "x-aauth-required-level": level } });
    expect(result.status).toBe(status);
    expect(result.requirement).toEqual(requirement && { requirement });
  });

  test("rejects auth-token: its challenge needs a resource token, which the gateway cannot issue", async () => {
    const { ask, authToken } = await world();
    const result = await ask(await authToken(), { route: { "x-aauth-required-level": "auth-token" } });
    expect(result).toMatchObject({
      status: 500,
      body: expect.stringContaining("any, agent-token, person-token"),
    });
  });

  test("refuses agents as servers, and servers as agents", async () => {
    const { ask, agentToken, keys } = await world();
    const at = { "x-aauth-required-level": "server" };
    expect(await ask(await agentToken(), { route: at })).toMatchObject({
      status: 401,
      signatureError: "error=unsupported_scheme",
      requirement: undefined,
    });
    const by = { key: keys.ps, id: PERSON_SERVER, document: "aauth-person.json" };
    expect(await ask("", { by })).toMatchObject({ status: 401, signatureError: "error=unsupported_scheme" });
  });

  test("refuses a server that is not a trusted issuer", async () => {
    const { ask, keys, fetched } = await world();
    const by = { key: keys.as, id: ACCESS_SERVER, document: "aauth-access.json" };
    const route = { "x-aauth-required-level": "server" };
    expect(await ask("", { by, body: "{}", route })).toMatchObject({
      status: 403,
      signatureError: undefined,
      refusal: { code: "untrusted_agent" },
    });
    expect(fetched).toEqual([]);
  });
});

describe("accepted tokens", () => {
  test("auth tokens of the access server in federated mode, and of no person server", async () => {
    const { ask, authToken, personToken, keys } = await world({ mode: "federated" });
    const ofAccessServer = { key: keys.as, issuer: ACCESS_SERVER, personServer: PERSON_SERVER };
    expect(await ask(await authToken(ofAccessServer))).toMatchObject({
      status: 200,
      claims: { person: { iss: ACCESS_SERVER }, jwt_claims: { ps: PERSON_SERVER } },
    });
    expect(await ask(await authToken())).toMatchObject({ status: 401, signatureError: "error=invalid_jwt" });
    expect(await ask(await personToken())).toMatchObject({ status: 200 });
  });

  test("do not include those of the access server in another mode", async () => {
    const { ask, authToken, keys } = await world({ mode: "person-server" });
    const jwt = await authToken({ key: keys.as, issuer: ACCESS_SERVER, personServer: PERSON_SERVER });
    expect(await ask(jwt)).toMatchObject({ status: 401, signatureError: "error=invalid_jwt" });
  });

  test("a person server that is not named is not fetched", async () => {
    const { ask, personToken, fetched } = await world();
    const jwt = await personToken({ issuer: "https://other.localhost" });
    expect(await ask(jwt)).toMatchObject({ status: 401, signatureError: "error=invalid_jwt" });
    expect(fetched).toEqual([]);
  });
});

describe("refusals of unverified messages", () => {
  test("a signature of another key", async () => {
    const { ask, agentToken, keys } = await world();
    const result = await ask(await agentToken(), { key: keys.other });
    expect(result).toMatchObject({
      status: 401,
      signatureError: "error=invalid_signature",
      requirement: undefined,
      agentAuth: undefined,
      refusal: { code: "invalid_signature", check: "signature", by: "gateway" },
    });
  });

  test("an expired token: which one to get", async () => {
    const { ask, personToken, clock } = await world();
    const jwt = await personToken({ lifetimeSeconds: 30 });
    clock.advance(31);
    expect(await ask(jwt, { route: { "x-aauth-required-level": "person-token" } })).toMatchObject({
      status: 401,
      signatureError: "error=expired_jwt",
      requirement: { requirement: "person-token" },
    });
  });
});

describe("the resource is the route's", () => {
  test("signed for the other one", async () => {
    const { ask, agentToken } = await world();
    const request = { url: `${OTHER_RESOURCE}/` };
    expect(await ask(await agentToken(), request)).toMatchObject({ status: 401 });
    const route = { "x-aauth-authority": "market-analysis-agent.localhost" };
    expect(await ask(await agentToken(), { ...request, route })).toMatchObject({ status: 200 });
  });

  test("does not accept February's authority in draft -11, though it is configured", async () => {
    const { ask, agentToken } = await world();
    const route = { "x-aauth-authority": "supply-chain-agent.localhost:3000" };
    expect(await ask(await agentToken(), { route })).toMatchObject({
      status: 421,
      refusal: { code: "unknown_authority" },
      agentAuth: undefined,
    });
  });

  test("a check without an authority is for the profile's only resource, and refused with two resources", async () => {
    const stage = await world();
    const { "x-aauth-authority": _, ...route } = draft11CheckHeaders();
    const ask = async ({ app, signed, agentToken }: typeof stage) =>
      check(app, { ...(await signed(await agentToken())), ...route });
    expect(await ask(stage)).toMatchObject({ status: 421 });
    expect(await ask(await world({ draft11Resources: [RESOURCE] }))).toMatchObject({ status: 200 });
  });

  test.each([
    ["unknown", "evil.localhost"],
    ["one too many", "supply-chain-agent.localhost market-analysis-agent.localhost"],
    [
      "one that no profile of the route has",
      "supply-chain-agent.localhost supply-chain-agent.localhost:3000",
    ],
  ])("%s: 421", async (_what, authority) => {
    const { ask, agentToken } = await world();
    const result = await ask(await agentToken(), { route: { "x-aauth-authority": authority } });
    expect(result).toMatchObject({ status: 421, refusal: { code: "unknown_authority" } });
  });
});

describe("no way around a route's profile", () => {
  const BOTH = {
    "x-aauth-profiles": "february-2026 draft-11",
    "x-aauth-authority": "supply-chain-agent.localhost:3000 supply-chain-agent.localhost",
    "x-aauth-required-scheme": "jwks",
  };

  /** A February message to the supply-chain agent, with its gateway's additions. */
  const februaryMessage = async ({ february }: Awaited<ReturnType<typeof world>>, route: object) => ({
    ...(await february.signed(february.schemes.jwks)),
    ...route,
  });

  test("downgrade: a February message at a route of draft -11", async () => {
    const stage = await world();
    // It passes if its profile is accepted,
    const taken = await februaryMessage(stage, { "x-aauth-profiles": "february-2026" });
    expect(await check(stage.app, taken)).toMatchObject({ status: 200 });
    // and is otherwise refused with the answer of draft -11.
    expect(await check(stage.app, await februaryMessage(stage, draft11CheckHeaders()))).toMatchObject({
      status: 401,
      signatureError: "error=invalid_signature",
      requirement: { requirement: "agent-token" },
      agentAuth: undefined,
      refusal: { code: "profile_not_accepted", by: "gateway" },
    });
  });

  test("the reverse: a message of draft -11 at a route of February's", async () => {
    const { app, signed, agentToken } = await world();
    const route = checkHeaders("POST", "http://supply-chain-agent.localhost:3000/");
    const headers = { ...(await signed(await agentToken())), ...route, "x-aauth-profiles": "february-2026" };
    expect(await check(app, headers)).toMatchObject({
      status: 401,
      agentAuth: "httpsig",
      requirement: undefined,
      signatureError: undefined,
      refusal: { code: "profile_not_accepted", by: "gateway" },
    });
  });

  test("a route without a profile accepts that of AAUTH_PROFILE alone", async () => {
    const ofDraft11 = await world({ profile: "draft-11" });
    const { "x-aauth-profiles": _, ...route } = draft11CheckHeaders();
    const message = await ofDraft11.signed(await ofDraft11.agentToken());
    expect(await check(ofDraft11.app, { ...message, ...route })).toMatchObject({ status: 200 });

    const ofFebruary = await world({ profile: "february-2026" });
    const own = await ofFebruary.signed(await ofFebruary.agentToken());
    const at = { ...route, "x-aauth-authority": "supply-chain-agent.localhost:3000" };
    expect(await check(ofFebruary.app, { ...own, ...at })).toMatchObject({
      status: 401,
      refusal: { code: "profile_not_accepted" },
    });
    const february = await ofFebruary.february.signed(ofFebruary.february.schemes.jwks);
    expect(await check(ofFebruary.app, february)).toMatchObject({ status: 200 });
  });

  test("a route with a list accepts both, each for its own authority", async () => {
    const stage = await world();
    expect(await check(stage.app, await februaryMessage(stage, BOTH))).toMatchObject({
      status: 200,
      claims: { scheme: "Jwks", agent: "http://backend.localhost:8000" },
    });
    expect(await stage.ask(await stage.agentToken(), { route: BOTH })).toMatchObject({
      status: 200,
      claims: { profile: "draft-11", agent: AGENT },
    });
    // The authority of the other profile is not valid in draft -11.
    const url = "https://supply-chain-agent.localhost:3000/";
    expect(await stage.ask(await stage.agentToken(), { url, route: BOTH })).toMatchObject({ status: 401 });
  });

  test("it answers an unsigned request in both, and a signed one in its own", async () => {
    const stage = await world();
    const unsigned = draft11CheckHeaders({ ...BOTH, "x-aauth-mode": "strict" });
    expect(await check(stage.app, unsigned)).toMatchObject({
      status: 401,
      agentAuth: expect.stringMatching(/^httpsig/),
      requirement: { requirement: "agent-token" },
      signatureError: "error=invalid_signature",
    });
    const { february } = stage;
    const key = await generateSigningKey({ kid: "backend-ephemeral-1" });
    const forged = { ...(await february.signed(february.schemes.jwks, { key })), ...BOTH };
    expect(await check(stage.app, forged)).toMatchObject({
      status: 401,
      agentAuth: "httpsig",
      signatureError: undefined,
      contentType: expect.stringMatching(/^text\/plain/),
    });
    expect(await stage.ask(await stage.agentToken(), { key: stage.keys.other, route: BOTH })).toMatchObject({
      status: 401,
      agentAuth: undefined,
      signatureError: "error=invalid_signature",
    });
  });

  test.each(["draft-10", "", "draft-11 draft-11", "february-2026,draft-11"])(
    "x-aauth-profiles %j is a mistake of the gateway's: 500",
    async (profiles) => {
      const { ask, agentToken } = await world();
      expect(await ask(await agentToken(), { route: { "x-aauth-profiles": profiles } })).toMatchObject({
        status: 500,
      });
    },
  );
});
