import { describe, expect, it } from "vitest";
import { issueResourceToken } from "../../src/draft-11/issue-tokens.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import {
  createWorld,
  DATA,
  failureOf,
  OTHER_SERVER,
  PARTS,
  problem,
  replaceResourceToken,
  requirement,
  type Sent,
  type World,
} from "./agent-world.ts";
import {
  A_PERSON,
  ACCESS_SERVER,
  agentToken,
  authToken,
  changed,
  keys,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  TO_READ,
} from "./kit.ts";

const call = (world: World) => world.agent().fetchFor()(DATA);
const toServer = (world: World, path: string) =>
  world.sent.filter(({ url }) => url === `${PERSON_SERVER}${path}`);

describe("a resource token that is not for this call", () => {
  /** The resource's own token, with changed claims. */
  async function challenged(change: (token: string, request: Sent) => Promise<string>) {
    const world = createWorld();
    replaceResourceToken(world, change);
    const error = await failureOf(call(world));
    expect(toServer(world, "/token")).toEqual([]);
    expect(error.hop).toBe(RESOURCE);
    return error;
  }

  it.each([
    ["iss", PARTS],
    ["agent_jkt", keys.other.thumbprint],
    ["ps", OTHER_SERVER],
    ["sub", "another person"],
    ["presented_jti", "another token"],
    ["exp", 1_795_804_700],
  ])("by its %s is not carried to the server", async (claim, value) => {
    const error = await challenged((token) => changed(token, keys.resource, { [claim]: value }));
    expect([error.code, error.claim, error.section]).toEqual([
      "challenge_untrusted",
      claim,
      "draft -11, section 6.7.3",
    ]);
  });

  it("that cannot be parsed, or is another token, ends the call", async () => {
    for (const change of [
      async () => "x.y.z",
      async () => personToken(),
      async (token: string) => changed(token, keys.resource, {}, { typ: "JWT" }),
      async (token: string) => changed(token, keys.resource, { presented_jti: undefined }),
      async (token: string) => changed(token, keys.resource, { aud: "http://as.example" }),
      async (token: string) => changed(token, keys.resource, {}, { alg: "none" }),
    ]) {
      expect((await challenged(change)).code).toBe("malformed_challenge");
    }
  });

  it("for a request that presented no person ends the call", async () => {
    const world = createWorld();
    const caller = {
      profile: "draft-11",
      level: "person-token",
      scheme: "jwt",
      key: keys.agent.publicJwk,
      thumbprint: keys.agent.thumbprint,
      identityToken: decodeJwt(await personToken()).claims,
    };
    const { token } = await issueResourceToken({
      key: keys.resource,
      issuer: RESOURCE,
      caller,
      scope: "data.read",
      now: () => world.clock.time,
    });
    world.resource = () => problem(401, undefined, requirement(`auth-token; resource-token="${token}"`));
    expect((await failureOf(call(world))).code).toBe("challenge_untrusted");
    expect(world.sent.length).toBe(1);
  });

  it("does not send a person to a server of the resource's choice", async () => {
    const world = createWorld({ accessServer: OTHER_SERVER });
    await failureOf(call(world));
    expect(world.sent.some(({ url }) => url.startsWith(OTHER_SERVER))).toBe(false);
    expect(toServer(world, "/token").length).toBe(1);
  });

  it("is not requested at a resource without identifier", async () => {
    const world = createWorld();
    world.at["https://resource.example:8443"] = () => problem(401, undefined, requirement("person-token"));
    const error = await failureOf(world.agent().fetchFor()("https://resource.example:8443/"));
    expect(error.code).toBe("challenge_untrusted");
    expect(toServer(world, "/person")).toEqual([]);
  });

  it("malformed requirements end the call", async () => {
    for (const value of ["", "requirement", "requirement=auth-token", "x=1", 'requirement="agent-token"']) {
      const world = createWorld();
      world.resource = () => problem(401, undefined, { "aauth-requirement": value });
      const error = await failureOf(call(world));
      expect([value, error.code, error.hop]).toEqual([value, "malformed_challenge", RESOURCE]);
    }
  });
});

