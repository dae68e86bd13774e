/**
 * The caller is proven before the request is examined (profile 1, 2). P and J number the holes of
 * the published implementations.
 */

import type { AAuthErrorCode } from "aauth";
import { afterAll, describe, expect, test } from "vitest";
import { listen } from "../../support/foreign-agent.ts";
import { type AskOptions, type Form, newPair, now, Party } from "./party.ts";
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

/** One message for every reason; the log has the reasons. */
const NOT_READ = "the documents of a party that the message names could not be read";

/** The check of each code. Codes of tokens belong to the check `token`. */
const CHECKS: Readonly<Partial<Record<AAuthErrorCode, string>>> = {
  missing_signature: "headers",
  malformed_signature_key: "signature-key",
  unsupported_scheme: "signature-key",
  unsupported_key: "signature-key",
  malformed_signature_input: "signature-input",
  malformed_signature: "signature-input",
  label_mismatch: "labels",
  insufficient_coverage: "coverage",
  missing_component: "coverage",
  malformed_nonce: "coverage",
  created_missing: "created",
  created_out_of_window: "created",
  signature_expired: "created",
  discovery_failed: "key",
  unknown_key: "key",
  invalid_signature: "signature",
  nonce_replayed: "replay",
  malformed_digest: "content-digest",
  digest_mismatch: "content-digest",
};

interface Refused extends AskOptions {
  readonly form?: Form;
  /** Default by the code. */
  readonly check?: string | undefined;
}

async function refused(code: AAuthErrorCode, options: Refused): Promise<void> {
  const { form = wish(), check = CHECKS[code], ...asked } = options;
  const description = code === "discovery_failed" ? NOT_READ : "";
  const reply = await agent.ask(server, form, asked);
  expectRefusal(reply, 401, "invalid_signature", { code, check, description });
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

describe("refused fields of a signature", () => {
  test("no signature at all, or one without a key", async () => {
    for (const tamper of [
      without("signature-key", "signature-input", "signature"),
      without("signature-key"),
    ]) {
      expectRefusal(await agent.ask(server, wish(), { tamper }), 401, "invalid_request", {
        code: "missing_signature",
        description: "Agent identity not found.",
      });
    }
  });

  test("half a signature", async () => {
    await refused("missing_signature", { tamper: without("signature") });
    await refused("missing_signature", { tamper: without("signature-input") });
    await refused("malformed_signature", { tamper: instead({ signature: "sig1=::" }) });
    await refused("malformed_signature", { tamper: instead({ signature: "sig1=:AAAA:" }) });
  });

  test("an unknown key under the agent's name", () =>
    refused("invalid_signature", { signingKey: newPair("x").key }));

  test("a key id that the agent does not publish", () =>
    refused("unknown_key", { scheme: { scheme: "jwks", kid: "other" } }));

  test("another agent's name, with a key of this one or of that", async () => {
    const { id, pair } = nextResource;
    await refused("unknown_key", { scheme: { scheme: "jwks", id } });
    await refused("invalid_signature", { scheme: { scheme: "jwks", id, kid: pair.kid } });
  });

  test("an agent that cannot be reached", () =>
    refused("discovery_failed", {
      scheme: { scheme: "jwks", id: "http://nobody.localhost:1" },
    }));

  test("an agent without metadata, or with another's", async () => {
    await refused("discovery_failed", { scheme: { scheme: "jwks", id: server.origin } });
    const impostor = await Party.start("impostor");
    impostor.agentMetadata = { agent: agent.id };
    await refused("discovery_failed", { scheme: { scheme: "jwks", id: impostor.id } });
    await impostor.stop();
  });

  test("hwk with a key that is not the signer's", () =>
    refused("invalid_signature", {
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${nextResource.pair.x}")`,
    }));

  test("hwk with the private part of a key", () =>
    refused("unsupported_key", {
      signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}" d="AAAA")`,
    }));
});

