import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { verifyAuthToken, verifyPersonToken } from "../../src/draft-11/verify-tokens.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { createDirectedSubjects } from "../../src/server/directed-subject.ts";
import { createPersonServer } from "../../src/server/person-server.ts";
import type { AskedRequest, Decision } from "../../src/server/types.ts";
import { signedRequest } from "../../src/testing/signed-request.ts";
import {
  AGENT,
  ALICE,
  AS,
  CAPABILITIES,
  type Caller,
  changed,
  claimsOf,
  codeOf,
  createWorld,
  keys,
  opened,
  PARTS,
  PERSON,
  PROVIDER,
  PS,
  RESOURCE,
  type Read,
  read,
  refused,
  TOKEN,
  type World,
} from "./world.ts";

const INTERACTION = `${PS}/aauth/interaction`;

describe("a person server's document", () => {
  it("names its endpoints, and keys with their algorithm", async () => {
    const { ps } = createWorld({ ps: { metadata: { name: "Home", scopes_supported: ["email"] } } });
    const get = async (target: string) =>
      read((await ps.handle({ method: "GET", target, headers: {}, body: undefined }))!);
    expect((await get("/.well-known/aauth-person.json")).body).toEqual({
      issuer: PS,
      jwks_uri: `${PS}/jwks.json`,
      person_token_endpoint: PERSON,
      auth_token_endpoint: TOKEN,
      interaction_endpoint: INTERACTION,
      revocation_endpoint: `${PS}/aauth/revoke`,
      name: "Home",
      scopes_supported: ["email"],
    });
    expect((await get("/jwks.json")).body.keys).toMatchObject([{ kid: "ps-1", alg: "Ed25519" }]);
  });

  it("is served at no other path, and with no other method", async () => {
    const { ps } = createWorld();
    const ask = (method: string, target: string) =>
      ps.handle({ method, target, headers: {}, body: undefined });
    for (const target of ["/", "/aauth", "/aauth/pending/", "/aauth/token/", "/interaction"]) {
      expect(await ask("GET", target)).toBeUndefined();
    }
    expect(await ask("GET", "/aauth/token")).toMatchObject({ status: 405, headers: { allow: "POST" } });
    expect(await ask("POST", "/jwks.json")).toMatchObject({ status: 405, headers: { allow: "GET" } });
  });

  it("cannot be made of a malformed identifier, secret or document", () => {
    const { discovery } = createWorld();
    const subjectSecret = new Uint8Array(32);
    const good = { issuer: PS, key: keys.ps, discovery, subjectSecret };
    expect(() => createPersonServer({ ...good, issuer: `${PS}/` })).toThrow(TypeError);
    expect(() => createPersonServer({ ...good, subjectSecret: new Uint8Array(31) })).toThrow(TypeError);
    expect(() =>
      createPersonServer({ ...good, metadata: { mission_control_endpoint: "http://ps.example/m" } }),
    ).toThrow(TypeError);
  });
});

describe("a person token", () => {
  it("is issued once the person consents, and again without asking", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const asked = await world.send(agent, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES });
    expect(asked).toMatchObject({ status: 202, body: { status: "pending" } });
    expect(asked.headers).toMatchObject({ "retry-after": "1", "cache-control": "no-store" });
    expect(asked.headers.location).toMatch(/^https:\/\/ps\.example\/aauth\/pending\/[\w-]{32}$/);
    expect(asked.headers["aauth-requirement"]).toMatch(
      /^requirement=interaction; url="https:\/\/ps\.example\/interaction"; code="[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}"$/,
    );
    await world.approve(asked);
    const answer = await world.later(agent, asked);
    expect(answer).toMatchObject({ status: 200, body: { expires_in: 3599 } });
    const { clock, discovery } = world;
    const { claims, key } = await verifyPersonToken(answer.body.person_token, {
      audience: RESOURCE,
      trustedIssuers: [PS],
      discovery,
      now: clock.now,
    });
    expect(key.thumbprint).toBe(keys.agent.thumbprint);
    expect(Object.keys(claims).sort()).toEqual(["aud", "cnf", "dwk", "exp", "iat", "iss", "jti", "sub"]);
    expect(await world.poll(agent, asked)).toMatchObject({ status: 410 });
    expect(await world.send(agent, "POST", PERSON, { resource: RESOURCE })).toMatchObject({ status: 200 });
    // Another resource needs a separate consent.
    expect(
      await world.send(agent, "POST", PERSON, { resource: PARTS, capabilities: CAPABILITIES }),
    ).toMatchObject({
      status: 202,
    });
  });

  it("T18: names the person by one name at a resource, whatever agent or key asks, and by another elsewhere", async () => {
    const world = createWorld();
    const first = claimsOf(await world.personToken(await world.agent()));
    const other = await world.agent({ agent: "aauth:other@agent.example", signs: keys.other });
    const second = claimsOf(await world.personToken(other));
    expect(second.sub).toBe(first.sub);
    expect(second.cnf.jwk).not.toEqual(first.cnf.jwk);
    expect(claimsOf(await world.personToken(other, { resource: PARTS })).sub).not.toBe(first.sub);
    expect(first.sub).not.toContain(ALICE);
  });

  it("names no two pairs of person and resource the same", async () => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const subjectOf = createDirectedSubjects(secret);
    const pair = fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }));
    const property = fc.asyncProperty(pair, pair, async (a, b) => {
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      expect((await subjectOf(...a)) === (await subjectOf(...b))).toBe(isSame);
      expect(await createDirectedSubjects(secret)(...a)).toBe(await subjectOf(...a));
    });
    await fc.assert(property);
  });

  it("ends with the agent token, and after an hour at the latest", async () => {
    const world = createWorld();
    const short = await world.agent({ lifetimeSeconds: 600 });
    const { exp, iat } = claimsOf(await world.personToken(short));
    expect(exp).toBe(iat + 599);
    const long = await world.agent({ lifetimeSeconds: 86_400 });
    const token = claimsOf(await world.personToken(long));
    expect(token.exp - token.iat).toBe(3_600);
  });

  it("contains the tenant that the policy or the person names", async () => {
    const world = createWorld({
      ps: { personOf: () => ALICE, decide: () => ({ type: "grant", tenant: "acme" }) },
    });
    const agent = await world.agent();
    const presented_token = await world.personToken(agent);
    expect(claimsOf(presented_token).tenant).toBe("acme");
    const resource_token = await world.resourceToken(presented_token);
    const { body } = await world.send(agent, "POST", TOKEN, { resource_token, presented_token });
    expect(claimsOf(body.auth_token).tenant).toBe("acme");
  });
});

