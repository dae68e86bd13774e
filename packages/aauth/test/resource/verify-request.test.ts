import { inspect } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { issueAgentToken } from "../../src/february-2026/issue-tokens.ts";
import {
  february2026,
  february2026Published,
  february2026Resource,
} from "../../src/february-2026/profile.ts";
import { parseSignature } from "../../src/http-signatures/signature.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";
import { AUTHORITY, HWK, JWKS, parties, refusal, requestOf, SCOPES, signBadly, URL_ROOT } from "./kit.ts";

const { agent, resource, authServer, clock } = parties;

/**
 * A `Signature` in RFC 8941's padded base64, which verifiers accept and agents of this package do
 * not write.
 */
const padded = (value: string) =>
  value.replace(/:[^:]*:/, `:${Buffer.from(parseSignature(value).bytes).toString("base64")}:`);

beforeEach(() => {
  parties.discovery.requests.length = 0;
});

describe("requests that pass", () => {
  it("scheme hwk: a pseudonymous agent, nothing fetched", async () => {
    const verifier = parties.createVerifier();
    const { caller, report } = await verifier.verifyRequest(
      await requestOf({ signatureKey: { scheme: "hwk" } }),
    );
    expect(caller).toEqual({
      profile: "february-2026",
      level: "pseudonymous",
      scheme: "hwk",
      key: { kty: "OKP", crv: "Ed25519", x: agent.key.publicJwk.x },
      thumbprint: agent.key.thumbprint,
    });
    expect(report).toMatchObject({ profile: "february-2026", bodyBound: true });
    expect(report).toMatchObject({ scheme: "hwk", label: "sig1", keySource: "header", created: clock.now() });
    expect(parties.discovery.requests).toEqual([]);
  });

  it("scheme jwks: an identified agent", async () => {
    const discovery = createTestDiscovery({ agents: { [agent.id]: [agent.key.publicJwk] } });
    const verifier = parties.createVerifier({ discovery });
    const first = await verifier.verifyRequest(await requestOf());
    const second = await verifier.verifyRequest(await requestOf());
    expect(first.caller).toMatchObject({ level: "identified", scheme: "jwks", agent: agent.id });
    expect([first.report.keySource, second.report.keySource]).toEqual(["discovery", "discovery-cache"]);
    expect(discovery.requests).toEqual([`${agent.id}/.well-known/aauth-agent`, `${agent.id}/jwks.json`]);
  });

  it("scheme jwt with an auth token: an authorized agent", async () => {
    const jwt = await parties.issueAuthToken({ subject: "user-1", act: { agent: "http://up.localhost:1" } });
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    const verified = await parties.createVerifier().verifyRequest(request, SCOPES);
    expect(verified.caller).toMatchObject({
      level: "authorized",
      scheme: "jwt",
      agent: agent.id,
      person: { iss: authServer.issuer, sub: "user-1" },
      grant: {
        scopes: ["supply-chain:optimize"],
        act: { agent: "http://up.localhost:1" },
        claims: { aud: resource.id, sub: "user-1" },
      },
      thumbprint: agent.key.thumbprint,
    });
    expect(verified.caller.identityToken).toBeUndefined();
    // Logging, copying or sending the caller does not disclose its token.
    expect(verified.caller.grant?.token).toBe(jwt);
    for (const copy of [JSON.stringify(verified.caller), inspect(verified.caller, { depth: 9 })]) {
      expect(copy).not.toContain(jwt);
    }
    expect({ ...verified.caller.grant }).not.toHaveProperty("token");
    expect(verified.report.signatureBase).toContain(jwt);
    // hole E12, whose row names draft -11's test.
    for (const copy of [JSON.stringify(verified.report), inspect(verified.report)])
      expect(copy).not.toContain(jwt);
    expect(verified.report.checks.map(({ verdict }) => verdict)).toEqual(
      Array(12).fill("passed").with(9, "skipped"),
    );
  });

  it("scheme jwt with an auth token of the resource for itself: the agent is the resource", async () => {
    const jwt = await parties.issueAuthToken({ agent: undefined as never });
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    expect((await parties.createVerifier().verifyRequest(request)).caller).toMatchObject({
      agent: resource.id,
    });
  });

  it("scheme jwt with an agent token: an identified agent with a delegate", async () => {
    const delegate = await generateSigningKey({ kid: "delegate" });
    const jwt = await issueAgentToken({
      key: agent.key,
      agent: agent.id,
      delegate: "worker-1",
      confirmationKey: delegate.publicJwk,
      now: clock.now,
    });
    const request = await requestOf({ key: delegate, signatureKey: { scheme: "jwt", jwt } });
    expect((await parties.createVerifier().verifyRequest(request)).caller).toMatchObject({
      level: "identified",
      scheme: "jwt",
      agent: agent.id,
      delegate: "worker-1",
      thumbprint: delegate.thumbprint,
      identityToken: { sub: "worker-1" },
    });
  });

  it("a POST with a body, in two steps, off the event loop", async () => {
    const verifier = parties.createVerifier({ cryptoMode: "pool" });
    const { body, ...request } = await requestOf({ body: '{"a":1}', url: `${URL_ROOT}path?x=1` });
    const pending = await verifier.begin(request, { level: "identified" });
    expect(Object.keys(pending)).toEqual(["complete"]);
    expect((await pending.complete(body)).caller).toMatchObject({ agent: agent.id });
  });

  it("the published demo's spelling: no well-known, standard base64", async () => {
    const request = await signBadly({ signatureKey: JWKS });
    request.headers.signature = padded(request.headers.signature!);
    expect((await parties.createVerifier().verifyRequest(request)).caller.level).toBe("identified");
  });

  it("requests of the published demo: in its profile, and without a body in the default one", async () => {
    const profile = february2026Published;
    for (const verifier of [parties.createVerifier(), parties.createVerifier({ profile })]) {
      const { caller } = await verifier.verifyRequest(await requestOf({ profile, method: "GET" }));
      expect(caller).toMatchObject({ level: "identified", agent: agent.id });
    }
    const { caller, report } = await parties
      .createVerifier({ profile })
      .verifyRequest(await requestOf({ profile, body: "{}" }));
    expect(caller.profile).toBe("february-2026-published");
    expect(report).toMatchObject({ profile: "february-2026-published", bodyBound: false });
    const strict = parties.createVerifier();
    expect((await refusal(strict, await requestOf({ profile, body: "{}" }))).code).toBe(
      "insufficient_coverage",
    );
  });
});

