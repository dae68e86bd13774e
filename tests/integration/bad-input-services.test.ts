import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import {
  type Answer,
  ForeignAgent,
  keyPair,
  type Listener,
  listen,
  makeToken,
  readToken,
  send,
} from "../support/foreign-agent.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const MEBIBYTE = 1_048_576;

let stack: TestStack;
let agent: ForeignAgent;
/** Named in messages as an address to fetch; must stay silent. */
let canary: Listener;
let issuer: string;

beforeAll(async () => {
  [agent, canary] = await Promise.all([
    ForeignAgent.start("foreign-agent.localhost", {
      redirect_uris: ["http://foreign-agent.localhost:1/back"],
    }),
    listen(() => ({ status: 200, body: {} })),
  ]);
  // The agent may ask for users of its own; what it may not do must be refused for its own reason.
  stack = await startStack({ env: { "auth-server": { AUTH_SERVER_SELF_AGENTS: agent.id } } });
  issuer = stack.urls.issuer;
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), canary?.stop()]));

/** RFC 6749 section 5.2. */
function expectOAuthError(answer: Answer, status: number, error: string, description?: RegExp): void {
  const body = JSON.parse(answer.text) as Record<string, unknown>;
  expect({ status: answer.status, body }).toEqual({
    status,
    body: { error, error_description: expect.stringMatching(description ?? /./) },
  });
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  expect(answer.headers["cache-control"]).toBe("no-store");
}

