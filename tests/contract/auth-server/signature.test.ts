/** Who asks is proven before anything else is looked at (profile 1, 2). P and J number the holes of the published implementations. */

import { afterAll, describe, expect, test } from "vitest";
import { listen } from "../../support/foreign-agent.ts";
import { type AskOptions, newPair, now } from "./party.ts";
import { expectRefusal, grantedToken, startWorld } from "./world.ts";

const { server, agent, resource, nextResource, wish } = await startWorld();
const stranger = await listen(() => ({ status: 404 }), "stranger.localhost");
afterAll(() => stranger.stop());
const COVERED = [
  "@method",
  "@authority",
  "@path",
  "content-type",
  "content-digest",
  "nonce",
  "signature-key",
] as const;

async function refused(options: AskOptions, form = wish()): Promise<void> {
  expectRefusal(await agent.ask(server, form, options), 401, "invalid_signature");
}

type Tamper = NonNullable<AskOptions["tamper"]>;
const instead =
  (headers: Record<string, string | undefined>): Tamper =>
  () => ({ headers });
const without = (...names: string[]) => instead(Object.fromEntries(names.map((name) => [name, undefined])));
/** Rewrites one header after signing. */
const rewritten =
  (name: string, change: (value: string) => string): Tamper =>
  (headers) => ({ headers: { [name]: change(headers[name]!) } });

describe("what is sent", () => {
  test("no signature at all, or none that says whose", async () => {
    for (const tamper of [
      without("signature-key", "signature-input", "signature"),
      without("signature-key"),
    ]) {
      expectRefusal(
        await agent.ask(server, wish(), { tamper }),
        401,
        "invalid_request",
        "Agent identity not found.",
      );
    }
  });

  test("half a signature", async () => {
    await refused({ tamper: without("signature") });
    await refused({ tamper: without("signature-input") });
    await refused({ tamper: instead({ signature: "sig1=::" }) });
    await refused({ tamper: instead({ signature: "sig1=:AAAA:" }) });
  });

  test("a stranger's key under the agent's name", () => refused({ signingKey: newPair("x").key }));

  test("a key id that the agent does not publish", () =>
    refused({ scheme: { scheme: "jwks", kid: "other" } }));

  test("another agent's name", () => refused({ scheme: { scheme: "jwks", id: nextResource.id } }));

  test("an agent that cannot be reached", () =>
    refused({ scheme: { scheme: "jwks", id: "http://nobody.localhost:1" } }));

  test("an agent whose metadata is another's", async () => {
    await refused({ scheme: { scheme: "jwks", id: server.origin } });
  });

  test("hwk with a key that is not the signer's", () =>
    refused({
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${nextResource.pair.x}")`,
    }));

  test("hwk with the private part of a key", () =>
    refused({
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}" d="AAAA")`,
    }));
});