describe("headers", () => {
  it("P6: the header sent twice", async () => {
    const request = await requestOf();
    const twice = { ...request.headers, "signature-key": [JWKS, JWKS] } as never;
    expect((await refusal(parties.createVerifier(), { ...request, headers: twice })).code).toBe(
      "malformed_signature_key",
    );
  });
});

describe("schemes that are refused without asking anyone", () => {
  it.each([
    ["J18: x509", 'sig1=(scheme=x509 x5u="http://evil.localhost:1/c.pem" x5t="AAAA")'],
    ["J19: jwks by URL", 'sig1=(scheme=jwks jwks="http://evil.localhost:1/jwks.json" kid="k")'],
    ["a document of the caller's choice", `${JWKS.slice(0, -1)} well-known="../../secret")`],
    ["openid-configuration as document", `${JWKS.slice(0, -1)} well-known="openid-configuration")`],
  ])("%s", async (_name, signatureKey) => {
    const request = await signBadly({ signatureKey });
    expect((await refusal(parties.createVerifier(), request)).code).toBe("unsupported_scheme");
    expect(parties.discovery.requests).toEqual([]);
  });

  it("a scheme that is not configured", async () => {
    const verifier = parties.createVerifier({ schemes: ["hwk", "jwt"] });
    expect((await refusal(verifier, await requestOf())).code).toBe("unsupported_scheme");
    expect(parties.discovery.requests).toEqual([]);
  });
});