describe("whom an agent belongs to", () => {
  it("T19: is the first person that authorizes it, and remains so (N46)", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const ask = () => world.send(agent, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES });
    const [first, second] = [await ask(), await ask()];
    await world.approve(first);
    await expect(world.approve(second, { person: "bob" })).rejects.toThrow("other_person");
    const third = await world.send(agent, "POST", PERSON, { resource: PARTS, capabilities: CAPABILITIES });
    const [waiting] = (await world.ps.waiting(ALICE)).filter(({ request }) => request.resource === PARTS);
    for (const refuse of [world.ps.deny, world.ps.approve]) {
      expect(await refuse(waiting!.reference, { person: "bob", version: 0 })).toBe("other_person");
    }
    await world.approve(third);
    expect(await world.ps.issuedTokens("bob")).toEqual([]);
  });

  it("is known from the deployment's function", async () => {
    const seen: unknown[] = [];
    const decide = ({ person }: AskedRequest): Decision => {
      seen.push(person);
      return { type: "grant" };
    };
    const world = createWorld({ ps: { personOf: ({ sub }) => (sub === AGENT ? ALICE : undefined), decide } });
    expect(claimsOf(await world.personToken(await world.agent())).iss).toBe(PS);
    expect(seen).toEqual([ALICE]);
    // A policy that grants without a person is an error and issues no token.
    const other = await world.agent({ agent: "aauth:other@agent.example" });
    const answer = await world.send(other, "POST", PERSON, { resource: RESOURCE });
    expect(answer).toMatchObject(refused(500, "server_error"));
    expect(world.logged).toHaveLength(1);
  });

  it("T22: consents only to what the person sees", async () => {
    const seen: AskedRequest[] = [];
    const decide = (request: AskedRequest): Decision => {
      seen.push(request);
      return { type: request.consented ? "grant" : "interaction" };
    };
    const world = createWorld({ ps: { decide } });
    const agent = await world.agent();
    await world.authToken(agent, { scope: "a b", account: "one" });
    const body = async (over: object) => ({ ...(await world.pair(agent, over)), capabilities: CAPABILITIES });
    const again = async (over: object) => (await world.send(agent, "POST", TOKEN, await body(over))).status;
    expect(await again({ scope: "b", account: "one" })).toBe(200);
    expect(await again({ scope: "a c", account: "one" })).toBe(202);
    expect(await again({ scope: "a", account: "two" })).toBe(202);
    expect(await again({ scope: "a" })).toBe(202);
    const other = await world.agent({ agent: "aauth:other@agent.example" });
    expect(
      (await world.send(other, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES })).status,
    ).toBe(202);
  });
});