describe("the auth server's token endpoint", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const form = { request_type: "auth", resource_token: "a.b.c" };
  let resourceToken: string;

  beforeAll(async () => {
    const { supplyChainAgent: resource } = stack.urls;
    const challenge = await agent.call({ method: "POST", url: `${resource}/` }, { scheme: "jwks" });
    resourceToken = agent.resourceTokenOf(challenge, { resource, authServer: issuer });
  });

  function sent(
    change: (headers: Record<string, string>) => Record<string, string>,
    body: string | Buffer = new URLSearchParams(form).toString(),
    type = "application/x-www-form-urlencoded",
  ): Promise<Answer> {
    const url = `${issuer}/protocol/aauth/agent/token`;
    const signed = agent.signed(
      { method: "POST", url, headers: { "content-type": type }, body },
      { scheme: "jwks" },
    );
    return send({ ...signed, headers: change({ ...signed.headers }) });
  }

  test.each([1, 2, 3, 4, 5, 6, 7])("signature headers missing, subset %i", async (bits) => {
    const missing = ["signature-key", "signature-input", "signature"].filter(
      (_name, index) => bits & (1 << index),
    );
    const answer = await sent((headers) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !missing.includes(name))),
    );
    // Without Signature-Key nobody is named at all.
    expectOAuthError(
      answer,
      401,
      missing.includes("signature-key") ? "invalid_request" : "invalid_signature",
    );
  });

  test.each([
    ["malformed", { signatureKey: "sig1=(scheme=jwks" }],
    ["of another key", { signingKey: keyPair().key }],
    ["for another host", { authority: "localhost:1" }],
    ["that leaves out the body", { without: ["content-digest"] }],
    ["with a wrong digest", { digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }],
    ["of yesterday", { created: Math.floor(Date.now() / 1000) - 86_400 }],
  ])("a signature %s", async (_what, mistakes) => {
    expectOAuthError(await agent.askAuthServer(issuer, form, mistakes), 401, "invalid_signature");
  });

  test.each([
    ["a key id that is not published", { kid: "other" }],
    ["a server that is not there", { id: "http://127.0.0.1:1" }],
    ["plain http beyond this machine", { id: "http://192.0.2.1" }],
  ])("%s", async (_what, rest) => {
    const answer = await agent.askAuthServer(issuer, form, {}, { scheme: "jwks", ...rest });
    expectOAuthError(answer, 401, "invalid_signature");
  });

  test("the same request twice", async () => {
    const request = agent.signed(
      {
        method: "POST",
        url: `${issuer}/protocol/aauth/agent/token`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ request_type: "auth", resource_token: resourceToken }).toString(),
      },
      { scheme: "jwks" },
    );
    expect((await send(request)).status).toBe(200);
    expectOAuthError(await send(request), 401, "invalid_signature");
  });

  test.each<[string, Record<string, string>, number, string]>([
    ["no request type", { resource_token: "a.b.c" }, 400, "invalid_request"],
    ["an unknown request type", { request_type: "give" }, 400, "unsupported_grant_type"],
    ["nothing asked for", { request_type: "auth" }, 400, "invalid_request"],
    ["no token", { request_type: "auth", resource_token: "nonsense" }, 400, "invalid_grant"],
    [
      "a code nobody gave out",
      { request_type: "code", code: "x", redirect_uri: "http://a.localhost/" },
      400,
      "invalid_grant",
    ],
    ["no code", { request_type: "code" }, 400, "invalid_request"],
    [
      "a refresh token nobody gave out",
      { request_type: "refresh", refresh_token: "x" },
      400,
      "invalid_grant",
    ],
    ["an exchange without resource token", { request_type: "exchange" }, 400, "invalid_request"],
  ])("%s", async (_what, parameters, status, error) => {
    expectOAuthError(await agent.askAuthServer(issuer, parameters), status, error);
  });

  test("an exchange without, with a forged, and with a foreign upstream token", async () => {
    const exchange = { request_type: "exchange", resource_token: resourceToken };
    expectOAuthError(await agent.askAuthServer(issuer, exchange), 400, "invalid_request", /upstream/);
    const claims = {
      iss: issuer,
      aud: agent.id,
      exp: now() + 60,
      iat: now(),
      cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: agent.x } },
    };
    for (const iss of [issuer, canary.url]) {
      const jwt = makeToken({ alg: "EdDSA", typ: "auth+jwt", kid: "k" }, { ...claims, iss }, agent.key);
      const answer = await agent.askAuthServer(issuer, exchange, {}, { scheme: "jwt", jwt });
      expectOAuthError(answer, 401, "invalid_signature");
    }
  });

  test("a parameter given twice", async () => {
    const body = "request_type=auth&request_type=auth&resource_token=a";
    expectOAuthError(await sent((headers) => headers, body), 400, "invalid_request", /duplicated/);
  });

  test("a body that is no form, and one that is too large", async () => {
    expectOAuthError(await sent((headers) => headers, "{}", "application/json"), 415, "invalid_request");
    expectOAuthError(await sent((headers) => headers, "a".repeat(MEBIBYTE + 1)), 413, "invalid_request");
  });

  const wrong: [string, () => string, RegExp][] = [
    ["for another auth server", () => ownResourceToken({ aud: canary.url }), /audience/],
    ["for another agent", () => ownResourceToken({ agent: "http://other.localhost:1" }), /agent mismatch/],
    ["for another key", () => ownResourceToken({ agent_jkt: "other" }), /agent_jkt/],
    ["of the past", () => ownResourceToken({ exp: now() - 1 }), /expired/],
    ["good for a day", () => ownResourceToken({ exp: now() + 86_400 }), /./],
    ["without scope", () => ownResourceToken({ scope: undefined }), /scope/],
    ["of another type", () => ownResourceToken({}, { typ: "auth+jwt" }), /token type/],
    ["without algorithm", () => ownResourceToken({}, { alg: "none" }), /./],
    ["signed by another than its issuer", () => forgedResourceToken(), /./],
    ["of a resource that publishes nothing", () => ownResourceToken({}), /resource metadata/],
  ];
  test.each(wrong)("a resource token %s", async (_what, token, description) => {
    const answer = await agent.askAuthServer(issuer, { request_type: "auth", resource_token: token() });
    expectOAuthError(answer, 400, "invalid_grant", description);
  });

  /** Says of itself that it is the canary's: with anything else wrong the canary must not be asked. */
  function ownResourceToken(claims: object, header: object = {}): string {
    const whole = {
      iss: canary.url,
      aud: issuer,
      agent: agent.id,
      agent_jkt: agent.thumbprint,
      exp: now() + 60,
      scope: "a",
      ...claims,
    };
    const isComplete = Object.keys(claims).length + Object.keys(header).length === 0;
    return makeToken(
      { alg: "EdDSA", typ: "resource+jwt", kid: "k", ...header },
      isComplete ? { ...whole, iss: agent.id } : whole,
      agent.key,
    );
  }

  function forgedResourceToken(): string {
    const { header, claims } = readToken(resourceToken);
    return makeToken(header, { ...claims, scope: "everything" }, agent.key);
  }

  test("a redirect URI that the agent has not published", async () => {
    const answer = await agent.askAuthServer(issuer, {
      request_type: "auth",
      scope: "openid",
      redirect_uri: `${canary.url}/back`,
      state: "s",
    });
    expectOAuthError(answer, 400, "invalid_request", /redirect_uri/);
  });

  test("the consent page never sends a browser to an address that was not verified", async () => {
    const query = new URLSearchParams({
      request_token: "none",
      redirect_uri: `${canary.url}/back`,
      state: "s",
    });
    const page = await send({ url: `${issuer}/protocol/aauth/agent/auth?${query}` });
    expect(page.status).toBe(400);
    expect(page.headers).not.toHaveProperty("location");
    expect(page.text).not.toContain(canary.url);
  });
});