describe("authority", () => {
  it("J6, G8: a host that is not served is refused, whatever Host contains", async () => {
    const request = await requestOf({ url: "http://evil.localhost:3000/", headers: { host: AUTHORITY } });
    const error = await refusal(parties.createVerifier(), request);
    expect([error.code, error.status]).toEqual(["unknown_authority", 421]);
  });

  it("J6: a signature for another host is refused, even if Host names that host", async () => {
    const request = await requestOf({
      url: "http://evil.localhost:3000/",
      signatureKey: { scheme: "hwk" },
      headers: { host: "evil.localhost:3000" },
    });
    const error = await refusal(parties.createVerifier(), { ...request, authority: AUTHORITY });
    expect(error.code).toBe("invalid_signature");
  });

  it("the first configured authority is used if routing passes none", async () => {
    const { authority: _, ...request } = await requestOf();
    expect((await parties.createVerifier().verifyRequest(request)).caller.level).toBe("identified");
  });
});

describe("coverage", () => {
  const body = new TextEncoder().encode("{}");
  const posted = (headers: Record<string, string>) => ({ method: "POST", body, headers });

  it.each<[string, Partial<Parameters<typeof signBadly>[0]>, string]>([
    ["P3: an uncovered query", { target: "/?x=1" }, "insufficient_coverage"],
    ["P3: an uncovered empty query", { target: "/?" }, "insufficient_coverage"],
    ["an uncovered nonce", { headers: { nonce: "AAAAAAAAAAAAAAAAAAAAAA" } }, "insufficient_coverage"],
    ["P3: an uncovered body with its length", posted({ "content-length": "2" }), "insufficient_coverage"],
    ["P3: an uncovered body in chunks", posted({ "transfer-encoding": "chunked" }), "insufficient_coverage"],
    ["P3: a body that no header announces", posted({}), "digest_missing"],
    [
      "P3: an uncovered digest of a body",
      posted({ "content-digest": "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:" }),
      "insufficient_coverage",
    ],
  ])("refuses %s", async (_name, message, code) => {
    const request = await signBadly({ signatureKey: HWK, ...message });
    expect((await refusal(parties.createVerifier(), request)).code).toBe(code);
  });

  it("an uncovered body passes in the published profile, but a digest that is there is still compared", async () => {
    const verifier = parties.createVerifier({ profile: february2026Published });
    const request = await signBadly({ signatureKey: HWK, ...posted({ "content-length": "2" }) });
    expect((await verifier.verifyRequest(request)).caller.level).toBe("pseudonymous");
    request.headers["content-digest"] = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    expect((await refusal(verifier, request)).code).toBe("digest_mismatch");
  });
});

describe("signed parts cannot be changed", () => {
  it.each(["content-type", "content-digest", "nonce", "signature-key"])("the header %s", async (name) => {
    const request = await requestOf({ body: "{}", signatureKey: { scheme: "hwk" } });
    const other = await requestOf({ body: "[]", signatureKey: { scheme: "hwk" }, key: resource.key });
    request.headers[name] = name === "content-type" ? "text/plain" : (other.headers[name] ?? "");
    expect((await refusal(parties.createVerifier(), request)).code).toBe("invalid_signature");
  });

  it("the covered content-digest may not vanish", async () => {
    const request = await requestOf({ body: "{}" });
    delete request.headers["content-digest"];
    expect((await refusal(parties.createVerifier(), request)).code).toBe("missing_component");
  });
});

describe("freshness", () => {
  it("a clock that is not a number refuses", async () => {
    const verifier = parties.createVerifier({ now: () => Number.NaN });
    expect((await refusal(verifier, await requestOf())).code).toBe("created_out_of_window");
  });

  it.each([
    [-61, "created_out_of_window"],
    [-60, "accepted"],
    [60, "accepted"],
    [61, "created_out_of_window"],
  ])("J4: created %i s from now: %s", async (offset, expected) => {
    const request = await requestOf({ now: () => clock.now() + offset });
    const verifier = parties.createVerifier();
    if (expected === "accepted") await verifier.verifyRequest(request);
    else expect((await refusal(verifier, request)).code).toBe(expected);
  });
});