describe("refused time and coverage", () => {
  test("J4: created, further than 60 seconds away", async () => {
    for (const created of [now() - 30, now() + 30])
      grantedToken(await agent.ask(server, wish(), { created }));
    for (const created of [now() - 120, now() + 120, 0]) await refused("created_out_of_window", { created });
    await refused("malformed_signature_input", { created: 1e15 });
  });

  test("P1: no created", () => refused("created_missing", { created: null }));

  test("P1: created that is not a whole number", async () => {
    for (const parameters of [';created="1730217600"', `;created=${now()}.5`])
      await refused("created_missing", { created: null, parameters });
  });

  test("P8: expires in the past", async () => {
    grantedToken(await agent.ask(server, wish(), { parameters: `;expires=${now() + 30}` }));
    await refused("signature_expired", { parameters: `;expires=${now() - 1}` });
  });

  test("P2: no coverage, or only of the key", async () => {
    await refused("insufficient_coverage", { covered: [] });
    await refused("insufficient_coverage", { covered: ["signature-key"] });
  });

  test.each(COVERED)("P2, P3, J4: %s is not covered", (name) =>
    refused("insufficient_coverage", { without: [name] }),
  );

  test("P3: a query that is not covered; covered, it does no harm", async () => {
    const url = `${server.tokenEndpoint}?x=1`;
    grantedToken(await agent.ask(server, wish(), { url }));
    await refused("insufficient_coverage", { url, without: ["@query"] });
  });

  test("P2: a signature for another method, path or authority", async () => {
    await refused("invalid_signature", {
      url: server.revocationEndpoint,
      tamper: () => ({ url: server.tokenEndpoint }),
    });
    await refused("invalid_signature", { authority: "elsewhere.example" });
    await refused("insufficient_coverage", { tamper: () => ({ url: `${server.tokenEndpoint}?x=1` }) });
  });

  test("P4, J5: another body, or no body, under the digest of the first", async () => {
    await refused("digest_mismatch", { tamper: () => ({ body: "request_type=auth&scope=admin" }) });
    await refused("digest_mismatch", { tamper: () => ({ body: "" }) });
  });

  test("J5: the digest of another body, covered", () =>
    refused("digest_mismatch", { digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" }));

  test("J5: a digest by a deprecated algorithm, or no digest", async () => {
    await refused("malformed_digest", {
      digest: "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
    });
    await refused("missing_component", { tamper: without("content-digest") });
  });

  test("J6: the authority is the configured one, whatever Host contains", async () => {
    const evil = "evil.example";
    await refused("invalid_signature", { authority: evil, tamper: instead({ host: evil }) });
    await refused("invalid_signature", {
      authority: evil,
      tamper: instead({ "x-forwarded-host": evil, forwarded: `host=${evil}` }),
    });
    grantedToken(await agent.ask(server, wish(), { tamper: instead({ host: "inside:1234" }) }));
  });

  test("P10, J20: the same request twice", async () => {
    const form = wish();
    const nonce = "AAECAwQFBgcICQoLDA0ODw";
    grantedToken(await agent.ask(server, form, { nonce }));
    await refused("nonce_replayed", { nonce, form });
    // Another agent has separate nonces.
    const resource_token = resource.resourceToken(server, nextResource);
    grantedToken(await nextResource.ask(server, wish({ resource_token }), { nonce }));
  });

  test("J20: a nonce is not used up by another key's signature", async () => {
    const nonce = "DwAODQwLCgkIBwYFBAMCAQ";
    await refused("invalid_signature", { nonce, signingKey: newPair("x").key });
    grantedToken(await agent.ask(server, wish(), { nonce }));
  });

  test("a nonce that is too short", () => refused("malformed_nonce", { nonce: "abc" }));
});

describe("how it is written", () => {
  test.each(["my-sig", "a*b_c.d"])("P5: any label: %s", async (label) => {
    grantedToken(await agent.ask(server, wish(), { label }));
  });

  test("P5: one label in all three headers", async () => {
    for (const name of ["signature-input", "signature"]) {
      await refused("label_mismatch", {
        tamper: rewritten(name, (value) => value.replace(/^sig1/, "sig2")),
      });
    }
    await refused("label_mismatch", {
      signatureKey: agent.signatureKey({ scheme: "jwks" }, "sig2"),
    });
  });

  const keyValue = agent.signatureKey({ scheme: "jwks" });
  test.each<[string, string, AAuthErrorCode]>([
    [
      "two members",
      `${keyValue}, sig2=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.pair.x}")`,
      "malformed_signature_key",
    ],
    ["one parameter twice", keyValue.replace("kid=", `kid="other" kid=`), "malformed_signature_key"],
    ["scheme in quotes", keyValue.replace("scheme=jwks", 'scheme="jwks"'), "malformed_signature_key"],
    ["an unknown scheme", keyValue.replace("scheme=jwks", "scheme=magic"), "unsupported_scheme"],
    ["no scheme", `sig1=(id="${agent.id}" kid="${agent.pair.kid}")`, "malformed_signature_key"],
    [
      "the form of a later draft",
      `sig1=jwks;id="${agent.id}";kid="${agent.pair.kid}"`,
      "malformed_signature_key",
    ],
  ])("P6: Signature-Key with %s", (_what, signatureKey, code) => refused(code, { signatureKey }));

  test("P6: two members in Signature-Input or Signature", async () => {
    const twice = (name: string) => rewritten(name, (value) => `${value}, ${value.replace("sig1", "sig2")}`);
    await refused("malformed_signature_input", { tamper: twice("signature-input") });
    await refused("malformed_signature", { tamper: twice("signature") });
  });

  test("a component twice, or an unknown one", async () => {
    await refused("malformed_signature_input", { covered: ["@method", ...COVERED] });
    await refused("missing_component", { covered: [...COVERED, "@status"] });
  });

  test("J14: an answer is JSON whatever the request has in it", async () => {
    await refused("malformed_signature_input", {
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

describe("other identities and tokens", () => {
  const delegate = newPair("delegate-1");
  const asDelegate = (jwt: string): AskOptions => ({
    scheme: { scheme: "jwt", jwt },
    signingKey: delegate.key,
  });

  test.each<[string, string, AAuthErrorCode]>([
    ["with a forged signature", agent.agentToken(delegate, {}, newPair("x").key), "invalid_token_signature"],
    ["signed by the delegate", agent.agentToken(delegate, {}, delegate.key), "invalid_token_signature"],
    ["for another audience", agent.agentToken(delegate, { aud: resource.id }), "token_audience_mismatch"],
    ["that has expired", agent.agentToken(delegate, { exp: now() - 1 }), "token_expired"],
    ["that never expires", agent.agentToken(delegate, { exp: undefined }), "token_claim_missing"],
    ["without a delegate", agent.agentToken(delegate, { sub: undefined }), "token_claim_missing"],
    ["without a key", agent.agentToken(delegate, { cnf: undefined }), "token_claim_missing"],
    [
      "of an agent that cannot be reached",
      agent.agentToken(delegate, { iss: "http://nobody.localhost:1" }),
      "discovery_failed",
    ],
  ])("J2: an agent token %s", (_what, jwt, code) => refused(code, { ...asDelegate(jwt), check: "token" }));

  test("J2: an agent token of another caller", () =>
    refused("invalid_signature", { scheme: { scheme: "jwt", jwt: agent.agentToken(delegate) } }));

  test("an agent token for this auth server is accepted", async () => {
    const jwt = agent.agentToken(delegate, { aud: [server.issuer, "http://other.localhost"] });
    const { pair } = agent;
    agent.pair = delegate;
    const resource_token = resource.resourceToken(server, agent);
    const reply = await agent.ask(server, wish({ resource_token }), asDelegate(jwt));
    agent.pair = pair;
    grantedToken(reply);
  });

  test("a resource's document is accepted, too, and must be its own (SPEC 10.7)", async () => {
    const both = await Party.start("both");
    const form = "request_type=auth&scope=data.read";
    const ask = (name: string) =>
      both.ask(server, form, {
        signatureKey: `sig1=(scheme=jwks id="${both.id}" kid="${both.pair.kid}" well-known="${name}")`,
      });
    const notRead = { code: "discovery_failed", check: "key", description: NOT_READ } as const;
    both.agentMetadata = { agent: agent.id };
    grantedToken(await ask("aauth-resource"));
    expectRefusal(await ask("aauth-agent"), 401, "invalid_signature", notRead);
    await both.stop();
    const other = await Party.start("other-both");
    other.resourceMetadata = { resource: resource.id };
    const signatureKey = `sig1=(scheme=jwks id="${other.id}" kid="${other.pair.kid}" well-known="aauth-resource")`;
    expectRefusal(await other.ask(server, form, { signatureKey }), 401, "invalid_signature", notRead);
    await other.stop();
  });

  test("J3: an auth token proves no identity outside an exchange", async () => {
    const jwt = String((await agent.ask(server, wish())).body.auth_token);
    await refused("untrusted_issuer", { scheme: { scheme: "jwt", jwt }, check: "token" });
  });

  test("a resource token identifies no agent", () =>
    refused("token_type_mismatch", {
      scheme: { scheme: "jwt", jwt: resource.resourceToken(server, agent) },
      check: "token",
    }));
});

describe("nothing is fetched for", () => {
  test.each<[string, string, AAuthErrorCode, string]>([
    [
      "J18: a certificate's address",
      `sig1=(scheme=x509 x5u="${stranger.url}/cert.pem" x5t="AAAA")`,
      "unsupported_scheme",
      "signature-key",
    ],
    [
      "J19: a key set's address",
      `sig1=(scheme=jwks jwks="${stranger.url}/jwks.json" kid="k")`,
      "unsupported_scheme",
      "key",
    ],
    [
      "J19: a document of the caller's choice",
      `sig1=(scheme=jwks id="${stranger.url}" kid="k" well-known="openid-configuration")`,
      "unsupported_scheme",
      "key",
    ],
    [
      "J19: the document of an auth server",
      `sig1=(scheme=jwks id="${stranger.url}" kid="k" well-known="aauth-issuer")`,
      "unsupported_scheme",
      "key",
    ],
    [
      "J19: both an id and a key set's address",
      `sig1=(scheme=jwks id="${stranger.url}" jwks="${stranger.url}/j" kid="k")`,
      "malformed_signature_key",
      "signature-key",
    ],
  ])("%s", async (_what, signatureKey, code, check) => {
    await refused(code, { signatureKey, check });
    expect(stranger.requests).toEqual([]);
  });

  test("an identity that is not an identifier", async () => {
    for (const id of [
      `${stranger.url}?x`,
      stranger.url.replace("//", "//user@"),
      `${stranger.url}/`,
      "file:///etc/passwd",
    ]) {
      await refused("discovery_failed", { scheme: { scheme: "jwks", id } });
    }
    expect(stranger.requests).toEqual([]);
  });
});

describe("request_type", () => {
  test.each(["password", "urn:ietf:params:oauth:grant-type:token-exchange", "__proto__"])(
    "J15: rejects %s",
    async (request_type) => {
      expectRefusal(
        await agent.ask(server, wish({ request_type, username: "mcp-user", password: "user123" })),
        400,
        "unsupported_grant_type",
        `Unsupported request_type: ${request_type}`,
      );
    },
  );

  test("is only accepted by POST", async () => {
    const reply = await fetch(`${server.tokenEndpoint}?request_type=auth`);
    expect([404, 405]).toContain(reply.status);
  });
});
