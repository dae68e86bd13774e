/** Who asks is proven before anything else is looked at (profile 1, 2). P and J number the holes of the published implementations. */

import { afterAll, describe, expect, test } from "vitest";
import { listen } from "../../support/foreign-agent.ts";
import { type AskOptions, newPair, now, Party } from "./party.ts";
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

/** How the description begins; per server where the two say it differently. The status alone would not tell which check it was. */
type Because = string | Readonly<Record<typeof server.kind, string>>;
const NO_MATCH = "the signature does not verify";
const NO_MEMBER = "Signature-Key: does not start with label=(scheme=";
const BAD_PARAMETER = "Signature-Key: a parameter is malformed or empty";
/** Whatever it was: the reasons are in the log. */
const NOT_READ = "the documents of a party that the message names could not be read";
const OTHER_DIGEST = "Content-Digest sha-256 differs from the body received";
const notCovered = (name: string) => `the signature does not cover ${name}`;

async function refused(because: Because, options: AskOptions, form = wish()): Promise<void> {
  const start = typeof because === "string" ? because : because[server.kind];
  expectRefusal(await agent.ask(server, form, options), 401, "invalid_signature", start);
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
    await refused("the request has no signature", { tamper: without("signature") });
    await refused("the request has no signature-input", { tamper: without("signature-input") });
    await refused("Signature is not 64 bytes", { tamper: instead({ signature: "sig1=::" }) });
    await refused("Signature is not 64 bytes", { tamper: instead({ signature: "sig1=:AAAA:" }) });
  });

  test("a stranger's key under the agent's name", () => refused(NO_MATCH, { signingKey: newPair("x").key }));

  test("a key id that the agent does not publish", () =>
    refused("no key with this kid", { scheme: { scheme: "jwks", kid: "other" } }));

  test("another agent's name, with a key of this one or of that", async () => {
    const { id, pair } = nextResource;
    await refused("no key with this kid", { scheme: { scheme: "jwks", id } });
    await refused(NO_MATCH, { scheme: { scheme: "jwks", id, kid: pair.kid } });
  });

  test("an agent that cannot be reached", () =>
    refused(NOT_READ, {
      scheme: { scheme: "jwks", id: "http://nobody.localhost:1" },
    }));

  test("an agent that has no metadata, or another's", async () => {
    await refused(NOT_READ, { scheme: { scheme: "jwks", id: server.origin } });
    const impostor = await Party.start("impostor");
    impostor.agentMetadata = { agent: agent.id };
    await refused(NOT_READ, { scheme: { scheme: "jwks", id: impostor.id } });
    await impostor.stop();
  });

  test("hwk with a key that is not the signer's", () =>
    refused(NO_MATCH, {
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${nextResource.pair.x}")`,
    }));

  test("hwk with the private part of a key", () =>
    refused("Signature-Key carries members of a private or symmetric key", {
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}" d="AAAA")`,
    }));
});