describe("nonces", () => {
  it("P10: not even at once", async () => {
    const verifier = parties.createVerifier({ cryptoMode: "pool" });
    const request = await requestOf({ body: "{}" });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => verifier.verifyRequest(request)),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("an invalid signature does not spend another's nonce", async () => {
    const verifier = parties.createVerifier();
    const request = await requestOf({ body: "{}" });
    const forged = { ...request, headers: { ...request.headers, signature: `sig1=:${"A".repeat(86)}:` } };
    expect((await refusal(verifier, forged)).code).toBe("invalid_signature");
    await verifier.verifyRequest(request);
  });

  it("a flood of unknown agents locks no caller out, by keys or by an identity", async () => {
    const replayStore = createMemoryClaimStore({ now: clock.now, maxEntries: 40 });
    const agents = { [agent.id]: [agent.key.publicJwk], [resource.id]: [resource.key.publicJwk] };
    const verifier = parties.createVerifier({ replayStore, discovery: createTestDiscovery({ agents }) });
    const hwk = { signatureKey: { scheme: "hwk" } } as const;
    const unknown = { signatureKey: { scheme: "jwks", id: resource.id }, key: resource.key } as const;
    const codes = new Set<string>();
    for (let index = 0; index < 30; index++) {
      const key = await generateSigningKey({ kid: `unknown-${index}` });
      for (const options of [{ ...hwk, key }, unknown]) {
        await verifier
          .verifyRequest(await requestOf({ body: "{}", ...options }))
          .catch(({ code }) => codes.add(code));
      }
    }
    expect([...codes]).toEqual(["replay_memory_full"]);
    const known = await requestOf({ body: "{}" });
    await verifier.verifyRequest(known);
    expect((await refusal(verifier, known)).code).toBe("nonce_replayed");
  });

  it("X13: one host cannot use up the memory by identities with many ports and paths", async () => {
    const greedy = await generateSigningKey({ kid: "greedy-1" });
    const ids = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? `https://greedy.example/${index}` : `https://greedy.example:${20_000 + index}`,
    );
    const agents = {
      ...Object.fromEntries(ids.map((id) => [id, [greedy.publicJwk]])),
      [agent.id]: [agent.key.publicJwk],
    };
    const replayStore = createMemoryClaimStore({ now: clock.now, maxEntries: 40 });
    const verifier = parties.createVerifier({ replayStore, discovery: createTestDiscovery({ agents }) });
    const codes = new Set<string>();
    for (const id of ids) {
      const request = await requestOf({ body: "{}", key: greedy, signatureKey: { scheme: "jwks", id } });
      await verifier.verifyRequest(request).catch(({ code }) => codes.add(code));
    }
    expect([...codes]).toEqual(["replay_memory_full"]);
    for (let index = 0; index < 5; index++) await verifier.verifyRequest(await requestOf({ body: "{}" }));
  });

  it("a caller below the route's level uses up nothing", async () => {
    const used: string[] = [];
    const replayStore = { putIfAbsent: (key: string) => used.push(key) > 0 };
    const verifier = parties.createVerifier({ replayStore });
    const request = await requestOf({ body: "{}", signatureKey: { scheme: "hwk" } });
    expect((await refusal(verifier, request, { level: "identified" })).code).toBe("identity_required");
    expect(used).toEqual([]);
    await verifier.verifyRequest(request, { level: "pseudonymous" });
    expect(used).toHaveLength(1);
  });

  it("without one an unsafe request is valid once, a safe one for the whole window", async () => {
    const verifier = parties.createVerifier();
    const unsafe = await requestOf({ body: "{}", nonce: false });
    await verifier.verifyRequest(unsafe);
    expect((await refusal(verifier, unsafe)).code).toBe("signature_replayed");
    // The same signature in another accepted encoding.
    const headers = { ...unsafe.headers, signature: padded(unsafe.headers.signature!) };
    expect((await refusal(verifier, { ...unsafe, headers })).code).toBe("signature_replayed");
    await verifier.verifyRequest(await requestOf({ body: '{"another":1}', nonce: false }));
    const safe = await requestOf({ method: "GET", nonce: false });
    await verifier.verifyRequest(safe);
    await verifier.verifyRequest(safe);
  });

  it("a signature that does not cover the body is not remembered: others of the same second look the same", async () => {
    const verifier = parties.createVerifier({ profile: february2026Published });
    const components = ["@method", "@authority", "@path", "signature-key"];
    const request = await signBadly({ signatureKey: HWK, method: "POST", components });
    await verifier.verifyRequest(request);
    await verifier.verifyRequest({ ...request, body: new TextEncoder().encode("{}") });
    const covered = await requestOf({ body: "{}", nonce: false });
    await verifier.verifyRequest(covered);
    expect((await refusal(verifier, covered)).code).toBe("signature_replayed");
  });

  it("E10: is demanded on unsafe methods where configured", async () => {
    const verifier = parties.createVerifier({ profile: february2026Resource({ requireNonce: true }) });
    expect((await refusal(verifier, await requestOf({ body: "{}", nonce: false }))).code).toBe(
      "nonce_required",
    );
    await verifier.verifyRequest(await requestOf());
  });
});

