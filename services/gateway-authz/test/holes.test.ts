import { signRequest } from "aauth";
import { issueAuthToken, tokenSignerOf } from "aauth/issuer";
import { testKey } from "aauth/testing";
import { describe, expect, test } from "vitest";
import { check, checkHeaders, setUp } from "./parties.ts";

const ROOT = "http://supply-chain-agent.localhost:3000/";
const EVIL = "http://evil.localhost:6666";

/** A JWT with any header and claims, signed with test key B, which the trusted issuer uses. */
async function forge(header: object, claims: object): Promise<string> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode(header)}.${encode(claims)}`;
  const key = await testKey("B");
  return `${input}.${Buffer.from(await key.sign(Buffer.from(input))).toString("base64url")}`;
}

describe("holes of the forked gateway of February 2026", () => {
  test("G1: an issuer that merely has a metadata document is not trusted and not even asked", async () => {
    const evilKey = await testKey("B", "evil-1");
    const { app, signed, agent, discovery, clock } = await setUp({
      more: { issuers: { [EVIL]: { keys: [evilKey.publicJwk] } } },
    });
    const { token } = await issueAuthToken({
      signer: tokenSignerOf(evilKey),
      issuer: EVIL,
      audience: "http://supply-chain-agent.localhost:3000",
      agent: agent.id,
      confirmationKey: agent.key.publicJwk,
      scope: "supply-chain:optimize",
      now: clock.now,
    });
    const result = await check(app, await signed({ scheme: "jwt", jwt: token }));
    expect(result.status).toBe(401);
    expect(result.body).toContain("untrusted_issuer");
    expect(discovery.requests).toEqual([]);
  });

  test.each([
    [
      "another audience",
      { audience: "http://market-analysis-agent.localhost:3000" },
      0,
      "token_audience_mismatch",
    ],
    ["no leeway on exp", {}, 300, "token_expired"],
  ])("G2: %s", async (_name, change, age, code) => {
    const { app, signed, issueAuthToken: issue, clock } = await setUp();
    const jwt = await issue(change);
    clock.advance(age);
    const result = await check(app, await signed({ scheme: "jwt", jwt }));
    expect(result.status).toBe(401);
    expect(result.body).toContain(code);
  });

  test.each(["exp", "aud", "cnf"])("G2: a token without %s", async (claim) => {
    const { app, signed, issueAuthToken: issue } = await setUp();
    const [header, payload] = (await issue())
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString());
    const claims = JSON.parse(payload!) as Record<string, unknown>;
    delete claims[claim];
    const jwt = await forge(JSON.parse(header!) as object, claims);
    expect(await check(app, await signed({ scheme: "jwt", jwt }))).toMatchObject({
      status: 401,
      claims: undefined,
    });
  });

  test.each(["JWT", "at+jwt", "resource+jwt", "request+jwt", undefined])(
    "G3: a token of type %s is no agent token",
    async (typ) => {
      const { app, signed, agent, clock } = await setUp();
      const jwt = await forge(
        { alg: "EdDSA", kid: "realm-1", ...(typ && { typ }) },
        { iss: agent.id, sub: "x", exp: clock.now() + 60, cnf: { jwk: agent.key.publicJwk } },
      );
      const result = await check(app, await signed({ scheme: "jwt", jwt }));
      expect(result.status).toBe(401);
      expect(result.body).toMatch(/token_type_mismatch|malformed_token/);
    },
  );

  test.each([
    "http://169.254.169.254",
    "http://10.0.0.1:8080",
    "http://internal.example",
    "ftp://backend.localhost:8000",
    "http://backend.localhost:8000/../admin",
    "http://user@backend.localhost:8000",
    "file:///etc/passwd",
  ])("G4: nothing is fetched from %s", async (id) => {
    const { app, signed, schemes, discovery, lines } = await setUp();
    // No honest signer writes such a name; it is looked at before the signature is.
    const headers = await signed(schemes.jwks);
    const named = String(headers["signature-key"]).replace(schemes.jwks.id, id);
    const result = await check(app, { ...headers, "signature-key": named });
    expect(result.status).toBe(401);
    expect(result.body).toContain("discovery_failed");
    expect(lines.join("\n")).toContain("discovery_blocked");
    expect(discovery.requests).toEqual([]);
  });

  describe("G5: what may change must be covered", () => {
    const method = "POST";
    const without = async (component: string, url = ROOT) => {
      const { app, agent, clock } = await setUp();
      const request = {
        method,
        url,
        headers: { "content-type": "application/json" },
        body: Buffer.from("{}"),
      };
      const key = agent.key;
      // A signature over everything, re-made over everything but one component.
      const { headers } = await signRequest(request, {
        key,
        signatureKey: { scheme: "jwks", id: agent.id },
        now: clock.now,
      });
      const full = headers["signature-input"]!;
      const names = [...full.matchAll(/"([^"]+)"/g)]
        .map(([, name]) => name!)
        .filter((name) => name !== component);
      const params = `(${names.map((name) => `"${name}"`).join(" ")});created=${clock.now()}`;
      const values: Record<string, string> = {
        "@method": method,
        "@authority": "supply-chain-agent.localhost:3000",
        "@path": "/",
        "@query": "?x=1",
        "content-type": "application/json",
        ...headers,
      };
      const base = [
        ...names.map((name) => `"${name}": ${values[name]}`),
        `"@signature-params": ${params}`,
      ].join("\n");
      const signature = Buffer.from(await key.sign(Buffer.from(base))).toString("base64url");
      return check(app, {
        ...checkHeaders(method, url),
        "content-type": "application/json",
        ...headers,
        "signature-input": `sig1=${params}`,
        signature: `sig1=:${signature}:`,
      });
    };

    test("the method of this test signs well", async () => {
      expect(await without("nothing at all", `${ROOT}?x=1`)).toMatchObject({ status: 200 });
    });

    test.each([
      "@method",
      "@authority",
      "@path",
      "@query",
      "content-type",
      "content-digest",
      "nonce",
      "signature-key",
    ])("%s left out", async (component) => {
      const result = await without(component, `${ROOT}?x=1`);
      expect(result.status).toBe(401);
      expect(result.body).toContain("insufficient_coverage");
    });

    test.each([
      ["method", { "x-aauth-method": "DELETE" }],
      ["path", { "x-aauth-uri": `${ROOT}admin?x=1` }],
      ["path, decoded", { "x-aauth-uri": `${ROOT}a/b?x=1` }],
      ["query", { "x-aauth-uri": `${ROOT}a%2Fb?x=2` }],
      ["query, taken away", { "x-aauth-uri": `${ROOT}a%2Fb` }],
      ["content-type", { "content-type": "text/plain" }],
      ["content-digest", { "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }],
      ["nonce", { nonce: "AAAAAAAAAAAAAAAAAAAAAA" }],
    ])("changed after signing: %s", async (_name, change) => {
      const { app, signed, schemes } = await setUp();
      const headers = await signed(schemes.jwks, { url: `${ROOT}a%2Fb?x=1`, body: "{}" });
      const result = await check(app, { ...headers, ...change });
      expect(result.status).toBe(401);
      expect(result.body).toMatch(/invalid_signature|missing_component/);
    });
  });

  describe("G6: the digest of a body that is not here", () => {
    test("a digest that the signature does not cover is refused", async () => {
      const { app, signed, schemes } = await setUp();
      const bodiless = await signed(schemes.jwks);
      const result = await check(app, {
        ...bodiless,
        "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
      });
      expect(result.body).toContain("insufficient_coverage");
    });

    test("a content type that announces a body without a digest is refused", async () => {
      const { app, signed, schemes } = await setUp();
      const bodiless = await signed(schemes.jwks);
      const result = await check(app, { ...bodiless, "content-type": "application/json" });
      expect(result.body).toContain("insufficient_coverage");
    });

    test("a covered digest passes: the agent behind the gateway compares it", async () => {
      const { app, signed, schemes } = await setUp();
      expect(await check(app, await signed(schemes.jwks, { body: "{}" }))).toMatchObject({ status: 200 });
    });

    test("the Python demo's agents pass only where body coverage is optional", async () => {
      for (const [bodyCoverage, status] of [
        ["required", 401],
        ["optional", 200],
      ] as const) {
        const { app, signed, schemes } = await setUp({ config: { bodyCoverage } });
        const headers = {
          ...(await signed(schemes.jwks, { nonce: false })),
          "content-type": "application/json",
        };
        expect((await check(app, headers)).status).toBe(status);
      }
    });
  });

  test("G7: two agents with one key id have separate keys", async () => {
    const kid = "backend-ephemeral-1";
    const other = "http://other.localhost:8001";
    const otherKey = await testKey("B", kid);
    const { app, signed, schemes } = await setUp({ more: { agents: { [other]: [otherKey.publicJwk] } } });
    expect((await check(app, await signed(schemes.jwks))).claims?.agent).toBe(
      "http://backend.localhost:8000",
    );
    const asOther = { scheme: "jwks", id: other } as const;
    expect((await check(app, await signed(asOther, { key: otherKey }))).claims?.agent).toBe(other);
    expect((await check(app, await signed(asOther))).status).toBe(401);
    expect((await check(app, await signed(schemes.jwks, { key: otherKey }))).status).toBe(401);
  });

  test("G7: an agent and an issuer of one identifier have separate keys", async () => {
    const issuer = "http://localhost:8080/realms/aauth-test";
    const { app, signed } = await setUp();
    const result = await check(
      app,
      await signed({ scheme: "jwks", id: issuer }, { key: await testKey("B", "realm-1") }),
    );
    expect(result.status).toBe(401);
  });

  test.each([
    ["unknown", { "x-aauth-authority": "evil.test" }],
    ["without its port", { "x-aauth-authority": "supply-chain-agent.localhost" }],
    ["in capitals", { "x-aauth-authority": "Supply-Chain-Agent.localhost:3000" }],
    [
      "two of them",
      { "x-aauth-authority": "supply-chain-agent.localhost:3000, supply-chain-agent.localhost:3000" },
    ],
    ["empty", { "x-aauth-authority": "" }],
    ["missing where there are two resources", { "x-aauth-authority": [] as string[] }],
    ["a member every object has", { "x-aauth-authority": "constructor" }],
  ])("G8: the authority is %s: 421, signed, unsigned or open", async (_name, change) => {
    const { app, signed, schemes } = await setUp();
    for (const headers of [
      await signed(schemes.jwks),
      checkHeaders("POST", ROOT),
      checkHeaders("GET", `${ROOT}health`),
    ]) {
      const result = await check(app, { ...headers, ...change, host: "supply-chain-agent.localhost:3000" });
      expect(result).toMatchObject({ status: 421, agentAuth: undefined, claims: undefined });
      expect(result.body).toContain("unknown_authority");
    }
  });

  test("G8: neither Host nor the URI's host counts", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = await signed(schemes.jwks);
    expect(
      await check(app, { ...headers, host: "evil.test", "x-aauth-uri": "http://evil.test/" }),
    ).toMatchObject({ status: 200 });
    const forEvil = await signed(schemes.jwks, { url: "http://evil.test/" });
    expect(await check(app, { ...forEvil, host: "evil.test" })).toMatchObject({ status: 401 });
  });

  test("G8: with one resource the authority may be left out", async () => {
    const { app, signed, schemes } = await setUp({
      config: { resources: ["http://supply-chain-agent.localhost:3000"] },
    });
    const { "x-aauth-authority": _, ...headers } = await signed(schemes.jwks);
    expect(await check(app, headers)).toMatchObject({ status: 200 });
  });

  // G9 (an inert policy in the file) is the gateway's: services/gateway/test/configuration.

  const three = ["signature-key", "signature-input", "signature"] as const;
  const subsets = three.flatMap((one) => [[one], three.filter((name) => name !== one)]);
  test.each(
    subsets.flatMap((kept) =>
      ["strict", "optional", "permissive"].map((mode) => [kept.join(" and "), mode, kept] as const),
    ),
  )("G10: only %s, mode %s", async (_name, mode, kept) => {
    const { app, signed, schemes } = await setUp();
    const headers = await signed(schemes.jwks);
    for (const name of three) if (!(kept as readonly string[]).includes(name)) delete headers[name];
    const result = await check(app, { ...headers, "x-aauth-mode": mode });
    expect(result).toMatchObject({ status: 401, agentAuth: "httpsig", claims: undefined });
    expect(result.body).toContain("missing_signature");
  });

  test.each(three)("G10: an empty %s is a broken signature", async (name) => {
    const { app, signed, schemes } = await setUp();
    const headers = { ...checkHeaders("POST", ROOT), [name]: "" };
    expect((await check(app, headers)).status).toBe(401);
    expect((await check(app, { ...(await signed(schemes.jwks)), [name]: "" })).status).toBe(401);
  });

  const open = [
    "/.well-known/aauth-agent",
    "/.well-known/aauth-resource",
    "/.well-known/agent-card.json",
    "/.well-known/agent.json",
    "/jwks.json",
    "/health",
  ];
  test.each(open.flatMap((path) => ["GET", "HEAD"].map((method) => [method, path] as const)))(
    "open: %s %s, even strict",
    async (method, path) => {
      const { app, discovery } = await setUp();
      const headers = {
        ...checkHeaders(method, `http://supply-chain-agent.localhost:3000${path}`),
        "x-aauth-mode": "strict",
      };
      expect(await check(app, headers)).toMatchObject({ status: 200, claims: {} });
      // A signature there is not looked at, so nobody can make the service fetch anything.
      const signed = {
        ...headers,
        "signature-key": 'sig1=(scheme=jwks id="http://x.localhost:1" kid="a")',
        "signature-input": "x",
        signature: "x",
      };
      expect(
        await check(app, { ...signed, "x-aauth-uri": `http://supply-chain-agent.localhost:3000${path}?a=b` }),
      ).toMatchObject({
        status: 200,
        claimsText: "{}",
      });
      expect(discovery.requests).toEqual([]);
    },
  );

  test.each([
    ["POST", "/jwks.json"],
    ["DELETE", "/.well-known/aauth-agent"],
    ["OPTIONS", "/health"],
    ["GET", "/x/jwks.json"],
    ["GET", "/jwks.json/"],
    ["GET", "/jwks.json/x"],
    ["GET", "/.well-known/aauth-agent/x"],
    ["GET", "/.well-known/aauth-agentx"],
    ["GET", "/.well-known/aauth-"],
    ["GET", "/.well-known/aauth-agent/../../admin"],
    ["GET", "/admin/..%2fjwks.json"],
    ["GET", "/%6awks.json"],
    ["GET", "//jwks.json"],
    ["GET", "/JWKS.json"],
    ["GET", "/;/jwks.json"],
    ["GET", "/health%00"],
    ["GET", "/?/jwks.json"],
    ["GET", "/"],
  ])("G11: %s %s is not open", async (method, path) => {
    const { app } = await setUp();
    const headers = {
      ...checkHeaders(method, `http://supply-chain-agent.localhost:3000${path}`),
      "x-aauth-mode": "strict",
    };
    expect(await check(app, headers)).toMatchObject({ status: 401, agentAuth: "httpsig" });
  });
});