describe("the backend's API", () => {
  let first: string;
  let second: string;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      userAccessToken(stack.urls),
      userAccessToken(stack.urls, { ...DEMO_USER, username: "second-user" }),
    ]);
  });

  function ask(
    path: string,
    token: string | undefined,
    rest: { method?: string; body?: string; type?: string } = {},
  ) {
    const { method = "GET", body, type = "application/json" } = rest;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { ...authorization, ...(body !== undefined && { "content-type": type }) };
    return send({
      method,
      url: `${stack.urls.backend}${path}`,
      headers,
      ...(body !== undefined && { body }),
    });
  }

  function expectDetail(answer: Answer, status: number, detail?: RegExp): void {
    expect({ status: answer.status, body: JSON.parse(answer.text) }).toEqual({
      status,
      body: { detail: expect.stringMatching(detail ?? /./) },
    });
  }

  const routes: [string, string][] = [
    ["GET", "/auth/me"],
    ["POST", "/optimization/start"],
    ["POST", "/agents/start"],
    ["GET", "/optimization/progress/x"],
    ["GET", "/optimization/progress/x/events"],
    ["GET", "/optimization/results/x"],
    ["GET", "/optimization/all"],
    ["DELETE", "/optimization/clear"],
    ["GET", "/optimization/test-a2a-connection"],
    ["GET", "/agents/status"],
    ["GET", "/agents/status/x"],
    ["GET", "/agents/activities"],
    ["DELETE", "/agents/activities"],
  ];
  test.each(routes)("%s %s: no token, no good token", async (method, path) => {
    const body = method === "POST" ? { body: "{" } : {};
    expectDetail(await ask(path, undefined, { method, ...body }), 403, /^Not authenticated$/);
    expectDetail(await ask(path, "a.b.c", { method, ...body }), 401, /^Invalid or expired token$/);
  });

  test("a token of another issuer, algorithm, type or client", async () => {
    const { header, claims } = readToken(first);
    const soon = { exp: Math.floor(Date.now() / 1000) + 60 };
    const agentsOwn = await agent.askAuthServer(issuer, {
      request_type: "auth",
      scope: "supply-chain:optimize",
    });
    const [head = "", , signature = ""] = first.split(".");
    for (const token of [
      makeToken({ ...header, alg: "none" }, { ...claims, ...soon }),
      makeToken({ ...header, alg: "HS256" }, { ...claims, ...soon }, agent.key),
      makeToken({ ...header, alg: "EdDSA" }, { ...claims, ...soon }, agent.key),
      makeToken(
        { ...header, alg: "EdDSA", jku: canary.url, x5u: canary.url },
        { ...claims, iss: canary.url },
        agent.key,
      ),
      `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: "somebody" })).toString("base64url")}.${signature}`,
      JSON.parse(agentsOwn.text).auth_token as string,
    ]) {
      expectDetail(await ask("/auth/me", token), 401, /^Invalid or expired token$/);
    }
  });

  test("an unknown id, and another user's", async () => {
    const started = await ask("/optimization/start", first, { method: "POST", body: "{}" });
    expect(started.status).toBe(200);
    const { request_id } = JSON.parse(started.text) as { request_id: string };
    expect((await ask(`/optimization/progress/${request_id}`, first)).status).toBe(200);
    for (const [id, token] of [
      [request_id, second],
      ["unknown", first],
      ["..%2f..%2fetc", first],
      ["constructor", first],
    ] as const) {
      for (const path of [`progress/${id}`, `progress/${id}/events`, `results/${id}`]) {
        expectDetail(await ask(`/optimization/${path}`, token), 404, /^No such optimization$/);
      }
    }
    expect(JSON.parse((await ask("/optimization/all", second)).text)).toEqual([]);
    expect(JSON.parse((await ask("/agents/activities", second)).text)).toEqual([]);
    await ask("/optimization/clear", second, { method: "DELETE" });
    expect((await ask(`/optimization/progress/${request_id}`, first)).status).toBe(200);
    expectDetail(await ask("/agents/status/nobody", first), 404);
  });

  test.each<[string, string, string, number]>([
    ["no JSON", "{", "application/json", 400],
    ["nothing at all", "", "application/json", 400],
    ["another type", "a=b", "application/x-www-form-urlencoded", 415],
    ["a list", "[]", "application/json", 422],
    ["a wrong member", '{"custom_prompt":7}', "application/json", 422],
    ["an endless prompt", JSON.stringify({ custom_prompt: "a".repeat(200_000) }), "application/json", 422],
    ["a poisoned prototype", '{"__proto__":{"a":1}}', "application/json", 400],
    ["too much", `"${"a".repeat(MEBIBYTE)}"`, "application/json", 413],
  ])("%s", async (_what, body, type, status) => {
    expectDetail(await ask("/optimization/start", first, { method: "POST", body, type }), status);
  });

  test("a limit that is none, an id that is too long, a path nobody serves", async () => {
    expectDetail(await ask("/agents/activities?limit=-1", first), 422, /limit/);
    for (const path of [`/optimization/progress/${"a".repeat(101)}`, "/optimization/progress/%zz"]) {
      const answer = await ask(path, first);
      expect(JSON.parse(answer.text)).toMatchObject({ status: answer.status, detail: expect.any(String) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    const answer = await ask("/nothing", first);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ detail: "Nothing is served at GET /nothing" });
  });

  test("a consent answer that nobody waits for goes to the page, wherever it says", async () => {
    const query = new URLSearchParams({
      code: "x",
      state: "unknown",
      redirect_uri: canary.url,
      iss: canary.url,
    });
    const answer = await ask(`/auth/aauth/callback?${query}`, undefined);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toMatch(`${stack.urls.ui}/?aauth_error=1`);
  });
});

describe("whatever came", () => {
  test("no address of a message was asked", () => {
    expect(canary.requests).toEqual([]);
    expect(new Set(agent.asked)).toEqual(
      new Set(["GET /.well-known/aauth-agent", "GET /jwks.json", "GET /.well-known/aauth-resource"]),
    );
  });

  test("nothing has crashed, everything answers, no stack was shown", async () => {
    expect(stack.processes.filter(({ pid }) => !isAlive(pid!))).toEqual([]);
    for (const key of [
      "authServer",
      "gatewayAuthz",
      "marketAnalysisAgent",
      "supplyChainAgent",
      "backend",
    ] as const) {
      expect(await send({ url: `http://127.0.0.1:${stack.ports[key]}/health` })).toMatchObject({
        status: 200,
      });
    }
    expect(stack.log()).not.toMatch(/^.*\|\s+at .+:\d+:\d+\)?$/m);
    expect(stack.log()).not.toMatch(/ERROR|FATAL/);
  });
});