describe("signatures and keys", () => {
  it("a key the agent does not publish", async () => {
    const request = await signBadly({ signatureKey: `sig1=(scheme=jwks id="${agent.id}" kid="other")` });
    expect((await refusal(parties.createVerifier(), request)).code).toBe("unknown_key");
  });

  it.each([
    ["G4, D8: an ordinary http host", "http://internal.example"],
    ["G4, D8: a cloud metadata address", "http://169.254.169.254"],
    ["an id that is not canonical", "http://backend.localhost:8000/"],
  ])("%s is not fetched", async (_name, id) => {
    const request = await signBadly({ signatureKey: `sig1=(scheme=jwks id="${id}" kid="k")` });
    expect((await refusal(parties.createVerifier(), request)).code).toBe("discovery_blocked");
    expect(parties.discovery.requests).toEqual([]);
  });

  it.each([[["http://other.localhost:1"]], [() => false]])(
    "an agent that is not trusted is not fetched",
    async (agentProviders) => {
      const verifier = parties.createVerifier({ agentProviders: agentProviders as never });
      expect((await refusal(verifier, await requestOf())).code).toBe("untrusted_agent");
      expect(parties.discovery.requests).toEqual([]);
    },
  );

  it("an agent that is not trusted any more is refused with an auth token that was verified before", async () => {
    const welcome = new Set([agent.id]);
    const verifier = parties.createVerifier({ agentProviders: (id) => welcome.has(id) });
    const jwt = await parties.issueAuthToken();
    const send = async () =>
      verifier.verifyRequest(await requestOf({ signatureKey: { scheme: "jwt", jwt } }));
    expect((await send()).caller.level).toBe("authorized");
    welcome.clear();
    await expect(send()).rejects.toMatchObject({ code: "untrusted_agent", status: 403 });
  });

  it("X12: an auth token of an agent that is not trusted", async () => {
    const verifier = parties.createVerifier({ agentProviders: ["http://other.localhost:1"] });
    const jwt = await parties.issueAuthToken();
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    expect((await refusal(verifier, request)).code).toBe("untrusted_agent");
  });

  it("G7: an issuer's key is not an agent's key, although both have one URL", async () => {
    const both = "http://both.localhost:9000";
    const discovery = createTestDiscovery({
      agents: { [both]: [agent.key.publicJwk] },
      issuers: { [both]: { keys: [authServer.key.publicJwk] } },
    });
    await discovery.key(february2026.documents.kinds.issuer, both, authServer.key.kid);
    const verifier = parties.createVerifier({ discovery });
    const request = await requestOf({ key: authServer.key, signatureKey: { scheme: "jwks", id: both } });
    expect((await refusal(verifier, request)).code).toBe("unknown_key");
  });

  it("rejects an id as a key set", async () => {
    const bare = "http://bare.localhost:1/keys";
    const discovery = createTestDiscovery({ documents: { [bare]: { keys: [agent.key.publicJwk] } } });
    const signatureKey = `sig1=(scheme=jwks id="${bare}" kid="${agent.key.kid}")`;
    for (const profile of [february2026, february2026Published]) {
      const error = await refusal(
        parties.createVerifier({ discovery, profile }),
        await signBadly({ signatureKey }),
      );
      expect(error.code).toBe("discovery_failed");
      expect(discovery.requests).not.toContain(bare);
    }
  });
});