describe("a person token that does not match the request", () => {
  const answered = async (token: string) => {
    const world = createWorld({ requirement: A_PERSON });
    world.server = () => Response.json({ person_token: token });
    const error = await failureOf(call(world));
    expect(world.sent.map(({ token: type }) => type)).toEqual(["aa-agent+jwt", "aa-agent+jwt"]);
    expect([error.code, error.hop, error.section]).toEqual([
      "token_request_failed",
      PERSON_SERVER,
      "draft -11, section 9.4.4",
    ]);
    return error.claim;
  };

  it.each([
    ["typ", () => authToken({ issuer: PERSON_SERVER })],
    ["typ", () => agentToken()],
    ["iss", () => personToken({ issuer: OTHER_SERVER })],
    ["aud", () => personToken({ audience: PARTS })],
    ["cnf", () => personToken({ confirmationKey: keys.other.publicJwk })],
    ["mission_s256", () => personToken({ missionS256: "m" })],
    [
      "exp",
      async () => changed(await personToken(), keys.person, { exp: 1_795_804_699, iat: 1_795_804_600 }),
    ],
    ["exp", async () => changed(await personToken(), keys.person, { exp: 1_795_814_700 })],
    ["iat", async () => changed(await personToken(), keys.person, { iat: 1_795_804_761 })],
    ["scope", async () => changed(await personToken(), keys.person, { scope: "data.read" })],
    ["dwk", async () => changed(await personToken(), keys.person, { dwk: "aauth-access.json" })],
    ["alg", async () => changed(await personToken(), keys.person, {}, { alg: "HS256" })],
    [
      "alg",
      async () =>
        changed(await personToken(), keys.person, {
          cnf: { jwk: { ...keys.agent.publicJwk, alg: undefined } },
        }),
    ],
  ])("by its %s is not shown", async (claim, issue) => {
    expect(await answered(await issue())).toBe(claim);
  });

  it("or cannot be read is not shown", async () => {
    expect(await answered("x.y.z")).toBeUndefined();
  });
});

describe("an auth token that does not match the request", () => {
  const right = { subject: `person at ${RESOURCE}` };
  const answered = async (token: string, accessServer?: string) => {
    const world = createWorld(accessServer === undefined ? {} : { accessServer });
    world.server = (request) =>
      request.url.endsWith("/token") ? Response.json({ auth_token: token }) : world.usual.server(request);
    const error = await failureOf(call(world));
    expect(world.sent.some((request) => request.jwt === token)).toBe(false);
    expect([error.code, error.hop]).toEqual(["token_request_failed", PERSON_SERVER]);
    return error.claim;
  };
  const own = (over = {}) =>
    authToken({ ...right, key: keys.person, issuer: PERSON_SERVER, personServer: undefined, ...over });

  it.each([
    ["typ", () => personToken(right)],
    ["iss", () => authToken(right)],
    ["aud", () => own({ audience: PARTS })],
    ["cnf", () => own({ confirmationKey: keys.other.publicJwk })],
    ["sub", () => own({ subject: "another person" })],
    ["scope", () => own({ scope: "data.read data.write" })],
    ["account", () => own({ account: "other" })],
    ["sub", async () => changed(await own(), keys.person, { sub: undefined })],
  ])("by its %s is not shown", async (claim, issue) => {
    expect(await answered(await issue())).toBe(claim);
  });

  it("of another server than the resource named, or of another person server, is rejected", async () => {
    expect(await answered(await own(), ACCESS_SERVER)).toBe("iss");
    expect(await answered(await authToken({ ...right, personServer: OTHER_SERVER }), ACCESS_SERVER)).toBe(
      "ps",
    );
  });

  it("may be for less than was asked", async () => {
    const world = createWorld({ requirement: { ...TO_READ, scopes: ["data.read", "data.write"] } });
    world.auth = { scope: "data.read" };
    world.resource = (request) => {
      if (request.token === "aa-auth+jwt") world.requirement = TO_READ;
      return world.usual.resource(request);
    };
    expect((await call(world)).status).toBe(200);
  });
});

