import { describe, expect, it } from "vitest";
import { issueAgentToken, issuePersonToken } from "../../src/draft-11/issue-tokens.ts";
import { PersonRecords } from "../../src/server/person-records.ts";
import { keyOf } from "../../src/server/stores.ts";
import type { Decision } from "../../src/server/types.ts";
import {
  AGENT,
  ALICE,
  AS,
  CAPABILITIES,
  type Caller,
  changed,
  claimsOf,
  createWorld,
  keys,
  PARTS,
  PERSON,
  PROVIDER,
  PS,
  RESOURCE,
  refused,
  TOKEN,
  type World,
  type WorldOptions,
} from "./world.ts";

const M = "aauth:service@resource.example";
const grants: WorldOptions = {
  ps: {
    decide: (): Decision => ({ type: "grant" }),
    personOf: ({ iss }) => (iss === PROVIDER ? ALICE : undefined),
  },
};

/** The resource in the middle: its own agent provider. */
async function intermediary(world: World, over: object = {}): Promise<Caller> {
  const { token: jwt } = await issueAgentToken({
    key: keys.resource,
    issuer: RESOURCE,
    agent: M,
    confirmationKey: keys.worker.publicJwk,
    now: world.clock.now,
    ...over,
  });
  return { key: keys.worker, credential: { scheme: "jwt", jwt } };
}

async function prepared(options: WorldOptions = grants) {
  const world = createWorld(options);
  const agent = await world.agent();
  const upstream_token = await world.authToken(agent);
  const middle = await intermediary(world);
  const ask = (over: object = {}, who = middle) =>
    world.send(who, "POST", PERSON, { resource: PARTS, upstream_token, ...over });
  const pairOf = async (presented_token: string, more: object = {}) => ({
    upstream_token,
    presented_token,
    resource_token: await world.resourceToken(presented_token, {
      issuer: PARTS,
      key: keys.parts,
      thumbprint: keys.worker.thumbprint,
      ...more,
    }),
  });
  return { world, agent, middle, upstream_token, ask, pairOf };
}