describe("tokens", () => {
  const withToken = async (jwt: string, options = {}) =>
    requestOf({ signatureKey: { scheme: "jwt", jwt }, ...options });

  const agentToken = (change: Partial<Parameters<typeof issueAgentToken>[0]> = {}) =>
    issueAgentToken({
      key: agent.key,
      agent: agent.id,
      delegate: "d",
      confirmationKey: agent.key.publicJwk,
      now: clock.now,
      ...change,
    });

  it("J2, G4: an agent token of an unreachable or unknown server", async () => {
    for (const server of ["http://169.254.169.254", "http://unknown.localhost:1"]) {
      const request = await withToken(await agentToken({ agent: server }));
      expect((await refusal(parties.createVerifier(), request)).code).toMatch(/^discovery_/);
    }
  });

  it("J2: an agent token that its server did not sign", async () => {
    const key = { ...resource.key, kid: agent.key.kid };
    const jwt = await agentToken({ key, confirmationKey: resource.key.publicJwk });
    const request = await withToken(jwt, { key: resource.key });
    expect((await refusal(parties.createVerifier(), request)).code).toBe("invalid_token_signature");
  });

  it("agentProviders applies to agent servers too", async () => {
    const verifier = parties.createVerifier({ agentProviders: ["http://other.localhost:1"] });
    expect((await refusal(verifier, await withToken(await agentToken()))).code).toBe("untrusted_issuer");
    expect(parties.discovery.requests).toEqual([]);
  });

  it("a resource without audience accepts no auth tokens", async () => {
    const verifier = parties.createVerifier({ audience: undefined as never, profile: february2026 });
    const request = await withToken(await parties.issueAuthToken());
    expect((await refusal(verifier, request)).code).toBe("untrusted_issuer");
  });

  describe("that have expired", () => {
    const expired = () => parties.issueAuthToken({ now: () => clock.now() - 300 });

    it("G2, D10: are refused; the caller, being proven, can be challenged", async () => {
      const error = await refusal(parties.createVerifier(), await withToken(await expired()), SCOPES);
      expect(error.code).toBe("token_expired");
      expect(error.provenCaller).toMatchObject({
        profile: "february-2026",
        level: "authorized",
        scheme: "jwt",
        agent: agent.id,
        key: { kty: "OKP", crv: "Ed25519", x: agent.key.publicJwk.x },
        thumbprint: agent.key.thumbprint,
        // A step-up needs the caller's earlier token.
        grant: { scopes: ["supply-chain:optimize"], claims: { exp: clock.now() } },
      });
      expect(error.report?.checks.find(({ verdict }) => verdict === "failed")?.name).toBe("token");
      expect([error.check, error.claim]).toEqual(["token", "exp"]);
    });

    it("are rejected when the request is not signed with their key", async () => {
      const error = await refusal(
        parties.createVerifier(),
        await withToken(await expired(), { key: resource.key }),
      );
      expect([error.code, error.provenCaller]).toEqual(["invalid_signature", undefined]);
    });

    it("are rejected when the body was changed", async () => {
      const request = await withToken(await expired(), { body: "{}" });
      const error = await refusal(parties.createVerifier(), { ...request, body: new Uint8Array(2) });
      expect([error.code, error.provenCaller]).toEqual(["digest_mismatch", undefined]);
    });

    it.each([
      ["another issuer", { issuer: "http://evil.localhost:1" }, "untrusted_issuer"],
      ["another audience", { audience: "http://other.localhost:1" }, "token_audience_mismatch"],
    ])("identify no caller when they have %s", async (_name, change, code) => {
      const jwt = await parties.issueAuthToken({ now: () => clock.now() - 300, ...change });
      const error = await refusal(parties.createVerifier(), await withToken(jwt));
      expect([error.code, error.provenCaller]).toEqual([code, undefined]);
    });
  });
});

