import { describe, expect, test } from "vitest";
import { check, checkHeaders, MARKET_ANALYSIS, setUp } from "./parties.ts";

// Holes of the verifier are tested in packages/aauth, and all holes end to end in
// tests/contract/gateway.

const ORIGIN = "http://supply-chain-agent.localhost:3000";

describe("G5, G6: the checked request is the signed one", () => {
  test.each([
    ["method", { "x-aauth-method": "DELETE" }],
    ["path, decoded", { "x-aauth-uri": `${ORIGIN}/a/b?x=1` }],
    ["query", { "x-aauth-uri": `${ORIGIN}/a%2Fb?x=2` }],
    ["content-type", { "content-type": "text/plain" }],
    ["content-digest", { "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }],
    ["nonce", { nonce: "AAAAAAAAAAAAAAAAAAAAAA" }],
  ])("changed after signing: %s", async (_name, change) => {
    const { app, signed, schemes } = await setUp();
    const headers = await signed(schemes.jwks, { url: `${ORIGIN}/a%2Fb?x=1`, body: "{}" });
    const result = await check(app, { ...headers, ...change });
    expect(result.status).toBe(401);
    expect(result.body).toContain("invalid_signature");
  });

  test.each([
    ["a digest", { "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }],
    ["a content type, which announces a body,", { "content-type": "application/json" }],
  ])("%s that the signature does not cover is refused", async (_name, change) => {
    const { app, signed, schemes } = await setUp();
    const result = await check(app, { ...(await signed(schemes.jwks)), ...change });
    expect(result.body).toMatch(
      /insufficient_coverage: the signature does not cover content-type, content-digest; .* name it in AAUTH_PUBLISHED_PEERS$/,
    );
    expect(result.refusal).toMatchObject({ missing: "content-type content-digest", by: "gateway" });
    expect(result.agentAuth).toBe("httpsig");
  });

  test("the published demo's agents pass only where they are named, and by key alone only where the route is content with it", async () => {
    const anyKey = { "x-aauth-required-scheme": "hwk" };
    for (const [config, byName, byKey] of [
      [{}, 401, 401],
      [{ publishedPeers: ["http://backend.localhost:8000"] }, 200, 401],
      [{ publishedHwk: true }, 401, 200],
    ] as const) {
      const { app, signed, schemes, lines } = await setUp({ config });
      const marked = () => lines.filter((line) => line.includes("The signature does not cover the body"));
      const announced = { "content-type": "application/json" };
      const named = { ...(await signed(schemes.jwks, { nonce: false })), ...announced, ...anyKey };
      const nameless = { ...(await signed(schemes.hwk, { nonce: false })), ...announced };
      expect((await check(app, named)).status).toBe(byName);
      expect((await check(app, { ...nameless, ...anyKey })).status).toBe(byKey);
      expect((await check(app, nameless)).status).toBe(401);
      expect(marked()).toHaveLength(byName === 200 || byKey === 200 ? 1 : 0);
      expect((await check(app, await signed(schemes.jwks))).status).toBe(200);
      expect(marked()).toHaveLength(byName === 200 || byKey === 200 ? 1 : 0);
    }
  });
});

test("only a resource of the published demo's dialect accepts that dialect from every caller", async () => {
  const { app, signed, schemes, resource } = await setUp({ config: { publishedPeers: [MARKET_ANALYSIS] } });
  const statusAt = async (id: string) => {
    const headers = await signed(schemes.jwks, { nonce: false, url: `${id}/` });
    const at = { "x-aauth-authority": new URL(id).host, "content-type": "application/json" };
    return (await check(app, { ...headers, ...at })).status;
  };
  expect(await statusAt(MARKET_ANALYSIS)).toBe(200);
  expect(await statusAt(resource.id)).toBe(401);
});

describe("G8: the authority is the gateway's, from the configured ones", () => {
  test.each([
    ["unknown", { "x-aauth-authority": "evil.test" }],
    ["without its port", { "x-aauth-authority": "supply-chain-agent.localhost" }],
    ["missing where there are two resources", { "x-aauth-authority": [] as string[] }],
    ["a member every object has", { "x-aauth-authority": "constructor" }],
  ])("%s: 421, signed, unsigned or open", async (_name, change) => {
    const { app, signed, schemes } = await setUp();
    for (const headers of [
      await signed(schemes.jwks),
      checkHeaders("POST", `${ORIGIN}/`),
      checkHeaders("GET", `${ORIGIN}/health`),
    ]) {
      const result = await check(app, { ...headers, ...change, host: "supply-chain-agent.localhost:3000" });
      expect(result).toMatchObject({ status: 421, agentAuth: undefined, claims: undefined });
      expect(result.body).toContain("unknown_authority");
    }
  });

  test("neither Host nor the URI's host is used", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = await signed(schemes.jwks);
    const elsewhere = { host: "evil.test", "x-aauth-uri": "http://evil.test/" };
    expect(await check(app, { ...headers, ...elsewhere })).toMatchObject({ status: 200 });
    const forEvil = await signed(schemes.jwks, { url: "http://evil.test/" });
    expect(await check(app, { ...forEvil, host: "evil.test" })).toMatchObject({ status: 401 });
  });

  test("with one resource it may be left out", async () => {
    const { app, signed, schemes } = await setUp({ config: { resources: [ORIGIN] } });
    const { "x-aauth-authority": _, ...headers } = await signed(schemes.jwks);
    expect(await check(app, headers)).toMatchObject({ status: 200 });
  });
});

describe("G10: one or two of the three headers are a broken signature", () => {
  const three = ["signature-key", "signature-input", "signature"] as const;

  test.each([
    ["signature-key", "strict"],
    ["signature-input", "optional"],
    ["signature", "permissive"],
  ] as const)("%s alone, missing or empty, mode %s", async (name, mode) => {
    const { app, signed, schemes } = await setUp();
    const headers = { ...(await signed(schemes.jwks)), "x-aauth-mode": mode };
    const without = (names: readonly string[]) =>
      Object.fromEntries(Object.entries(headers).filter(([field]) => !names.includes(field)));
    for (const broken of [without([name]), without(three.filter((other) => other !== name))]) {
      const result = await check(app, broken);
      expect(result).toMatchObject({ status: 401, agentAuth: "httpsig", claims: undefined });
      expect(result.body).toContain("missing_signature");
    }
    expect((await check(app, { ...headers, [name]: "" })).status).toBe(401);
  });
});

describe("G11: open paths", () => {
  test.each([
    ["GET", "/.well-known/aauth-agent"],
    ["HEAD", "/.well-known/aauth-resource"],
    ["GET", "/.well-known/agent-card.json"],
    ["HEAD", "/.well-known/agent.json"],
    ["GET", "/jwks.json"],
    ["GET", "/health"],
  ])("open: %s %s, even strict, and no signature is looked at", async (method, path) => {
    const { app, discovery } = await setUp();
    const headers = { ...checkHeaders(method, `${ORIGIN}${path}?a=b`), "x-aauth-mode": "strict" };
    expect(await check(app, headers)).toMatchObject({ status: 200, claimsText: "{}" });
    const signature = {
      "signature-key": 'sig1=(scheme=jwks id="http://x.localhost:1" kid="a")',
      "signature-input": "x",
      signature: "x",
    };
    expect(await check(app, { ...headers, ...signature })).toMatchObject({ status: 200, claimsText: "{}" });
    expect(discovery.requests).toEqual([]);
  });

  test.each([
    ["POST", "/jwks.json"],
    ["OPTIONS", "/health"],
    ["GET", "/x/jwks.json"],
    ["GET", "/jwks.json/"],
    ["GET", "/.well-known/aauth-agentx"],
    ["GET", "/.well-known/aauth-agent/../../admin"],
    ["GET", "/%6awks.json"],
    ["GET", "//jwks.json"],
    ["GET", "/JWKS.json"],
    ["GET", "/health%00"],
    ["GET", "/?/jwks.json"],
  ])("G11: %s %s is not open", async (method, path) => {
    const { app } = await setUp();
    const headers = { ...checkHeaders(method, `${ORIGIN}${path}`), "x-aauth-mode": "strict" };
    expect(await check(app, headers)).toMatchObject({ status: 401, agentAuth: "httpsig" });
  });
});