describe("a resource that calls another for its caller's person", () => {
  it("T11: gets tokens for that person, by another identifier, that expire with its upstream token (N33)", async () => {
    const { world, agent, middle, upstream_token, ask, pairOf } = await prepared();
    world.clock.advance(300);
    const { body } = await ask();
    const person = claimsOf(body.person_token);
    const upstream = claimsOf(upstream_token);
    expect(person).toMatchObject({ aud: PARTS, exp: upstream.exp });
    expect(person.sub).not.toBe(upstream.sub);
    expect(person.sub).toBe(claimsOf(await world.personToken(agent, { resource: PARTS })).sub);
    const pair = await pairOf(body.person_token, { scope: "parts.read" });
    const answer = await world.send(middle, "POST", TOKEN, pair);
    const token = claimsOf(answer.body.auth_token);
    expect(token).toMatchObject({ aud: PARTS, sub: person.sub, scope: "parts.read", exp: upstream.exp });
    expect(token).not.toHaveProperty("act");
    // It serves every person, and no person owns it.
    const alone = await intermediary(world, { personServer: PS });
    expect(await world.send(alone, "POST", PERSON, { resource: PARTS })).toMatchObject(
      refused(500, "server_error"),
    );
    expect(await world.send(alone, "POST", TOKEN, { ...pair, upstream_token: undefined })).toMatchObject(
      refused(400, "invalid_request"),
    );
  });

  it("T11: may have been called with a person token, and asks the person like any agent", async () => {
    const { world, middle, ask } = await prepared({});
    const agent = await world.agent({ agent: "aauth:bobs@agent.example" });
    const pending = await world.send(agent, "POST", PERSON, {
      resource: RESOURCE,
      capabilities: CAPABILITIES,
    });
    await world.approve(pending, { person: "bob" });
    const { body } = await world.later(agent, pending);
    for (const person of ["bob", ALICE]) {
      const over = person === "bob" ? { upstream_token: body.person_token } : {};
      const asked = await ask({ ...over, capabilities: CAPABILITIES });
      expect(asked.status).toBe(202);
      const [waiting] = await world.ps.waiting(person);
      expect(waiting!.request).toMatchObject({
        agent: { iss: RESOURCE, sub: M },
        upstream: RESOURCE,
        person,
      });
      const wrong = { person: person === "bob" ? ALICE : "bob", version: 0 };
      expect(await world.ps.approve(waiting!.reference, wrong)).toBe("other_person");
      await world.approve(asked, { person });
      expect((await world.later(middle, asked)).status).toBe(200);
    }
  });

  it("shows a token that it was called with, of an agent that is known (N30)", async () => {
    const { world, agent, upstream_token, ask } = await prepared();
    const invalid = refused(400, "invalid_upstream_token");
    const jwt = (agent.credential as { jwt: string }).jwt;
    const { resource_token } = await world.pair(agent);
    for (const token of [jwt, resource_token, "x.y.z"])
      expect(await ask({ upstream_token: token })).toMatchObject(invalid);
    const elsewhere = await world.personToken(agent, { resource: PARTS });
    expect(await ask({ upstream_token: elsewhere })).toMatchObject(invalid);
    for (const claims of [
      { jti: "unknown" },
      { sub: "other" },
      { iss: "https://ps2.example", ps: "https://ps2.example" },
    ]) {
      const token = await changed(upstream_token, keys.ps, claims);
      expect(await ask({ upstream_token: token }), JSON.stringify(claims)).toMatchObject(invalid);
    }
    const untrusted = "https://as2.example";
    const token = await changed(upstream_token, keys.as, { iss: untrusted, dwk: "aauth-access.json" });
    expect(await ask({ upstream_token: token })).toMatchObject(invalid);
    expect(world.fetched.filter((url) => url.startsWith(untrusted))).toEqual([]);
    // Signed by an access server that this person server calls, but which has never received a
    // person token.
    const never = await changed(
      upstream_token,
      keys.as,
      { iss: AS, dwk: "aauth-access.json" },
      { kid: "as-1" },
    );
    expect(await ask({ upstream_token: never })).toMatchObject(invalid);
  });

  it("may be shown a token of an access server that was had from here", async () => {
    const { world, agent, ask } = await prepared();
    const upstream_token = await world.authToken(agent, { accessServer: AS });
    expect(claimsOf(upstream_token).iss).toBe(AS);
    expect((await ask({ upstream_token })).status).toBe(200);
    const other = await changed(upstream_token, keys.as, { ps: "https://ps2.example" });
    expect(await ask({ upstream_token: other })).toMatchObject(refused(400, "invalid_upstream_token"));
  });

  it("is refused with an old token, a revoked one, or that of a revoked agent (N31)", async () => {
    const { world, agent, upstream_token, ask } = await prepared();
    const early = await changed(upstream_token, keys.ps, { iat: world.clock.now() + 120 });
    expect(await ask({ upstream_token: early })).toMatchObject(refused(400, "clock_skew"));
    const { iss, jti } = claimsOf(upstream_token);
    await world.ps.revoke(ALICE, { iss, jti });
    expect(await ask()).toMatchObject(refused(400, "revoked_upstream_token"));

    const second = await world.authToken(agent);
    await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(await ask({ upstream_token: second })).toMatchObject(refused(400, "revoked_upstream_token"));

    const third = await prepared();
    third.world.clock.advance(3_600);
    expect(await third.ask({}, await intermediary(third.world))).toMatchObject(
      refused(400, "expired_upstream_token"),
    );
  });

  it("does not restore access that a person has revoked from the intermediary", async () => {
    const { world, ask } = await prepared({});
    const asking = () => ask({ capabilities: CAPABILITIES });
    await world.approve(await asking());
    expect((await asking()).status).toBe(200);
    const middle = { iss: RESOURCE, sub: M };
    expect(await world.ps.revokeAgent("bob", middle)).toBeUndefined();
    expect((await asking()).status).toBe(200);
    expect(await world.ps.revokeAgent(ALICE, middle)).not.toHaveLength(0);
    expect((await asking()).status).toBe(202);
  });

  it("receives no token by policy once the person has revoked it, until they allow something again", async () => {
    const { world, ask } = await prepared();
    const asking = () => ask({ capabilities: CAPABILITIES });
    expect((await asking()).status).toBe(200);
    expect(await world.ps.revokeAgent(ALICE, { iss: RESOURCE, sub: M })).not.toHaveLength(0);
    const asked = await asking();
    expect(asked.status).toBe(202);
    await world.approve(asked);
    expect((await asking()).status).toBe(200);
  });

  it("S40: is granted nothing by consent that named no caller or another one, until a page names it", async () => {
    const { world, middle, ask } = await prepared({});
    const asking = () => ask({ capabilities: CAPABILITIES });
    // The intermediary is an agent of the same person, who lets it call for itself.
    const alone = await intermediary(world, { personServer: PS });
    await world.approve(
      await world.send(alone, "POST", PERSON, { resource: PARTS, capabilities: CAPABILITIES }),
    );
    const asked = await asking();
    expect(asked.status).toBe(202);
    const [waiting] = await world.ps.waiting(ALICE);
    expect(waiting!.request).toMatchObject({
      consented: false,
      calledBy: { agent: { iss: PROVIDER, sub: AGENT }, type: "auth-token", isNamed: false },
    });
    await world.approve(asked);
    expect((await world.later(middle, asked)).status).toBe(200);
    expect((await asking()).status).toBe(200);
    // Another agent of the same person is another caller.
    const other = await world.agent({ agent: "aauth:other@agent.example" });
    const upstream_token = await world.personToken(other);
    expect((await ask({ upstream_token, capabilities: CAPABILITIES })).status).toBe(202);
  });

  it("S40: loses it with its caller's consent, also what the caller's own page named", async () => {
    const { world, ask } = await prepared({});
    const agent = await world.agent({ agent: "aauth:second@agent.example" });
    const named = async (chain: readonly string[]) => {
      const body = { resource: RESOURCE, capabilities: CAPABILITIES };
      const first = await world.send(agent, "POST", PERSON, body);
      await world.approve(first, { chain });
      const { person_token: upstream_token } = (await world.later(agent, first)).body;
      return () => ask({ upstream_token, capabilities: CAPABILITIES });
    };
    expect((await (await named([PARTS]))()).status).toBe(200);
    await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: "aauth:second@agent.example" });
    const asking = await named([]);
    const asked = await asking();
    expect(asked.status).toBe(202);
    // The same ends with the intermediary's.
    await world.approve(asked);
    expect((await asking()).status).toBe(200);
    await world.ps.revokeAgent(ALICE, { iss: RESOURCE, sub: M });
    const alone = await intermediary(world, { personServer: PS });
    await world.approve(
      await world.send(alone, "POST", PERSON, { resource: PARTS, capabilities: CAPABILITIES }),
    );
    expect((await asking()).status).toBe(202);
  });

  it("T49: loses the caller's consent that the person denies before the poll", async () => {
    const { world, ask } = await prepared({});
    const asking = () => ask({ capabilities: CAPABILITIES });
    const asked = await asking();
    const [waiting] = await world.ps.waiting(ALICE);
    const { reference, version } = waiting!;
    expect(await world.ps.approve(reference, { person: ALICE, version })).toBe("done");
    expect(await world.ps.deny(reference, { person: ALICE })).toBe("done");
    expect(asked.status).toBe(202);
    expect((await asking()).status).toBe(202);
  });

  it("does not regain earlier grants when the person allows it something for itself", async () => {
    const { world, ask } = await prepared({});
    const asking = () => ask({ capabilities: CAPABILITIES });
    await world.approve(await asking());
    expect((await asking()).status).toBe(200);
    expect(await world.ps.revokeAgent(ALICE, { iss: RESOURCE, sub: M })).not.toHaveLength(0);
    const alone = await intermediary(world, { personServer: PS });
    const own = { resource: RESOURCE, capabilities: CAPABILITIES };
    await world.approve(await world.send(alone, "POST", PERSON, own));
    expect((await asking()).status).toBe(202);
  });

  it("T13: is refused where only the agent behind it, or its binding, is revoked (N31)", async () => {
    const { world, agent, ask } = await prepared();
    expect((await ask()).status).toBe(200);
    const { jti } = claimsOf((agent.credential as { jwt: string }).jwt);
    const revocations = world.stores.revocations;
    await revocations.put(keyOf(PROVIDER, jti), { exp: 1 }, { owner: "agent.example", ttlSeconds: 60 });
    expect(await ask()).toMatchObject(refused(400, "revoked_upstream_token"));
    await revocations.delete(keyOf(PROVIDER, jti));
    expect((await ask()).status).toBe(200);
    const records = new PersonRecords(world.stores.people, world.stores.tokens, world.clock.now);
    await records.withdraw(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(await ask()).toMatchObject(refused(400, "revoked_upstream_token"));
  });

  it("T11: signs as its own agent provider (N32)", async () => {
    const { world, ask } = await prepared();
    const hired = await world.agent({ signs: keys.worker, agent: "aauth:hired@agent.example" });
    expect(await ask({}, hired)).toMatchObject(refused(400, "invalid_upstream_token"));
    const other = await intermediary(world, {
      key: keys.parts,
      issuer: PARTS,
      agent: "aauth:x@parts.example",
    });
    expect(await ask({}, other)).toMatchObject(refused(400, "invalid_upstream_token"));
  });

  it("waits no longer than its upstream token lives", async () => {
    const { world, upstream_token, ask } = await prepared({ ps: { personOf: () => ALICE } });
    const left = claimsOf(upstream_token).exp - world.clock.now();
    world.clock.advance(left - 10);
    const renewed = await intermediary(world);
    const asked = await ask({ capabilities: CAPABILITIES }, renewed);
    expect(asked.status).toBe(202);
    expect(await world.later(renewed, asked, 10)).toMatchObject(refused(408, "expired"));
  });

  it("stops waiting when its upstream token is revoked (N40)", async () => {
    const decide = ({ upstream }: { upstream?: string | undefined }): Decision => ({
      type: upstream === undefined ? "grant" : "approval",
    });
    const { world, middle, upstream_token, ask } = await prepared({ ps: { ...grants.ps, decide } });
    const asked = await ask();
    expect(asked.status).toBe(202);
    await world.ps.revoke(ALICE, claimsOf(upstream_token));
    const { status, body } = await world.later(middle, asked);
    expect([status, body.error]).toEqual([403, "revoked"]);
    expect(body.detail).toContain("upstream token");
  });

  it("leaves room for its other callers' persons, however many requests wait for one", async () => {
    const { world, ask } = await prepared({
      ps: {
        personOf: ({ iss, sub }) => (iss === PROVIDER ? sub : undefined),
        decide: ({ upstream }) => ({ type: upstream === undefined ? "grant" : "approval" }),
      },
    });
    const statuses: number[] = [];
    for (let index = 0; index < 101; index++) statuses.push((await ask()).status);
    expect(statuses.indexOf(429)).toBe(100);
    const bobs = await world.personToken(await world.agent({ agent: "aauth:bob@agent.example" }));
    expect((await ask({ upstream_token: bobs })).status).toBe(202);
  });

  it("T11: does not mix persons", async () => {
    const { world, middle, ask, pairOf } = await prepared({
      ps: {
        decide: (): Decision => ({ type: "grant" }),
        personOf: ({ sub }) => (sub === AGENT ? ALICE : sub.startsWith("aauth:bob") ? "bob" : undefined),
      },
    });
    const { body } = await ask();
    const bobs = await world.personToken(await world.agent({ agent: "aauth:bob@agent.example" }));
    const pair = { ...(await pairOf(body.person_token)), upstream_token: bobs };
    expect(await world.send(middle, "POST", TOKEN, pair)).toMatchObject(
      refused(400, "invalid_upstream_token"),
    );
  });
});