describe("requirements", () => {
  it("D5: a token without the scope", async () => {
    const jwt = await parties.issueAuthToken({ scope: "supply-chain:optimize-all other" });
    const request = await requestOf({ signatureKey: { scheme: "jwt", jwt } });
    const error = await refusal(parties.createVerifier(), request, SCOPES);
    expect([error.code, error.status]).toEqual(["insufficient_scope", 403]);
    expect(error.provenCaller).toMatchObject({
      level: "authorized",
      agent: agent.id,
      grant: { scopes: ["supply-chain:optimize-all", "other"] },
    });
    expect([error.claim, error.expected]).toEqual(["scope", "supply-chain:optimize"]);
  });

  it("is not looked at before the body is", async () => {
    const { body: _, ...request } = await requestOf({ body: "{}" });
    const pending = await parties.createVerifier().begin(request, SCOPES);
    await expect(pending.complete(new Uint8Array(2))).rejects.toMatchObject({ code: "digest_mismatch" });
  });
});

describe("a holder of auth tokens that is not their agent (token exchange at the auth server)", () => {
  const withUpstream = async (key = resource.key) =>
    requestOf({ key, signatureKey: { scheme: "jwt", jwt: await parties.issueAuthToken() } });

  it("is identified by any of the keys offered", async () => {
    const decoy = await generateSigningKey({ kid: "decoy" });
    const keys = [decoy.publicJwk, resource.key.publicJwk];
    const tokenHolder = async () => ({ agent: resource.id, keys });
    const verifier = parties.createVerifier({ profile: february2026Resource({ tokenHolder }) });
    const { caller, report } = await verifier.verifyRequest(await withUpstream());
    expect(caller).toMatchObject({ level: "identified", scheme: "jwt", agent: resource.id });
    expect(caller.thumbprint).toBe(resource.key.thumbprint);
    expect(report.thumbprint).toBe(resource.key.thumbprint);
  });

  it("is refused with an unoffered key, without a key, and with one beyond the tenth", async () => {
    const offers = [
      [agent.key.publicJwk],
      [],
      [...Array(10).fill(agent.key.publicJwk), resource.key.publicJwk],
    ];
    for (const keys of offers) {
      const tokenHolder = async () => ({ agent: resource.id, keys });
      const verifier = parties.createVerifier({ profile: february2026Resource({ tokenHolder }) });
      expect((await refusal(verifier, await withUpstream())).code).toMatch(
        /^(invalid_signature|unknown_key)$/,
      );
    }
  });
});