describe("when, and what for", () => {
  test("J4: created, as far as 60 seconds away", async () => {
    for (const created of [now() - 58, now() + 58])
      grantedToken(await agent.ask(server, wish(), { created }));
    for (const created of [now() - 63, now() + 63, 0])
      await refused("created is more than 60 s from now", { created });
    await refused("not a structured field", { created: 1e15 });
  });

  test("P1: no created", () => refused("Signature-Input has no integer created", { created: null }));

  test("P1: created that is no whole number", async () => {
    for (const parameters of [';created="1730217600"', `;created=${now()}.5`])
      await refused("Signature-Input has no integer created", { created: null, parameters });
  });

  test("P8: expires in the past", async () => {
    grantedToken(await agent.ask(server, wish(), { parameters: `;expires=${now() + 30}` }));
    await refused("the signature has expired", { parameters: `;expires=${now() - 1}` });
  });

  test("P2: nothing covered, or the key alone", async () => {
    await refused(notCovered("@method"), { covered: [] });
    await refused(notCovered("@method"), { covered: ["signature-key"] });
  });

  test.each(COVERED)("J4, P3: %s is not covered", (name) => refused(notCovered(name), { without: [name] }));

  test("P3: a query that is not covered; covered, it does no harm", async () => {
    const url = `${server.tokenEndpoint}?x=1`;
    grantedToken(await agent.ask(server, wish(), { url }));
    await refused(notCovered("@query"), { url, without: ["@query"] });
  });

  test("P2: a signature for another method, path or place", async () => {
    await refused(NO_MATCH, {
      url: server.revocationEndpoint,
      tamper: () => ({ url: server.tokenEndpoint }),
    });
    await refused(NO_MATCH, { authority: "elsewhere.example" });
    await refused(notCovered("@query"), { tamper: () => ({ url: `${server.tokenEndpoint}?x=1` }) });
  });

  test("P4, J5: another body under the digest of the first, or none", async () => {
    await refused(OTHER_DIGEST, { tamper: () => ({ body: "request_type=auth&scope=admin" }) });
    await refused(OTHER_DIGEST, { tamper: () => ({ body: "" }) });
  });

  test("J5: the digest of another body, covered", () =>
    refused(OTHER_DIGEST, { digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }));

  test("J5: a digest by an algorithm that nobody should use, or none", async () => {
    await refused("Content-Digest names no supported algorithm", {
      digest: "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
    });
    await refused("the message has no content-digest", { tamper: without("content-digest") });
  });

  test("J6: the authority is the configured one, whatever Host says", async () => {
    const evil = "evil.example";
    await refused(NO_MATCH, { authority: evil, tamper: instead({ host: evil }) });
    await refused(NO_MATCH, {
      authority: evil,
      tamper: instead({ "x-forwarded-host": evil, forwarded: `host=${evil}` }),
    });
    grantedToken(await agent.ask(server, wish(), { tamper: instead({ host: "inside:1234" }) }));
  });

  test("P10, J20: the same request twice", async () => {
    const form = wish();
    const nonce = "AAECAwQFBgcICQoLDA0ODw";
    grantedToken(await agent.ask(server, form, { nonce }));
    await refused("the nonce has been used before", { nonce }, form);
    // Another agent has its own.
    const resource_token = resource.resourceToken(server, nextResource);
    grantedToken(await nextResource.ask(server, wish({ resource_token }), { nonce }));
  });

  test("J20: a nonce is not used up by somebody else's signature", async () => {
    const nonce = "DwAODQwLCgkIBwYFBAMCAQ";
    await refused(NO_MATCH, { nonce, signingKey: newPair("x").key });
    grantedToken(await agent.ask(server, wish(), { nonce }));
  });

  test("a nonce that is too short to be one", () => refused("Nonce is not base64url of", { nonce: "abc" }));
});