describe("a sub-agent", () => {
  const SUB = "aauth:planner+search@agent.example";
  const subToken = (world: World, over: object = {}) =>
    world.agentToken({ agent: SUB, parentAgent: AGENT, confirmationKey: keys.worker.publicJwk, ...over });

  it("gets tokens for its own key through its parent", async () => {
    const world = createWorld(grants);
    const parent = await world.agent();
    const subagent_token = await subToken(world, { lifetimeSeconds: 900 });
    const { body } = await world.send(parent, "POST", PERSON, { resource: RESOURCE, subagent_token });
    const { person_token: presented_token } = body;
    const person = claimsOf(presented_token);
    expect(person.cnf.jwk).toMatchObject({ x: (keys.worker.publicJwk as { x: string }).x });
    expect(person.exp).toBe(world.clock.now() + 900);
    expect(person).not.toHaveProperty("parent_agent");
    const resource_token = await world.resourceToken(presented_token, { thumbprint: keys.worker.thumbprint });
    const pair = { resource_token, presented_token };
    // Without its token the resource token is for another key.
    expect(await world.send(parent, "POST", TOKEN, pair)).toMatchObject(
      refused(400, "invalid_resource_token"),
    );
    const answer = await world.send(parent, "POST", TOKEN, { ...pair, subagent_token });
    const token = claimsOf(answer.body.auth_token);
    expect(token.cnf.jwk).toMatchObject({ x: (keys.worker.publicJwk as { x: string }).x });
    expect(token.exp).toBe(person.exp);
  });

  it("needs no separate consent, because its parent has it", async () => {
    const world = createWorld();
    const parent = await world.agent();
    await world.personToken(parent);
    const subagent_token = await subToken(world);
    expect((await world.send(parent, "POST", PERSON, { resource: RESOURCE, subagent_token })).status).toBe(
      200,
    );
  });

  it("ends its wait when its own token is revoked (N40)", async () => {
    const world = createWorld({ ps: { ...grants.ps, decide: () => ({ type: "approval" }) } });
    const parent = await world.agent();
    const subagent_token = await subToken(world);
    const asked = await world.send(parent, "POST", PERSON, { resource: RESOURCE, subagent_token });
    const { jti, exp } = claimsOf(subagent_token);
    await world.send(
      world.server(PROVIDER),
      "POST",
      `${PS}/aauth/revoke`,
      { jti, exp },
      { endpoint: "revocation" },
    );
    const { status, body } = await world.later(parent, asked);
    expect([status, body.error]).toEqual([403, "revoked"]);
    expect(body.detail).toContain("sub-agent token");
  });

  it("loses its tokens when its own token is revoked, while its parent's remain", async () => {
    const world = createWorld(grants);
    const parent = await world.agent();
    const subagent_token = await subToken(world);
    const ofParent = claimsOf(await world.personToken(parent));
    const ofChild = claimsOf(await world.personToken(parent, { subagent_token }));
    const { jti, exp } = claimsOf(subagent_token);
    const own = world.server(PROVIDER);
    await world.send(own, "POST", `${PS}/aauth/revoke`, { jti, exp }, { endpoint: "revocation" });
    const isRevoked = new Map(
      (await world.ps.issuedTokens(ALICE)).map((token) => [token.jti, token.isRevoked]),
    );
    expect([isRevoked.get(ofChild.jti), isRevoked.get(ofParent.jti)]).toEqual([true, false]);
    expect(world.sent).toContain(`POST ${RESOURCE}/revoke`);
  });

  it("T14: must be the signer's own, of the same provider, with a separate key (N34)", async () => {
    const world = createWorld(grants);
    const parent = await world.agent();
    const ask = (subagent_token: string, who = parent) =>
      world.send(who, "POST", PERSON, { resource: RESOURCE, subagent_token });
    const invalid = refused(400, "invalid_subagent_token");
    const ofOther = { agent: "aauth:other+search@agent.example", parentAgent: "aauth:other@agent.example" };
    expect(await ask(await subToken(world, ofOther))).toMatchObject(invalid);
    const ofNone = { agent: "aauth:search@agent.example", parentAgent: undefined };
    expect(await ask(await subToken(world, ofNone))).toMatchObject(invalid);
    expect(await ask(await subToken(world, { confirmationKey: keys.agent.publicJwk }))).toMatchObject(
      invalid,
    );
    expect(await ask(await subToken(world, { key: keys.other }))).toMatchObject(invalid);
    expect(await ask("x.y.z")).toMatchObject(invalid);
    const { token } = await issuePersonToken({
      key: keys.ps,
      issuer: PS,
      audience: RESOURCE,
      subject: "s",
      now: world.clock.now,
      confirmationKey: keys.worker.publicJwk,
    });
    expect(await ask(token)).toMatchObject(invalid);
    const foreign = { key: keys.resource, issuer: RESOURCE, agent: "aauth:a+b@resource.example" };
    expect(
      await ask(await subToken(world, { ...foreign, parentAgent: "aauth:a@resource.example" })),
    ).toMatchObject(invalid);
    const good = await subToken(world, { lifetimeSeconds: 60 });
    const early = await changed(good, keys.provider, { iat: world.clock.now() + 120 });
    expect(await ask(early)).toMatchObject(refused(400, "clock_skew"));
    world.clock.advance(60);
    expect(await ask(good)).toMatchObject(refused(400, "expired_subagent_token"));
    const next = await subToken(world);
    const revoked = { jti: claimsOf(next).jti, exp: claimsOf(next).exp };
    await world.send(world.server(PROVIDER), "POST", `${PS}/aauth/revoke`, revoked, {
      endpoint: "revocation",
    });
    expect(await ask(next)).toMatchObject(refused(400, "revoked_subagent_token"));
    // Only one level.
    const child = await world.agent({ agent: SUB, parentAgent: AGENT });
    expect(await ask(await subToken(world), child)).toMatchObject(refused(400, "invalid_request"));
  });
});

describe("tokens in a request", () => {
  it("are not looked up where a sub-agent is of another provider than its parent", async () => {
    const world = createWorld({ ps: { personOf: () => ALICE, decide: () => ({ type: "grant" }) } });
    const subagent_token = await world.agentToken({
      issuer: "https://other.example",
      agent: "aauth:a+s@other.example",
      parentAgent: "aauth:a@other.example",
      confirmationKey: keys.worker.publicJwk,
    });
    const body = { resource: RESOURCE, subagent_token };
    expect(await world.send(await world.agent(), "POST", `${PS}/aauth/person`, body)).toMatchObject({
      status: 400,
      body: { error: "invalid_subagent_token" },
    });
    expect(world.fetched.filter((url) => url.includes("other.example"))).toEqual([]);
  });
});