describe("the verifier itself", () => {
  it.each([
    ["no authorities", { authorities: [] }],
    ["issuers without an audience", { audience: undefined }],
  ])("cannot be made with %s", (_name, options) => {
    expect(() => parties.createVerifier(options as never)).toThrow(TypeError);
  });

  it.each([Number.NaN, 3_601, "60"])("cannot be made with a tolerance of %j s", (toleranceSeconds) => {
    expect(() => parties.createVerifier({ toleranceSeconds: toleranceSeconds as number })).toThrow(
      new RangeError("toleranceSeconds must be a number of seconds, 0 to 3600"),
    );
  });

  it.each([
    ["a text for authorities", { authorities: "resource.example" }, "authorities must be an array"],
    [
      "the port of the audience's own scheme",
      { authorities: ["resource.example:443"], audience: "https://resource.example" },
      "authorities must be as canonicalAuthority(url) returns them, not resource.example:443",
    ],
    ["an audience with a trailing slash", { audience: `${resource.id}/` }, "audience must be"],
    ["no scheme at all", { schemes: [] }, "schemes must not be empty"],
    // A string would match each of its substrings.
    ["a text for schemes", { schemes: "jwks" }, "schemes must be an array"],
    ["a text for agents", { agentProviders: agent.id }, "agentProviders must be an array"],
    ["an agent with a trailing slash", { agentProviders: [agent.id, `${agent.id}/`] }, "agentProviders[1]"],
  ])("names the problem of %s", (_name, options, message) => {
    const making = () => parties.createVerifier(options as never);
    expect(making).toThrow(TypeError);
    expect(making).toThrow(message);
  });

  it.each([{ pay: 1 }, '{"pay":1}'])("accepts only bytes as a body: %j", async (body) => {
    // Without an announced length, as over HTTP/2, nothing else would require its digest.
    const judging = parties.createVerifier().verifyRequest({ ...(await requestOf()), body } as never);
    await expect(judging).rejects.toThrow("body must be the received bytes");
  });

  it.each<[string, unknown]>([
    ["requirement.scopes", { level: "authorized", scopes: ["data:read data:write"] }],
    // Any token at all would meet it.
    ["requirement.scopes", { level: "authorized", scopes: [] }],
    ["requirement.level", { level: "authorised" }],
    // A token that names no user would meet it.
    ["requirement.subject", { level: "authorized", scopes: ["data:read"], subject: true }],
  ])("refuses a requirement that cannot be meant: %s of %j", async (message, requirement) => {
    const verifier = parties.createVerifier();
    const jwt = await parties.issueAuthToken({ scope: "data:read" });
    const judging = verifier.verifyRequest(
      await requestOf({ signatureKey: { scheme: "jwt", jwt } }),
      requirement as never,
    );
    const error: Error = await judging.then(String, (reason) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(message);
  });

  it.each([
    ["`audience`", { audience: undefined, profile: february2026 }],
    ["`personServers`, or a profile with an auth server", { profile: february2026 }],
  ])("without %s refuses a requirement that no request can meet: %j", async (name, options) => {
    const verifier = parties.createVerifier(options);
    const request = await requestOf({ method: "GET" });
    for (const judging of [
      verifier.verifyRequest(request, SCOPES),
      verifier.begin(request, SCOPES),
      (async () => verifier.checkRequirement?.(SCOPES))(),
    ]) {
      const error: Error = await judging.then(String, (reason) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(`needs ${name}`);
    }
    await expect(verifier.verifyRequest(request, { level: "identified" })).resolves.toBeDefined();
  });

  it("adds a report to every error", async () => {
    const verifier = parties.createVerifier();
    const request = () =>
      signBadly({ signatureKey: 'sig1=(scheme=jwks id="http://dead.localhost:1" kid="k")' });
    const [one, two] = await Promise.all([
      refusal(verifier, await request()),
      refusal(verifier, await request()),
    ]);
    expect(one.code).toBe("discovery_failed");
    expect(one).not.toBe(two);
    expect(one.report).not.toBe(two.report);
  });

  it("never puts a token or a signature into a message", async () => {
    const jwt = await parties.issueAuthToken({ audience: "http://other.localhost:1" });
    const error = await refusal(
      parties.createVerifier(),
      await requestOf({ signatureKey: { scheme: "jwt", jwt } }),
    );
    expect(error.message).not.toContain(jwt.slice(0, 20));
  });
});