describe("a server that fails", () => {
  const failing = async (answer: (request: Sent) => Response | Promise<Response>, more = {}) => {
    const world = createWorld();
    world.server = answer;
    return failureOf(world.agent(more).fetchFor()(DATA));
  };

  it.each([
    ["invalid_request", 400],
    ["invalid_resource_token", 400],
    ["expired_resource_token", 400],
    ["revoked_resource_token", 400],
    ["invalid_presented_token", 400],
    ["expired_presented_token", 400],
    ["revoked_presented_token", 400],
    ["clock_skew", 400],
    ["user_unreachable", 403],
    ["as_unreachable", 502],
    ["server_error", 500],
    ["slow_down", 429],
    ["access_denied", 403],
  ])("with %s is named, with the reason", async (error, status) => {
    expect(await failing(() => problem(status, error))).toMatchObject({
      code: "token_request_refused",
      oauthError: error,
      httpStatus: status,
      hop: PERSON_SERVER,
      description: `because of ${error}`,
    });
  });

  it("with Signature-Error is reported by the field, whatever the body says", async () => {
    const error = await failing(() =>
      problem(401, "something_else", { "signature-error": "error=revoked_jwt" }),
    );
    expect(error).toMatchObject({ oauthError: "revoked_jwt", section: "draft -11, section 11.9.1" });
    const other = await failing(() => problem(401, "something_else", { "signature-error": "?" }));
    expect(other).toMatchObject({ oauthError: "something_else" });
  });

  it("is not quoted if its error code is malformed", async () => {
    for (const error of ["a b", "x".repeat(101), 'a"b', "ü", "a\nb"]) {
      const failure = await failing(() => problem(400, error));
      expect(failure.code).toBe("token_request_failed");
      expect(failure.message).not.toContain(error);
    }
    const long = await failing(() =>
      Response.json({ error: "denied", detail: `a\n${"b".repeat(900)}` }, { status: 403 }),
    );
    expect(long.message).not.toContain("\n");
    expect(long.message.length).toBeLessThan(600);
  });

  it("by being down, slow, or wordless ends the call", async () => {
    const forever = ({ signal }: Sent) =>
      new Promise<Response>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    for (const [answer, more] of [
      [() => Promise.reject(new TypeError("connection refused")), {}],
      [forever, { timeouts: { tokenRequestMs: 30 } }],
      [() => new Response("no JSON"), {}],
      [() => Response.json({}), {}],
      [() => Response.json({ person_token: 5 }), {}],
      [() => new Response(`{"a":"${"x".repeat(70_000)}"}`), {}],
      [() => new Response(null, { status: 202 }), {}],
      [() => new Response(null, { status: 302, headers: { location: "https://evil.example/" } }), {}],
    ] as const) {
      const error = await failing(answer, more);
      expect([error.code, error.hop]).toEqual(["token_request_failed", PERSON_SERVER]);
    }
  });

  it("by having no document ends the call", async () => {
    const world = createWorld({
      published: { [`${PERSON_SERVER}/.well-known/aauth-person.json`]: undefined },
    });
    expect(await failureOf(call(world))).toMatchObject({ code: "discovery_failed", hop: PERSON_SERVER });
    expect(world.sent.length).toBe(1);
  });

  it("by granting no token is named with the section", async () => {
    const { message, section } = await failing(() => Response.json({ expires_in: 60 }));
    expect(message).toContain("contains no token");
    expect(section).toBe("draft -11, section 7.1");
  });
});

it("forwards the resource's login_hint unchanged, with the caller's words", async () => {
  const world = createWorld();
  replaceResourceToken(world, (token) => changed(token, keys.resource, { login_hint: "dana@resource" }));
  const context = { loginHint: "dana@agent", justification: "To check **stock**" };
  expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
  expect(world.asked("/person")[0]).toMatchObject({
    login_hint: "dana@agent",
    justification: "To check **stock**",
  });
  expect(world.asked("/token")[0]).toMatchObject({
    login_hint: "dana@resource",
    justification: "To check **stock**",
  });
});

it("E11: an agent that is meant to be anonymous is not created, because draft -11 has none", () => {
  const make = () => createWorld().agent({ signatureScheme: "hwk" } as object);
  expect(make).toThrow("signatureScheme is not an option");
});