describe("when, and what for", () => {
  test("J4: created, as far as 60 seconds away", async () => {
    for (const created of [now() - 58, now() + 58])
      grantedToken(await agent.ask(server, wish(), { created }));
    for (const created of [now() - 63, now() + 63, 0, 1e15]) await refused({ created });
  });

  test("P1: no created", () => refused({ created: null }));

  test("P1: created that is no whole number", async () => {
    await refused({ created: null, parameters: ';created="1730217600"' });
    await refused({ created: null, parameters: `;created=${now()}.5` });
  });

  test("P8: expires in the past", async () => {
    grantedToken(await agent.ask(server, wish(), { parameters: `;expires=${now() + 30}` }));
    await refused({ parameters: `;expires=${now() - 1}` });
  });

  test("P2: nothing covered, or the key alone", async () => {
    await refused({ covered: [] });
    await refused({ covered: ["signature-key"] });
  });

  test.each(COVERED)("J4, P3: %s is not covered", (name) => refused({ without: [name] }));

  test("P3: a query that is not covered; covered, it does no harm", async () => {
    const url = `${server.tokenEndpoint}?x=1`;
    grantedToken(await agent.ask(server, wish(), { url }));
    await refused({ url, without: ["@query"] });
  });

  test("P2: a signature for another method, path or place", async () => {
    await refused({ url: server.revocationEndpoint, tamper: () => ({ url: server.tokenEndpoint }) });
    await refused({ authority: "elsewhere.example" });
    await refused({ tamper: () => ({ url: `${server.tokenEndpoint}?x=1` }) });
  });

  test("P4, J5: another body under the digest of the first, or none", async () => {
    await refused({ tamper: () => ({ body: "request_type=auth&scope=admin" }) });
    await refused({ tamper: () => ({ body: "" }) });
  });

  test("J5: the digest of another body, covered", () =>
    refused({ digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }));

  test("J5: a digest by an algorithm that nobody should use, or none", async () => {
    await refused({ digest: "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:" });
    await refused({ tamper: without("content-digest") });
  });

  test("J6: the authority is the configured one, whatever Host says", async () => {
    const evil = "evil.example";
    await refused({ authority: evil, tamper: instead({ host: evil }) });
    await refused({
      authority: evil,
      tamper: instead({ "x-forwarded-host": evil, forwarded: `host=${evil}` }),
    });
    grantedToken(await agent.ask(server, wish(), { tamper: instead({ host: "inside:1234" }) }));
  });

  test("P10, J20: the same request twice", async () => {
    const form = wish();
    const nonce = "AAECAwQFBgcICQoLDA0ODw";
    grantedToken(await agent.ask(server, form, { nonce }));
    await refused({ nonce }, form);
    // Another agent has its own.
    const resource_token = resource.resourceToken(server, nextResource);
    grantedToken(await nextResource.ask(server, wish({ resource_token }), { nonce }));
  });

  test("J20: a nonce is not used up by somebody else's signature", async () => {
    const nonce = "DwAODQwLCgkIBwYFBAMCAQ";
    await refused({ nonce, signingKey: newPair("x").key });
    grantedToken(await agent.ask(server, wish(), { nonce }));
  });

  test("a nonce that is too short to be one", () => refused({ nonce: "abc" }));
});

describe("how it is written", () => {
  test.each(["sig", "my-sig", "a*b_c.d", "*"])("P5: any label: %s", async (label) => {
    grantedToken(await agent.ask(server, wish(), { label }));
  });

  test("P5: one label in all three headers", async () => {
    for (const name of ["signature-input", "signature"]) {
      await refused({
        tamper: rewritten(name, (value) => value.replace(/^sig1/, "sig2")),
      });
    }
    await refused({ signatureKey: agent.signatureKey({ scheme: "jwks" }, "sig2") });
  });

  const keyValue = agent.signatureKey({ scheme: "jwks" });
  test.each([
    ["two members", `${keyValue}, sig2=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}")`],
    ["one parameter twice", keyValue.replace("kid=", `kid="other" kid=`)],
    ["text behind it", `${keyValue};x=1`],
    ["scheme in quotes", keyValue.replace("scheme=jwks", 'scheme="jwks"')],
    ["scheme not first", `sig1=(kid="${agent.pair.kid}" scheme=jwks id="${agent.id}")`],
    ["an empty value", keyValue.replace(agent.pair.kid, "")],
    ["an unknown scheme", keyValue.replace("scheme=jwks", "scheme=magic")],
    ["no scheme", `sig1=(id="${agent.id}" kid="${agent.pair.kid}")`],
    ["the form of a later draft", `sig1=jwks;id="${agent.id}";kid="${agent.pair.kid}"`],
    ["a value without quotes", keyValue.replace(`"${agent.pair.kid}"`, agent.pair.kid)],
    ["two spaces", keyValue.replace(" kid", "  kid")],
  ])("P6: Signature-Key with %s", (_what, signatureKey) => refused({ signatureKey }));

  test("P6: two members in Signature-Input or Signature", async () => {
    for (const name of ["signature-input", "signature"]) {
      await refused({
        tamper: rewritten(name, (value) => `${value}, ${value.replace("sig1", "sig2")}`),
      });
    }
  });

  test("a component twice, or one that nobody knows", async () => {
    await refused({ covered: ["@method", ...COVERED] });
    await refused({ covered: [...COVERED, "@status"] });
  });

  test("J14: an answer is JSON whatever the request has in it", async () => {
    await refused({
      tamper: rewritten("signature-input", (value) => `si"g,"error":"none=${value}`),
    });
    expectRefusal(
      await agent.ask(server, wish({ request_type: 'x","error":"none\u2028\\' })),
      400,
      "unsupported_grant_type",
      "Unsupported request_type: x',",
    );
  });
});

