import { createMemoryStores, type Stores } from "aauth";
import { testKey } from "aauth/testing";
import { describe, expect, test } from "vitest";
import { check, checkHeaders, MARKET_ANALYSIS, setUp } from "./parties.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

/** Logged errors of the service itself. */
const failures = (lines: readonly string[]) => lines.filter((line) => line.startsWith("ERROR:")).join("\n");

describe("the caller of an accepted request", () => {
  test("jwks: the agent's identifier", async () => {
    const { app, signed, schemes } = await setUp();
    const { status, claims, body } = await check(app, await signed(schemes.jwks));
    expect([status, body]).toEqual([200, ""]);
    expect(claims).toEqual({ scheme: "Jwks", agent: "http://backend.localhost:8000" });
  });

  test("hwk, if the route accepts it: a scheme and no identity", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = { ...(await signed(schemes.hwk)), "x-aauth-required-scheme": "hwk" };
    expect(await check(app, headers)).toMatchObject({ status: 200, claims: { scheme: "Hwk" } });
  });

  test("jwt with an auth token: agent and claims, the user in sub only", async () => {
    const { app, signed, issueAuthToken, clock } = await setUp();
    const jwt = await issueAuthToken({ subject: "user-1", act: { agent: "http://other.localhost:1" } });
    const { status, claims } = await check(app, await signed({ scheme: "jwt", jwt }));
    expect(status).toBe(200);
    expect(Object.keys(claims!)).toEqual(["scheme", "agent", "jwt_claims"]);
    expect(claims).toMatchObject({
      scheme: "Jwt",
      agent: "http://backend.localhost:8000",
      jwt_claims: {
        iss: "http://localhost:8080/realms/aauth-test",
        aud: "http://supply-chain-agent.localhost:3000",
        sub: "user-1",
        scope: "supply-chain:optimize",
        act: { agent: "http://other.localhost:1" },
        exp: clock.now() + 300,
      },
    });
  });

  test("jwt with an agent token: agent server and delegate", async () => {
    const { app, signed, agentToken } = await setUp();
    const { status, claims } = await check(app, await signed({ scheme: "jwt", jwt: await agentToken() }));
    expect(status).toBe(200);
    expect(claims).toMatchObject({
      scheme: "Jwt",
      agent: "http://backend.localhost:8000",
      agent_delegate: "urn:delegate:1",
      jwt_claims: { sub: "urn:delegate:1" },
    });
  });

  test("an agent token's claims about anything but the agent are not passed on: no issuer has granted them", async () => {
    const { app, signed, agent, clock } = await setUp();
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const header = { alg: "EdDSA", kid: agent.key.kid, typ: "agent+jwt" };
    const own = { iss: agent.id, sub: "urn:d:1", exp: clock.now() + 60, cnf: { jwk: agent.key.publicJwk } };
    const act = { agent: "http://other.localhost:1" };
    const input = `${encode(header)}.${encode({ ...own, scope: "supply-chain:optimize", act, agent: "x" })}`;
    const jwt = `${input}.${Buffer.from(await agent.key.sign(Buffer.from(input))).toString("base64url")}`;
    const { status, claims } = await check(app, await signed({ scheme: "jwt", jwt }));
    expect(status).toBe(200);
    expect(claims!.jwt_claims).toEqual(own);
  });

  test("an agent delegate in an auth token", async () => {
    const { app, signed, issueAuthToken } = await setUp();
    const jwt = await issueAuthToken({ agentDelegate: "urn:d:2", subject: "user-1" });
    expect((await check(app, await signed({ scheme: "jwt", jwt }))).claims).toMatchObject({
      agent_delegate: "urn:d:2",
    });
  });

  test("the claims are ASCII, whatever is in the token", async () => {
    const { app, signed, issueAuthToken } = await setUp();
    const jwt = await issueAuthToken({ subject: 'Zoë 😀 "\n' });
    const { claims, claimsText } = await check(app, await signed({ scheme: "jwt", jwt }));
    expect(claimsText).toMatch(/^[\x20-\x7e]*$/);
    expect((claims!.jwt_claims as { sub: string }).sub).toBe('Zoë 😀 "\n');
  });

  test.each(["get", "X!#$%&'*+.^_`|~9", "A".repeat(32)])(
    "whatever method the caller has chosen: %s",
    async (method) => {
      const { app, signed, schemes, lines } = await setUp();
      expect(await check(app, await signed(schemes.jwks, { method }))).toMatchObject({ status: 200 });
      const unsigned = { ...checkHeaders(method, URL_ROOT), "x-aauth-mode": "strict" };
      expect(await check(app, unsigned)).toMatchObject({ status: 401, agentAuth: "httpsig" });
      expect(failures(lines)).toBe("");
    },
  );

  test("the resources have their own authority and audience", async () => {
    const { app, signed, schemes, issueAuthToken } = await setUp();
    const authority = { "x-aauth-authority": "market-analysis-agent.localhost:3000" };
    const url = `${MARKET_ANALYSIS}/`;
    expect(await check(app, { ...(await signed(schemes.jwks, { url })), ...authority })).toMatchObject({
      status: 200,
    });
    // Signed for the other resource.
    expect(await check(app, { ...(await signed(schemes.jwks)), ...authority })).toMatchObject({
      status: 401,
    });
    expect(await check(app, await signed(schemes.jwks, { url }))).toMatchObject({ status: 401 });
    const jwt = await issueAuthToken({ audience: MARKET_ANALYSIS });
    expect(
      await check(app, { ...(await signed({ scheme: "jwt", jwt }, { url })), ...authority }),
    ).toMatchObject({ status: 200 });
    expect(await check(app, await signed({ scheme: "jwt", jwt }))).toMatchObject({ status: 401 });
  });
});