describe("the request as shown to the person", () => {
  it("separates the resource's statements from the agent's", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const pair = await world.pair(agent, { scope: "data.read", loginHint: "dana" });
    const pending = await world.send(agent, "POST", TOKEN, {
      ...pair,
      capabilities: CAPABILITIES,
      justification: "**Trust me**",
      platform: "web",
      device: "Chrome on macOS",
      login_hint: "dana",
      prompt: "consent",
      unknown: "ignored",
    });
    const [waiting] = await world.ps.waiting(ALICE);
    expect(waiting).toMatchObject({ status: "pending" });
    expect(waiting!.request).toEqual({
      kind: "auth-token",
      agent: { iss: PROVIDER, sub: AGENT },
      person: ALICE,
      resource: RESOURCE,
      scopes: ["data.read"],
      consented: false,
      capabilities: CAPABILITIES,
      fromResource: {
        name: "The resource.example",
        scopeDescriptions: { "data.read": "Read your data" },
        loginHint: "dana",
      },
      fromAgent: {
        justification: "**Trust me**",
        platform: "web",
        device: "Chrome on macOS",
        loginHint: "dana",
        prompt: "consent",
        answers: [],
      },
    });
    expect(await world.ps.engage(waiting!.reference)).toBe("done");
    expect((await world.later(agent, pending)).body).toEqual({ status: "interacting" });
    expect(await world.ps.deny(waiting!.reference, { person: ALICE })).toBe("done");
    expect(await world.ps.waiting(ALICE)).toEqual([]);
    expect(await world.ps.find(waiting!.reference)).toBeUndefined();
    expect(await world.ps.approve(waiting!.reference, { person: ALICE, version: 0 })).toBe("gone");
    expect(await world.later(agent, pending)).toMatchObject(refused(403, "denied"));
  });

  it("is denied after its approval, before the poll, and its consent ends", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const body = { resource: RESOURCE, capabilities: CAPABILITIES };
    const pending = await world.send(agent, "POST", PERSON, body);
    const { reference, version } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    expect(await world.ps.approve(reference, { person: ALICE, version })).toBe("done");
    expect(await world.ps.deny(reference, { person: "mallory" })).toBe("other_person");
    expect(await world.ps.deny(reference, { person: ALICE })).toBe("done");
    expect(await world.later(agent, pending)).toMatchObject(refused(403, "denied"));
    expect((await world.send(agent, "POST", PERSON, body)).status).toBe(202);
  });

  it("has a resource without a name if it publishes none", async () => {
    const world = createWorld();
    const answer = await world.send(await world.agent(), "POST", PERSON, {
      resource: "https://silent.example",
      capabilities: CAPABILITIES,
    });
    const { request } = opened(await world.ps.open(codeOf(answer.headers), "b"));
    expect(request).toMatchObject({ resource: "https://silent.example", fromResource: {} });
  });
});