describe("how it is written", () => {
  test.each(["sig", "my-sig", "a*b_c.d", "*"])("P5: any label: %s", async (label) => {
    grantedToken(await agent.ask(server, wish(), { label }));
  });

  test("P5: one label in all three headers", async () => {
    for (const name of ["signature-input", "signature"]) {
      await refused("the three signature headers carry different labels", {
        tamper: rewritten(name, (value) => value.replace(/^sig1/, "sig2")),
      });
    }
    await refused("the three signature headers carry different labels", {
      signatureKey: agent.signatureKey({ scheme: "jwks" }, "sig2"),
    });
  });

  const keyValue = agent.signatureKey({ scheme: "jwks" });
  test.each([
    [
      "two members",
      `${keyValue}, sig2=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}")`,
      BAD_PARAMETER,
    ],
    [
      "one parameter twice",
      keyValue.replace("kid=", `kid="other" kid=`),
      "Signature-Key: a parameter appears twice",
    ],
    ["text behind it", `${keyValue};x=1`, BAD_PARAMETER],
    ["scheme in quotes", keyValue.replace("scheme=jwks", 'scheme="jwks"'), NO_MEMBER],
    ["scheme not first", `sig1=(kid="${agent.pair.kid}" scheme=jwks id="${agent.id}")`, NO_MEMBER],
    ["an empty value", keyValue.replace(agent.pair.kid, ""), BAD_PARAMETER],
    [
      "an unknown scheme",
      keyValue.replace("scheme=jwks", "scheme=magic"),
      "the Signature-Key scheme is not hwk, jwks or jwt",
    ],
    ["no scheme", `sig1=(id="${agent.id}" kid="${agent.pair.kid}")`, NO_MEMBER],
    ["the form of a later draft", `sig1=jwks;id="${agent.id}";kid="${agent.pair.kid}"`, NO_MEMBER],
    ["a value without quotes", keyValue.replace(`"${agent.pair.kid}"`, agent.pair.kid), BAD_PARAMETER],
    ["two spaces", keyValue.replace(" kid", "  kid"), BAD_PARAMETER],
  ])("P6: Signature-Key with %s", (_what, signatureKey, because) => refused(because, { signatureKey }));

  test("P6: two members in Signature-Input or Signature", async () => {
    const twice = (name: string) => rewritten(name, (value) => `${value}, ${value.replace("sig1", "sig2")}`);
    await refused("not a structured field", { tamper: twice("signature-input") });
    await refused("Signature is not label=:base64:", { tamper: twice("signature") });
  });

  test("a component twice, or one that nobody knows", async () => {
    await refused("a component is named twice", { covered: ["@method", ...COVERED] });
    await refused("the message has no @status", { covered: [...COVERED, "@status"] });
  });

  test("J14: an answer is JSON whatever the request has in it", async () => {
    const because = { embedded: "Signature-Input is not label=(", keycloak: "not a structured field" };
    await refused(because, {
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
    [
      "with a forged signature",
      agent.agentToken(delegate, {}, newPair("x").key),
      "the token's signature does not verify",
    ],
    [
      "signed by the delegate",
      agent.agentToken(delegate, {}, delegate.key),
      "the token's signature does not verify",
    ],
    [
      "for another audience",
      agent.agentToken(delegate, { aud: resource.id }),
      "the token is meant for someone else",
    ],
    ["that has expired", agent.agentToken(delegate, { exp: now() - 1 }), "the agent token has expired"],
    ["that never expires", agent.agentToken(delegate, { exp: undefined }), "the token has no exp"],
    ["without a delegate", agent.agentToken(delegate, { sub: undefined }), "the token has no sub"],
    ["without a key", agent.agentToken(delegate, { cnf: undefined }), "the token has no cnf"],
    [
      "of an agent that cannot be reached",
      agent.agentToken(delegate, { iss: "http://nobody.localhost:1" }),
      NOT_READ,
    ],
  ])("J2: an agent token %s", (_what, jwt, because) => refused(because, asDelegate(jwt)));

  test("J2: an agent token that somebody else carries", () =>
    refused(NO_MATCH, { scheme: { scheme: "jwt", jwt: agent.agentToken(delegate) } }));

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
    await refused("the token's issuer is not trusted", { scheme: { scheme: "jwt", jwt } });
  });

  test("a resource token identifies nobody", () =>
    refused("the token is neither an auth token nor an agent token", {
      scheme: { scheme: "jwt", jwt: resource.resourceToken(server, agent) },
    }));
});

describe("nothing is fetched for", () => {
  test.each([
    [
      "J18: a certificate's address",
      `sig1=(scheme=x509 x5u="${stranger.url}/cert.pem" x5t="AAAA")`,
      "the Signature-Key scheme is not hwk, jwks or jwt",
    ],
    [
      "J19: a key set's address",
      `sig1=(scheme=jwks jwks="${stranger.url}/jwks.json" kid="k")`,
      "a key set by URL proves no identity",
    ],
    [
      "J19: both an id and a key set's address",
      `sig1=(scheme=jwks id="${stranger.url}" jwks="${stranger.url}/j" kid="k")`,
      "Signature-Key: 'jwks' excludes 'id' and 'well-known'",
    ],
  ])("%s", async (_what, signatureKey, because) => {
    await refused(because, { signatureKey });
    expect(stranger.requests).toEqual([]);
  });

  test("an identity that is no identity", async () => {
    for (const id of [
      `${stranger.url}?x`,
      stranger.url.replace("//", "//user@"),
      `${stranger.url}/`,
      "file:///etc/passwd",
    ]) {
      await refused(NOT_READ, { scheme: { scheme: "jwks", id } });
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