describe("modes", () => {
  test.each([
    ["optional", 200],
    ["permissive", 200],
    ["strict", 401],
    [undefined, 401],
  ])("unsigned, mode %s", async (mode, status) => {
    const { app } = await setUp();
    const { "x-aauth-mode": _, ...headers } = checkHeaders("POST", URL_ROOT);
    const result = await check(app, mode === undefined ? headers : { ...headers, "x-aauth-mode": mode });
    expect(result.status).toBe(status);
    if (status === 200) expect(result.claimsText).toBe("{}");
    else expect(result).toMatchObject({ agentAuth: "httpsig", claims: undefined });
  });

  test.each(["optional", "strict"])("a present but bad signature is 401 in mode %s", async (mode) => {
    const { app, signed, schemes } = await setUp();
    const key = await testKey("B", "backend-ephemeral-1");
    const headers = { ...(await signed(schemes.jwks, { key })), "x-aauth-mode": mode };
    const { status, agentAuth, contentType, body, refusal } = await check(app, headers);
    expect([status, agentAuth]).toEqual([401, "httpsig"]);
    expect(refusal).toMatchObject({ code: "invalid_signature", check: "signature", by: "gateway" });
    expect(contentType).toMatch(/^text\/plain/);
    expect(body).toMatch(/^AAuth failure: AAuth verification failed: invalid_signature: /);
  });
});

describe("required scheme is a minimum", () => {
  test.each([
    ["hwk", "hwk", 200],
    ["hwk", "jwks", 401],
    ["jwks", "jwks", 200],
    ["jwks", "jwt", 401],
    ["agent token", "jwks", 200],
    ["agent token", "jwt", 401],
    ["auth token", "jwt", 200],
  ] as const)("%s on a route that requires %s", async (given, required, status) => {
    const { app, signed, schemes, agentToken, issueAuthToken } = await setUp();
    const jwt = given === "agent token" ? await agentToken() : await issueAuthToken();
    const headers = await signed(
      given === "hwk" || given === "jwks" ? schemes[given] : { scheme: "jwt", jwt },
    );
    const result = await check(app, { ...headers, "x-aauth-required-scheme": required });
    expect(result.status).toBe(status);
    if (status === 200) return;
    expect(result).toMatchObject({ agentAuth: "httpsig; identity=?1", body: "", claims: undefined });
    const code = given === "hwk" ? "identity_required" : "authorization_required";
    const section = "profile 3.1";
    expect(result.refusal).toMatchObject({ code, check: "requirement", section, by: "gateway" });
  });
});