describe("an auth token", () => {
  it("T22: is the person server's own, with the scopes that are agreed to", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const pair = await world.pair(agent, { scope: "data.read data.write", account: "acme" });
    const asked = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
    await world.approve(asked, { scopes: ["data.read", "admin"] });
    const { body } = await world.later(agent, asked);
    const { clock, discovery } = world;
    const { claims, key } = await verifyAuthToken(body.auth_token, {
      audience: RESOURCE,
      trustedIssuers: [PS],
      discovery,
      now: clock.now,
    });
    const presented = claimsOf(pair.presented_token);
    expect(claims).toMatchObject({ iss: PS, ps: PS, aud: RESOURCE, scope: "data.read", account: "acme" });
    expect(claims).toMatchObject({ sub: presented.sub, exp: presented.exp });
    // The person is asked again for scopes that they did not grant.
    const again = {
      ...(await world.pair(agent, { scope: "data.write", account: "acme" })),
      capabilities: CAPABILITIES,
    };
    expect((await world.send(agent, "POST", TOKEN, again)).status).toBe(202);
    for (const name of ["agent", "act", "mission_s256"]) expect(claims).not.toHaveProperty(name);
    expect(key.thumbprint).toBe(keys.agent.thumbprint);
    expect(await world.ps.issuedTokens(ALICE)).toMatchObject([
      { type: "person-token", agent: { iss: PROVIDER, sub: AGENT }, isRevoked: false },
      { type: "auth-token", jti: claims.jti, scopes: ["data.read"], account: "acme" },
      { type: "person-token" },
    ]);
  });

  it("T15: has claims of the person from the policy, and never the protocol's", async () => {
    let claims: Record<string, unknown> = { email: "a@example" };
    const decide = (): Decision => ({ type: "grant", scopes: ["data.read", "admin"], claims });
    const world = createWorld({ ps: { personOf: () => ALICE, decide } });
    const agent = await world.agent();
    const token = claimsOf(await world.authToken(agent));
    expect(token).toMatchObject({ email: "a@example", scope: "data.read" });
    claims = { sub: "somebody" };
    const answer = await world.send(agent, "POST", TOKEN, await world.pair(agent));
    expect(answer).toMatchObject(refused(500, "server_error"));
  });

  it("is widened by a request that presents it: a step-up expires with its source", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const first = await world.authToken(agent, { scope: "data.read" });
    world.clock.advance(600);
    const resource_token = await world.resourceToken(first, { scope: "data.read data.write" });
    const body = { resource_token, presented_token: first, capabilities: CAPABILITIES };
    const asked = await world.send(agent, "POST", TOKEN, body);
    await world.approve(asked);
    const second = claimsOf((await world.later(agent, asked)).body.auth_token);
    expect(second).toMatchObject({ scope: "data.read data.write", exp: claimsOf(first).exp });
  });

  it("T15: never outlives its source, nor contains more", async () => {
    const lives = fc.record({
      agent: fc.integer({ min: 700, max: 86_400 }),
      waited: fc.integer({ min: 0, max: 250 }),
      asked: fc.subarray(["a", "b", "c"], { minLength: 1 }),
      granted: fc.subarray(["a", "b", "c", "d"]),
    });
    const property = fc.asyncProperty(lives, async ({ agent: lifetimeSeconds, waited, asked, granted }) => {
      const decide = (): Decision => ({ type: "grant", scopes: granted });
      const world = createWorld({ ps: { personOf: () => ALICE, decide } });
      const agent = await world.agent({ lifetimeSeconds });
      world.clock.advance(waited);
      const pair = await world.pair(agent, { scope: asked.join(" ") });
      world.clock.advance(waited);
      const { body } = await world.send(agent, "POST", TOKEN, pair);
      const token = claimsOf(body.auth_token);
      const [presented, own] = [pair.presented_token, (agent.credential as { jwt: string }).jwt].map(
        claimsOf,
      );
      expect(token.exp).toBeLessThanOrEqual(Math.min(presented!.exp, own!.exp, token.iat + 3_600));
      expect(body.expires_in).toBe(token.exp - token.iat);
      expect(asked).toEqual(expect.arrayContaining((token.scope ?? "").split(" ").filter(Boolean)));
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

describe("token requests that are refused", () => {
  async function prepared(options: Parameters<typeof createWorld>[0] = {}) {
    const decide = (): Decision => ({ type: "grant" });
    const world = createWorld({ ...options, ps: { personOf: () => ALICE, decide, ...options.ps } });
    const agent = await world.agent();
    const pair = await world.pair(agent);
    const ask = (over: object = {}, who: Caller = agent) =>
      world.send(who, "POST", TOKEN, { ...pair, ...over });
    return { world, agent, pair, ask };
  }

  it("need both tokens, a JSON object, and texts where texts belong (N3)", async () => {
    const { world, agent, ask } = await prepared();
    const invalid = refused(400, "invalid_request");
    for (const over of [
      { presented_token: undefined },
      { resource_token: undefined },
      { presented_token: 7 },
      { resource_token: "x".repeat(16_385) },
      { upstream_token: "" },
      { subagent_token: {} },
      { justification: 7 },
      { justification: "x".repeat(4_001) },
      { device: "x".repeat(65) },
      { device: "a\u0007b" },
      { capabilities: "interaction" },
      { capabilities: [1] },
    ]) {
      expect(await ask(over), JSON.stringify(over).slice(0, 60)).toMatchObject(invalid);
    }
    for (const resource of [
      undefined,
      7,
      `${RESOURCE}/`,
      "http://resource.example",
      "https://resource.example:8443",
    ]) {
      expect(await world.send(agent, "POST", PERSON, { resource })).toMatchObject(invalid);
    }
    for (const [body, type] of [
      ["{", "application/json"],
      ["[]", "application/json"],
      ['{"resource":"https://resource.example"}', "text/plain"],
      ['{"resource":"https://resource.example"}', "application/jsonp"],
    ] as const) {
      const { key, credential: signatureKey } = agent;
      const own = { key, signatureKey, profile: draft11, endpoint: "token", now: world.clock.now } as const;
      const request = await signedRequest({
        ...own,
        method: "POST",
        url: PERSON,
        body,
        headers: { "content-type": type },
      });
      expect(read((await world.ps.handle(request))!)).toMatchObject(invalid);
    }
    const big = await world.request(agent, "POST", PERSON, { resource: RESOURCE, x: "x".repeat(65_536) });
    expect(await world.ps.handle(big)).toMatchObject({ status: 413 });
  });

  it("T9: show the token that the resource token was issued for (N4)", async () => {
    const { world, agent, ask } = await prepared();
    const other = await world.personToken(agent);
    expect(await ask({ presented_token: other })).toMatchObject(refused(400, "invalid_resource_token"));
    // Another party has exchanged one of them.
    expect(world.logged).toMatchObject([{ code: "presented_token_mismatch" }]);
  });

  it("T9: have a resource token that does not match the presented token (N5)", async () => {
    const { world, pair, ask } = await prepared();
    for (const claims of [
      { sub: "other" },
      { ps: AS },
      { tenant: "acme" },
      { mission_s256: "m" },
      { sub: undefined },
    ]) {
      const resource_token = await changed(pair.resource_token, keys.resource, claims);
      expect(await ask({ resource_token }), JSON.stringify(claims)).toMatchObject(
        refused(400, "invalid_resource_token"),
      );
    }
    const decide = (): Decision => ({ type: "grant", tenant: "acme" });
    const withTenant = await prepared({ ps: { decide } });
    const dropped = await changed(withTenant.pair.resource_token, keys.resource, { tenant: undefined });
    expect(await withTenant.ask({ resource_token: dropped })).toMatchObject(
      refused(400, "invalid_resource_token"),
    );
    expect(await world.ps.issuedTokens(ALICE)).toHaveLength(1);
  });

  it("T7: have a resource token for another key or server, or of another resource than its signer (N6)", async () => {
    const { world, agent, pair, ask } = await prepared();
    const invalid = refused(400, "invalid_resource_token");
    const { presented_token } = pair;
    const other = { thumbprint: keys.other.thumbprint };
    expect(await ask({ resource_token: await world.resourceToken(presented_token, other) })).toMatchObject(
      invalid,
    );
    const fetched = world.fetched.length;
    for (const accessServer of ["https://stranger.example", RESOURCE]) {
      const resource_token = await world.resourceToken(presented_token, { accessServer });
      expect(await ask({ resource_token })).toMatchObject(invalid);
    }
    expect(await ask({ resource_token: "no.to.ken" })).toMatchObject(invalid);
    expect(await ask({ resource_token: presented_token })).toMatchObject(invalid);
    expect(world.fetched).toHaveLength(fetched);
    expect(await ask({ resource_token: await changed(pair.resource_token, keys.other, {}) })).toMatchObject(
      invalid,
    );
    // The agent token is not a resource token.
    expect(await ask({ resource_token: (agent.credential as { jwt: string }).jwt })).toMatchObject(invalid);
  });

  it("T10: show a person or auth token of this person, resource and key (N7)", async () => {
    const { world, agent, pair, ask } = await prepared();
    const invalid = refused(400, "invalid_presented_token");
    const jwt = (agent.credential as { jwt: string }).jwt;
    const { jti: presented_jti } = claimsOf(pair.presented_token);
    for (const presented_token of [jwt, pair.resource_token, "x.y.z"]) {
      expect(await ask({ presented_token })).toMatchObject(invalid);
    }
    // For another resource.
    const elsewhere = await world.personToken(agent, { resource: PARTS });
    expect(await ask({ presented_token: elsewhere })).toMatchObject(invalid);
    // For another key.
    const cnf = { jwk: { ...keys.other.publicJwk, alg: "Ed25519" } };
    expect(
      await ask({ presented_token: await changed(pair.presented_token, keys.ps, { cnf }) }),
    ).toMatchObject(invalid);
    // A token of another server, and one that this server has signed but never issued.
    const iss = { iss: "https://other.example" };
    expect(await ask({ presented_token: await changed(pair.presented_token, keys.ps, iss) })).toMatchObject(
      invalid,
    );
    expect(world.fetched.filter((url) => url.startsWith(iss.iss))).toEqual([]);
    const presented_token = await changed(pair.presented_token, keys.ps, { jti: "unknown" });
    const resource_token = await changed(pair.resource_token, keys.resource, { presented_jti: "unknown" });
    expect(await ask({ presented_token, resource_token })).toMatchObject(invalid);
    expect(presented_jti).not.toBe("unknown");
    // The token of another agent that has the same key.
    const twin = await world.agent({ agent: "aauth:twin@agent.example" });
    expect(await ask({}, twin)).toMatchObject(invalid);
    // The token of a person with another identifier at the resource.
    const sub = { sub: "somebody" };
    const forged = await changed(pair.presented_token, keys.ps, sub);
    const also = await changed(pair.resource_token, keys.resource, sub);
    expect(await ask({ presented_token: forged, resource_token: also })).toMatchObject(invalid);
  });

  it("come with an expired or early token (N8)", async () => {
    const { world, pair, ask } = await prepared();
    world.clock.advance(301);
    expect(await ask()).toMatchObject(refused(400, "expired_resource_token"));
    world.clock.advance(3_300);
    const agent = await world.agent();
    const resource_token = await world.resourceToken(pair.presented_token);
    expect(await ask({ resource_token }, agent)).toMatchObject(refused(400, "expired_presented_token"));
    const early = await changed(resource_token, keys.resource, { iat: world.clock.now() + 120 });
    expect(await ask({ resource_token: early }, agent)).toMatchObject(refused(400, "clock_skew"));
  });

  it("name too many resources, or exceed the limit on pending requests", async () => {
    const world = createWorld({ ps: { decide: () => ({ type: "approval" }), personOf: () => ALICE } });
    const agent = await world.agent();
    const statuses: number[] = [];
    for (let index = 0; index < 52; index++) {
      const answer = await world.send(agent, "POST", PERSON, { resource: `https://r${index}.example` });
      statuses.push(answer.status);
    }
    expect(statuses.indexOf(429)).toBe(50);
    // Other agents of the same provider share the limit on pending requests.
    let refusedAt: Read | undefined;
    for (let index = 0; index < 1_000 && refusedAt === undefined; index++) {
      const agent = await world.agent({ agent: `aauth:a${index}@agent.example` });
      const answer = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
      if (answer.status !== 202) refusedAt = answer;
    }
    expect(refusedAt).toMatchObject({
      status: 429,
      body: { error: "slow_down" },
      headers: { "retry-after": "5" },
    });
  });

  it("T27: of one agent leave room for others of its provider", async () => {
    const world = createWorld({ ps: { decide: () => ({ type: "approval" }), personOf: ({ sub }) => sub } });
    const ask = async (agent: string) =>
      (await world.send(await world.agent({ agent }), "POST", PERSON, { resource: RESOURCE })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 101; index++) statuses.push(await ask("aauth:eve@agent.example"));
    expect(statuses.indexOf(429)).toBe(100);
    expect(await ask("aauth:bob@agent.example")).toBe(202);
  });

  it("are answered without saying how the server fails", async () => {
    const decide = () => {
      throw new Error("the database at 10.0.0.7 is down");
    };
    const world = createWorld({ ps: { personOf: () => ALICE, decide } });
    const answer = await world.send(await world.agent(), "POST", PERSON, { resource: RESOURCE });
    expect(answer).toMatchObject(refused(500, "server_error"));
    expect(JSON.stringify(answer)).not.toMatch(/10\.0\.0\.7|at .*\.ts/);
    expect(world.logged).toMatchObject([{ message: "the database at 10.0.0.7 is down" }]);
  });

  it("end at once if the policy denies, or the person cannot be reached", async () => {
    let decision: Decision = { type: "deny", detail: "not this one" };
    const world = createWorld({ ps: { personOf: () => ALICE, decide: () => decision } });
    const agent = await world.agent();
    const ask = (capabilities?: string[]) =>
      world.send(agent, "POST", PERSON, { resource: RESOURCE, capabilities });
    expect(await ask()).toMatchObject({ status: 403, body: { error: "denied", detail: "not this one" } });
    decision = { type: "unreachable" };
    expect(await ask(CAPABILITIES)).toMatchObject(refused(403, "user_unreachable"));
    decision = { type: "interaction" };
    expect(await ask()).toMatchObject(refused(403, "user_unreachable"));
    decision = { type: "clarification", question: "Why?" };
    expect(await ask()).toMatchObject(refused(403, "denied"));
    decision = { type: "claims", names: ["email"] };
    expect(await ask()).toMatchObject(refused(500, "server_error"));
    expect(await world.ps.waiting(ALICE)).toEqual([]);
  });
});

describe("messages that are refused", () => {
  async function asked(world: World, agent: Caller, profile = draft11) {
    const { key, credential: signatureKey } = agent;
    const own = { key, signatureKey, profile, endpoint: "token", now: world.clock.now } as const;
    return signedRequest({
      ...own,
      method: "POST",
      url: PERSON,
      body: JSON.stringify({ resource: RESOURCE }),
    });
  }
  const answered = async (world: World, request: Parameters<World["ps"]["handle"]>[0]) =>
    read((await world.ps.handle(request))!);

  it("T1: have another body, an old or early signature, another key, another host, or are replayed (N9, N11, N12)", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const error = async (request: Parameters<World["ps"]["handle"]>[0]) =>
      (await answered(world, request)).headers["signature-error"];
    const good = await asked(world, agent);
    const body = new TextEncoder().encode(JSON.stringify({ resource: PARTS }));
    expect(await error({ ...good, body: body.slice() })).toBe("error=invalid_input");
    expect(await error({ ...good, headers: {} })).toBe("error=invalid_signature");
    // A second later, so that neither of the next two is refused as a replay.
    world.clock.advance(1);
    const stolen = { ...agent, key: keys.other };
    expect(await error(await asked(world, stolen))).toBe("error=invalid_signature");
    world.clock.advance(1);
    const elsewhere = await world.request(agent, "POST", `${AS}/aauth/person`, { resource: RESOURCE });
    expect(await error({ ...elsewhere, headers: { ...elsewhere.headers, host: "ps.example" } })).toBe(
      "error=invalid_signature",
    );
    world.clock.advance(1);
    const once = await asked(world, agent);
    expect((await answered(world, once)).status).not.toBe(401);
    expect(await error(once)).toBe("error=invalid_signature");
    world.clock.advance(1);
    const early = await asked(world, agent);
    world.clock.advance(-61);
    expect(await error(early)).toBe("error=clock_skew");
    world.clock.advance(122);
    expect(await error(early)).toBe("error=invalid_signature");
  });

  it("T3: are signed with the wrong thing (N13, N14, N34, N47)", async () => {
    const world = createWorld();
    const error = async (caller: Caller) => {
      const { status, headers } = await answered(world, await asked(world, caller));
      return [status, headers["signature-error"]];
    };
    const { headers } = await answered(world, await asked(world, world.server(RESOURCE)));
    expect(headers).toMatchObject({
      "signature-error": "error=unsupported_scheme",
      "accept-signature-scheme": "jwt",
    });
    const agent = await world.agent();
    const jwt = await world.personToken(agent);
    expect(await error({ ...agent, credential: { scheme: "jwt", jwt } })).toEqual([401, "error=invalid_jwt"]);
    const old = await world.agent({ lifetimeSeconds: 10 });
    world.clock.advance(11);
    expect(await error(old)).toEqual([401, "error=expired_jwt"]);
    const sub = await world.agent({ agent: "aauth:planner+s@agent.example", parentAgent: AGENT });
    expect(await answered(world, await asked(world, sub))).toMatchObject(refused(400, "invalid_request"));
    const february = await signedRequest({
      profile: february2026,
      key: keys.agent,
      signatureKey: { scheme: "jwks", id: PROVIDER },
      now: world.clock.now,
      method: "POST",
      url: PERSON,
      body: "{}",
    });
    expect((await answered(world, february)).headers["signature-error"]).toBe("error=invalid_signature");
  });

  it("T2: have an agent token that its agent's provider has not signed", async () => {
    const world = createWorld();
    const own = await world.agentToken();
    for (const jwt of [
      await changed(own, keys.other, {}),
      await changed(own, keys.provider, { sub: "aauth:planner@resource.example" }),
    ]) {
      const forged: Caller = { key: keys.agent, credential: { scheme: "jwt", jwt } };
      const { status, headers } = await answered(world, await asked(world, forged));
      expect([status, headers["signature-error"]]).toEqual([401, "error=invalid_jwt"]);
    }
  });

  it("come from an agent provider that is not accepted", async () => {
    const world = createWorld({ ps: { agentProviders: ["https://own.example"] } });
    const { status, headers } = await answered(world, await asked(world, await world.agent()));
    expect(status).toBe(401);
    expect(headers["signature-error"]).toBe("error=invalid_jwt");
    expect(world.fetched).toEqual([]);
  });
});

describe("a relayed interaction of an agent", () => {
  const page = { type: "interaction", url: "https://booking.example/confirm", code: "X7K2-M9P4" };
  async function prepared(canReach?: () => boolean) {
    const world = createWorld({ ps: { personOf: () => ALICE, ...(canReach && { canReach }) } });
    const agent = await world.agent();
    return { world, agent, ask: (body: object) => world.send(agent, "POST", INTERACTION, body) };
  }

  it("has to be well formed", async () => {
    const { ask } = await prepared(() => true);
    for (const body of [
      {},
      { ...page, type: "mission" },
      { type: "interaction" },
      { ...page, url: "http://booking.example/" },
      { ...page, url: "https://booking.example/?a=b" },
      { ...page, code: 7 },
      { ...page, max_wait: -1 },
      { type: "question" },
    ]) {
      expect(await ask(body), JSON.stringify(body)).toMatchObject(refused(400, "invalid_request"));
    }
  });

  it("stays with the agent if the person cannot be reached", async () => {
    const { ask } = await prepared();
    expect(await ask(page)).toMatchObject(refused(424, "interaction_unavailable"));
    expect(await ask({ type: "question", question: "Go on?" })).toMatchObject(
      refused(403, "user_unreachable"),
    );
  });

  it("reaches the person, and the agent only learns of their visit", async () => {
    const { world, agent, ask } = await prepared(() => true);
    const relayed = await ask({ ...page, max_wait: 60, description: "Please confirm" });
    expect(relayed).toMatchObject({ status: 202, headers: { "aauth-requirement": "requirement=approval" } });
    const [waiting] = await world.ps.waiting(ALICE);
    expect(waiting!.request).toMatchObject({
      kind: "interaction",
      page: { url: page.url, code: page.code },
      fromAgent: { description: "Please confirm" },
    });
    await world.ps.engage(waiting!.reference);
    expect(await world.later(agent, relayed)).toMatchObject({ status: 202, body: { status: "interacting" } });
    expect(await world.later(agent, relayed, 60)).toMatchObject({ status: 200 });
  });

  it("may be a question, which the person answers", async () => {
    const { world, agent, ask } = await prepared(() => true);
    const asked = await ask({ type: "question", question: "Refundable?" });
    const [waiting] = await world.ps.waiting(ALICE);
    expect(waiting!.request).toMatchObject({ kind: "question", question: "Refundable?" });
    const { reference } = waiting!;
    expect(await world.ps.approve(reference, { person: ALICE, version: 0 })).toBe("unable");
    expect(await world.ps.answer(reference, { person: "bob", answer: "No" })).toBe("other_person");
    expect(await world.ps.answer(reference, { person: ALICE, answer: "Yes" })).toBe("done");
    expect(await world.later(agent, asked)).toMatchObject({ status: 200, body: { answer: "Yes" } });
  });
});

describe("a resource's own page, before the person decides", () => {
  async function prepared() {
    const world = createWorld();
    const agent = await world.agent();
    const interaction = { url: "https://resource.example/link", code: "R1-CODE" };
    const pair = await world.pair(agent, { interaction });
    const pending = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
    const code = /code="(.*?)"/.exec(pending.headers["aauth-requirement"]!)![1]!;
    const waiting = opened(await world.ps.open(code, "browser"));
    const callback = new URL(waiting.first!).searchParams.get("callback")!;
    const name = callback.slice(`${PS}/interaction/returned/`.length);
    const end = async () => {
      return world.later(agent, pending);
    };
    return { world, pending, waiting, callback, name, end };
  }

  it("T21: is where the person goes first", async () => {
    const { world, pending, waiting, callback, name, end } = await prepared();
    expect(waiting.first).toMatch(
      /^https:\/\/resource\.example\/link\?code=R1-CODE&callback=https%3A%2F%2Fps\.example/,
    );
    expect(callback).not.toContain(waiting.reference);
    expect(waiting.request.fromResource.interaction).toBe(true);
    expect(await world.ps.approve(waiting.reference, { person: ALICE, version: 0 })).toBe("resource_first");
    const back = await world.ps.returned(name);
    expect(back).toMatchObject({ reference: waiting.reference });
    expect(back).not.toHaveProperty("first");
    expect(await world.ps.returned(name)).toBeUndefined();
    // A person who is already signed in needs no other code.
    const held = await end();
    expect(held).toMatchObject({ status: 202, body: { status: "interacting" } });
    expect(held.headers["aauth-requirement"]).toBe(pending.headers["aauth-requirement"]);
    expect(await world.ps.answer(waiting.reference, { person: ALICE, answer: "x" })).toBe("unable");
    expect(await world.ps.approve(waiting.reference, { person: ALICE, version: 0 })).toBe("done");
    expect(await end()).toMatchObject({ status: 200 });
  });

  it("ends the request where it ends badly", async () => {
    for (const [error, status, code] of [
      ["access_denied", 403, "denied"],
      ["user_abandoned", 403, "abandoned"],
      ["interaction_expired", 408, "expired"],
      ["server_error", 500, "server_error"],
      ["temporarily_unavailable", 500, "server_error"],
      ["anything", 500, "server_error"],
    ] as const) {
      const { world, waiting, name, end } = await prepared();
      expect(await world.ps.returned(name, error)).toBeUndefined();
      expect(await world.ps.approve(waiting.reference, { person: ALICE, version: 0 })).toBe("gone");
      expect(await end(), error).toMatchObject(refused(status, code));
    }
  });

  it("comes first even if the policy would grant", async () => {
    const world = createWorld({ ps: { personOf: () => ALICE, decide: () => ({ type: "grant" }) } });
    const agent = await world.agent();
    const interaction = { url: "https://resource.example/link", code: "R1" };
    const pair = await world.pair(agent, { interaction });
    const pending = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
    expect(pending.status).toBe(202);
    const [waiting] = await world.ps.waiting(ALICE);
    const { first } = (await world.ps.find(waiting!.reference))!;
    await world.ps.returned(new URL(first!).searchParams.get("callback")!.split("/").at(-1)!);
    expect(await world.later(agent, pending)).toMatchObject({ status: 200 });
  });
});

describe("where a browser may be sent on to", () => {
  it("is the agent provider's callback, a loopback address that it allows, or the server itself", async () => {
    const world = createWorld();
    const may = (callback: string) => world.ps.mayReturnTo({ iss: PROVIDER, sub: AGENT }, callback);
    const provider = {
      issuer: PROVIDER,
      jwks_uri: `${PROVIDER}/jwks.json`,
      callback_endpoint: `${PROVIDER}/back`,
    };
    const address = `${PROVIDER}/.well-known/aauth-agent.json`;
    world.documents.set(address, provider);
    expect(await may(`${PROVIDER}/back`)).toBe(true);
    expect(await may(`${PS}/interaction/done`)).toBe(true);
    for (const bad of [
      `${PROVIDER}/other`,
      "https://evil.example/",
      "http://localhost:1/",
      "javascript:alert(1)",
      "x",
    ]) {
      expect(await may(bad), bad).toBe(false);
    }
    const other = createWorld();
    other.documents.set(address, { ...provider, localhost_callback_allowed: true });
    const mayAlso = (callback: string) => other.ps.mayReturnTo({ iss: PROVIDER, sub: AGENT }, callback);
    expect(await mayAlso("http://127.0.0.1:4711/cb")).toBe(true);
    expect(await mayAlso("http://localhost/cb")).toBe(true);
    for (const bad of ["http://user@localhost/", "http://localhost.evil.example/", "http://127.0.0.2/"]) {
      expect(await mayAlso(bad), bad).toBe(false);
    }
  });
});

describe("a person's consent", () => {
  it("is for the account that the resource names, whatever its name", async () => {
    const world = createWorld();
    const agent = await world.agent();
    for (const account of ["constructor", "__proto__"]) {
      const pair = await world.pair(agent, { account, claims: { scope: undefined } });
      const asked = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
      expect(asked.status, account).toBe(202);
      await world.approve(asked);
      expect((await world.later(agent, asked)).status, account).toBe(200);
      const again = { ...(await world.pair(agent, { account })), capabilities: CAPABILITIES };
      expect((await world.send(agent, "POST", TOKEN, again)).status, account).toBe(202);
    }
  });
});

describe("an updated request", () => {
  it("sends the person to the page that its resource token names", async () => {
    const decide = ({ kind, fromAgent: { justification } }: AskedRequest): Decision =>
      kind === "person-token" || justification !== undefined
        ? { type: "grant" }
        : { type: "clarification", question: "Why?" };
    const world = createWorld({ ps: { personOf: () => ALICE, decide } });
    const agent = await world.agent();
    const { presented_token, resource_token: before } = await world.pair(agent);
    const first = { resource_token: before, presented_token, capabilities: CAPABILITIES };
    const pending = await world.send(agent, "POST", TOKEN, first);
    const interaction = { url: `${RESOURCE}/agree`, code: "A1B2-C3D4" };
    const resource_token = await world.resourceToken(presented_token, { interaction });
    const update = { action: "updated_request", resource_token, presented_token, justification: "x" };
    const answer = await world.send(agent, "POST", pending.headers.location!, update, {
      endpoint: "pending",
    });
    expect(answer.headers["aauth-requirement"]).toContain("requirement=interaction");
    const { first: page } = opened(await world.ps.open(codeOf(answer.headers), "browser"));
    expect(page).toContain(`${RESOURCE}/agree?code=A1B2-C3D4&callback=`);
  });
});

describe("a resource's own page that is not public", () => {
  it("T21: is refused", async () => {
    const world = createWorld();
    const agent = await world.agent();
    for (const url of ["https://192.168.0.1/reset", "https://localhost/agree"]) {
      const pair = await world.pair(agent, { interaction: { url, code: "A1B2-C3D4" } });
      const answer = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
      expect(answer, url).toMatchObject(refused(400, "invalid_resource_token"));
    }
  });
});