describe("another way to say who", () => {
  const delegate = newPair("delegate-1");
  const asDelegate = (jwt: string): AskOptions => ({
    scheme: { scheme: "jwt", jwt },
    signingKey: delegate.key,
  });

  test.each([
    ["with a forged signature", agent.agentToken(delegate, {}, newPair("x").key)],
    ["signed by the delegate", agent.agentToken(delegate, {}, delegate.key)],
    ["for another audience", agent.agentToken(delegate, { aud: resource.id })],
    ["that has expired", agent.agentToken(delegate, { exp: now() - 1 })],
    ["that never expires", agent.agentToken(delegate, { exp: undefined })],
    ["without a delegate", agent.agentToken(delegate, { sub: undefined })],
    ["without a key", agent.agentToken(delegate, { cnf: undefined })],
    ["of an agent that cannot be reached", agent.agentToken(delegate, { iss: "http://nobody.localhost:1" })],
  ])("J2: an agent token %s", (_what, jwt) => refused(asDelegate(jwt)));

  test("J2: an agent token that somebody else carries", () =>
    refused({ scheme: { scheme: "jwt", jwt: agent.agentToken(delegate) } }));

  test("an agent token for this auth server is taken", async () => {
    const jwt = agent.agentToken(delegate, { aud: [server.issuer, "http://other.localhost"] });
    const { pair } = agent;
    agent.pair = delegate;
    const resource_token = resource.resourceToken(server, agent);
    const reply = await agent.ask(server, wish({ resource_token }), asDelegate(jwt));
    agent.pair = pair;
    grantedToken(reply);
  });

  test("J3: an auth token identifies nobody outside an exchange", async () => {
    const jwt = String((await agent.ask(server, wish())).body.auth_token);
    await refused({ scheme: { scheme: "jwt", jwt } });
  });

  test("a resource token identifies nobody", () =>
    refused({ scheme: { scheme: "jwt", jwt: resource.resourceToken(server, agent) } }));
});

describe("nothing is fetched for", () => {
  test.each([
    ["J18: a certificate's address", `sig1=(scheme=x509 x5u="${stranger.url}/cert.pem" x5t="AAAA")`],
    ["J19: a key set's address", `sig1=(scheme=jwks jwks="${stranger.url}/jwks.json" kid="k")`],
    [
      "J19: both an id and a key set's address",
      `sig1=(scheme=jwks id="${stranger.url}" jwks="${stranger.url}/j" kid="k")`,
    ],
  ])("%s", async (_what, signatureKey) => {
    await refused({ signatureKey });
    expect(stranger.requests).toEqual([]);
  });

  test("an identity that is no identity", async () => {
    for (const id of [
      `${stranger.url}?x`,
      stranger.url.replace("//", "//user@"),
      `${stranger.url}/`,
      "file:///etc/passwd",
    ]) {
      await refused({ scheme: { scheme: "jwks", id } });
    }
    expect(stranger.requests).toEqual([]);
  });
});

describe("request_type", () => {
  test.each([
    "password",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "AUTH",
    "constructor",
    "__proto__",
  ])("J15: %s is none", async (request_type) => {
    expectRefusal(
      await agent.ask(server, wish({ request_type, username: "mcp-user", password: "user123" })),
      400,
      "unsupported_grant_type",
      `Unsupported request_type: ${request_type}`,
    );
  });

  test("is POSTed", async () => {
    const reply = await fetch(`${server.tokenEndpoint}?request_type=auth`);
    expect([404, 405]).toContain(reply.status);
  });
});