describe("freshness", () => {
  test.each([
    ["60", 61, 401],
    ["60", -61, 401],
    ["5", 6, 401],
    ["300", 299, 200],
    [undefined, 61, 401],
  ])("tolerance %s, %i s old", async (tolerance, age, status) => {
    const { app, signed, schemes, clock } = await setUp();
    const { "x-aauth-timestamp-tolerance": _, ...headers } = await signed(schemes.jwks);
    clock.advance(age);
    const result = await check(
      app,
      tolerance === undefined ? headers : { ...headers, "x-aauth-timestamp-tolerance": tolerance },
    );
    expect(result.status).toBe(status);
    if (status === 401) expect(result.body).toContain("created_out_of_window");
  });

  test("a nonce is spent once, over all tolerances, and not by a bad signature", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = await signed(schemes.jwks);
    expect(headers.nonce).toBeDefined();
    expect(
      (await check(app, { ...headers, signature: String(headers.signature).replace(/:../, ":AA") })).status,
    ).toBe(401);
    expect((await check(app, headers)).status).toBe(200);
    const again = await check(app, { ...headers, "x-aauth-timestamp-tolerance": "61" });
    expect(again).toMatchObject({ status: 401, agentAuth: "httpsig" });
    expect(again.body).toContain("nonce_replayed");
  });

  test("an expired auth token of a proven caller asks for the identity, so that it can get a new one", async () => {
    const { app, signed, issueAuthToken, clock } = await setUp();
    const jwt = await issueAuthToken();
    clock.advance(301);
    const result = await check(app, await signed({ scheme: "jwt", jwt }));
    expect(result).toMatchObject({ status: 401, agentAuth: "httpsig; identity=?1" });
    expect(result.body).toContain("token_expired");
  });
});

describe("the gateway's configuration is wrong: 500, never a pass", () => {
  test.each<[string, string | undefined, string]>([
    ["x-aauth-method", undefined, "x-aauth-method is missing"],
    ["x-aauth-uri", undefined, "x-aauth-uri is missing"],
    ["x-aauth-mode", "off", "x-aauth-mode is not one of"],
    ["x-aauth-required-scheme", "none", "x-aauth-required-scheme is not one of"],
    ["x-aauth-timestamp-tolerance", "301", "x-aauth-timestamp-tolerance is not between"],
    ["x-aauth-timestamp-tolerance", "1e2", "x-aauth-timestamp-tolerance is not between"],
  ])("%s: %j", async (name, value, message) => {
    const { app, signed, schemes, lines } = await setUp();
    const { [name]: _, ...headers } = await signed(schemes.jwks);
    const result = await check(app, { ...headers, ...(value !== undefined && { [name]: value }) });
    expect(result).toMatchObject({ status: 500, claims: undefined, agentAuth: undefined });
    expect(result.body).toContain(`AAuth failure: the gateway's check request cannot be used: ${message}`);
    expect(failures(lines)).toContain("unusable_check");
    expect(failures(lines)).toContain(message);
    expect(lines.join("\n")).not.toMatch(/\bat \S+ \(/);
  });
});

describe("a request that cannot be judged is the caller's error: 400, never a pass and no failure of ours", () => {
  const TARGET = "its target is no path of printable ASCII, without a fragment";
  test.each<[string, Record<string, string>, string]>([
    ["a method with a blank", { "x-aauth-method": "PO ST" }, "its method is no token"],
    ["two methods", { "x-aauth-method": "GET, POST" }, "its method is no token"],
    ["a long method", { "x-aauth-method": "A".repeat(33) }, "its method has more than 32 characters"],
    ["the target of OPTIONS *", { "x-aauth-uri": "*" }, TARGET],
    ["the target of CONNECT", { "x-aauth-uri": "supply-chain-agent.localhost:3000" }, TARGET],
    ["a fragment", { "x-aauth-uri": "http://x/a#b" }, TARGET],
    ["a path that is no ASCII", { "x-aauth-uri": "http://x/é" }, TARGET],
    ["two targets", { "x-aauth-uri": "/a, /b" }, TARGET],
  ])("%s", async (_name, change, reason) => {
    const { app, signed, schemes, lines } = await setUp();
    for (const headers of [await signed(schemes.jwks), checkHeaders("GET", URL_ROOT)]) {
      expect(await check(app, { ...headers, ...change })).toEqual({
        status: 400,
        agentAuth: undefined,
        contentType: "text/plain; charset=utf-8",
        body: `AAuth failure: unusable_request: the request cannot be judged: ${reason}`,
        claimsText: undefined,
        claims: undefined,
      });
    }
    expect(failures(lines)).toBe("");
    expect(lines.join("\n")).toContain("unusable_request");
  });
});

test("something that breaks inside is 503 without a word of it, and in the log with its cause", async () => {
  const { app, signed, schemes, discovery, lines } = await setUp();
  const headers = await signed(schemes.jwks);
  Object.assign(discovery, {
    key: async () => {
      throw new Error("secret internals");
    },
  });
  const result = await check(app, headers);
  expect(result.status).toBe(503);
  expect(result.body).toBe("AAuth failure: verification is not available");
  expect([result.refusal, result.proxyStatus]).toEqual([undefined, "gateway; error=proxy_internal_error"]);
  expect(failures(lines)).toContain("secret internals");
});

describe("the memory of used nonces", () => {
  const smallStores = (maxEntries: number): Stores => {
    const stores = createMemoryStores();
    return { ...stores, claims: (name) => stores.claims(name, { maxEntries }) };
  };

  test("is shared by replicas: a request that one has accepted is refused by the other", async () => {
    const stores = createMemoryStores();
    const [one, other] = [await setUp({ stores }), await setUp({ stores })];
    const headers = await one.signed(one.schemes.jwks);
    expect(await check(one.app, headers)).toMatchObject({ status: 200 });
    expect(await check(other.app, headers)).toMatchObject({ status: 401 });
    const alone = await setUp();
    expect(await check(alone.app, headers)).toMatchObject({ status: 200 });
  });

  test("one agent's flood is 503 for that agent; other agents and the other resource are still served", async () => {
    const flooding = "http://flooding.localhost:8001";
    const floodingKey = await testKey("B", "flooding-1");
    const { app, signed, schemes, lines } = await setUp({
      more: { agents: { [flooding]: [floodingKey.publicJwk] } },
      stores: smallStores(20),
    });
    const asFlooding = { scheme: "jwks", id: flooding } as const;
    const flood = async (scheme: typeof asFlooding | typeof schemes.hwk, change: object) => {
      let last = await check(app, { ...(await signed(scheme, { key: floodingKey })), ...change });
      for (let index = 0; index < 20; index++) {
        last = await check(app, { ...(await signed(scheme, { key: floodingKey })), ...change });
      }
      return last;
    };
    const full = { status: 503, agentAuth: undefined, claims: undefined };
    expect(await flood(asFlooding, {})).toMatchObject(full);
    const onHwkRoute = await flood(schemes.hwk, { "x-aauth-required-scheme": "hwk" });
    expect(onHwkRoute).toMatchObject(full);
    expect(onHwkRoute.body).toContain("replay_memory_full");
    // Caused by a caller, any number of times, so it must not log a stack trace.
    expect(failures(lines)).toBe("");
    expect(lines.join("\n")).toContain("replay_memory_full");

    const known = await signed(schemes.jwks);
    expect(await check(app, known)).toMatchObject({ status: 200 });
    expect(await check(app, known)).toMatchObject({ status: 401 });
    const other = {
      ...(await signed(asFlooding, { key: floodingKey, url: `${MARKET_ANALYSIS}/` })),
      "x-aauth-authority": "market-analysis-agent.localhost:3000",
    };
    expect(await check(app, other)).toMatchObject({ status: 200 });
  });
});

test("no key, token or signature is logged or answered", async () => {
  const { app, signed, issueAuthToken, lines } = await setUp();
  const jwt = await issueAuthToken();
  const headers = await signed({ scheme: "jwt", jwt });
  await check(app, headers);
  const refused = await check(app, { ...headers, "x-aauth-method": "PUT" });
  expect(refused.status).toBe(401);
  expect(lines.join("")).toMatch(/request refused/);
  for (const text of [lines.join(""), refused.body]) {
    expect(text).not.toContain(jwt);
    expect(text).not.toContain(jwt.split(".")[2]);
    expect(text).not.toContain(String(headers.signature).slice(10, 50));
  }
});
