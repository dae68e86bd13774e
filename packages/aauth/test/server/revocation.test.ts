import { describe, expect, it } from "vitest";
import { resourceMetadata } from "../../src/draft-11/documents.ts";
import { issueAgentToken } from "../../src/draft-11/issue-tokens.ts";
import { sendRevocation } from "../../src/server/send-revocation.ts";
import type { Decision } from "../../src/server/types.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import {
  AGENT,
  ALICE,
  AS,
  CAPABILITIES,
  type Caller,
  changed,
  claimsOf,
  createWorld,
  grant,
  jwtOf,
  keys,
  PARTS,
  PERSON,
  PROVIDER,
  PS,
  RESOURCE,
  refused,
  storesOf,
  TOKEN,
  type World,
  type WorldOptions,
} from "./world.ts";

const REVOKE = `${PS}/aauth/revoke`;
const SEND = { endpoint: "revocation" } as const;

async function prepared({ ps = {}, ...options }: WorldOptions = {}) {
  const world = createWorld({
    ...options,
    ps: { personOf: ({ iss }) => (iss === PROVIDER ? ALICE : undefined), decide: grant, ...ps },
  });
  const agent = await world.agent();
  return { world, agent };
}
const revoke = (
  world: World,
  from: Caller,
  token: string,
  url = REVOKE,
  headers: Record<string, string> = {},
) => {
  const { jti, exp } = claimsOf(token);
  return world.send(from, "POST", url, { jti, exp }, { ...SEND, headers });
};
/** The resource answers revocations after the returned function is called. */
function holding(world: World, status: number): () => void {
  const gate = Promise.withResolvers<void>();
  world.hosts.set("resource.example", async () => {
    await gate.promise;
    return { status, headers: {}, body: "" };
  });
  return gate.resolve;
}

/** Revocations that resources receive: `jti` by host. */
function told(world: World, answer: () => { status: number; body?: string } = () => ({ status: 200 })) {
  const heard: string[] = [];
  for (const id of [RESOURCE, PARTS]) {
    const { host } = new URL(id);
    world.hosts.set(host, (_url, { body }) => {
      heard.push(`${host} ${JSON.parse(new TextDecoder().decode(body)).jti}`);
      return { headers: {}, body: "", ...answer() };
    });
  }
  return heard;
}

describe("a revocation", () => {
  it("T5: is recorded for its caller's own tokens, known or not, however often (N39)", async () => {
    const { world, agent } = await prepared();
    const jwt = jwtOf(agent);
    expect(await revoke(world, world.server(RESOURCE), jwt)).toMatchObject({ status: 200, body: {} });
    expect(await revoke(world, world.server(AS), jwt)).toMatchObject({ status: 200 });
    expect((await world.send(agent, "POST", PERSON, { resource: RESOURCE })).status).toBe(200);
    for (let time = 0; time < 2; time++) {
      const answer = await revoke(world, world.server(PROVIDER), jwt);
      expect(answer).toMatchObject({ status: 200, body: {} });
      expect(answer.headers).not.toHaveProperty("content-type");
    }
    const { status, headers } = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
    expect([status, headers["signature-error"]]).toEqual([401, "error=revoked_jwt"]);
    // A token that its provider issues later is judged separately.
    const next = await world.agent({ lifetimeSeconds: 100 });
    expect((await world.send(next, "POST", PERSON, { resource: RESOURCE })).status).toBe(200);
  });

  it("T35: has to be well formed, and signed by a server over its body (N10, N14, N39)", async () => {
    const { world, agent } = await prepared();
    const exp = world.clock.now() + 60;
    const own = world.server(PROVIDER);
    for (const body of [
      { jti: "a" },
      { exp },
      { jti: "", exp },
      { jti: 7, exp },
      { jti: "a", exp: "soon" },
      { jti: "x".repeat(513), exp },
      { jti: "a", exp: exp + 90_000 },
    ]) {
      expect(await world.send(own, "POST", REVOKE, body, SEND), JSON.stringify(body)).toMatchObject(
        refused(400, "invalid_request"),
      );
    }
    const { status, headers } = await world.send(agent, "POST", REVOKE, { jti: "a", exp }, SEND);
    expect([status, headers["signature-error"]]).toEqual([401, "error=unsupported_scheme"]);
    const request = await world.request(own, "POST", REVOKE, { jti: "a", exp }, SEND);
    const body = new TextEncoder().encode(JSON.stringify({ jti: "b", exp }));
    expect(await world.ps.handle({ ...request, body })).toMatchObject({
      headers: { "signature-error": "error=invalid_input" },
    });
    expect(await world.send(own, "POST", REVOKE, { jti: "old", exp: world.clock.now() }, SEND)).toMatchObject(
      { status: 200 },
    );
  });

  it("T35: is limited in number for one caller", async () => {
    const { world } = await prepared();
    const from = world.server(RESOURCE);
    const exp = world.clock.now() + 60;
    let last = await world.send(from, "POST", REVOKE, { jti: "0", exp }, SEND);
    for (let index = 1; index <= 1_000 && last.status === 200; index++) {
      last = await world.send(from, "POST", REVOKE, { jti: String(index), exp }, SEND);
    }
    expect(last).toMatchObject({ ...refused(429, "rate_limited"), headers: { "retry-after": "60" } });
    // Recorded revocations may be repeated, and other providers have a separate quota.
    expect((await world.send(from, "POST", REVOKE, { jti: "5", exp }, SEND)).status).toBe(200);
    expect((await world.send(world.server(PROVIDER), "POST", REVOKE, { jti: "5", exp }, SEND)).status).toBe(
      200,
    );
    world.clock.advance(61);
    const again = { jti: "new", exp: world.clock.now() + 60 };
    expect((await world.send(from, "POST", REVOKE, again, SEND)).status).toBe(200);
  }, 60_000);
});

describe("a revocation that cannot be kept", () => {
  it("T35: is answered 503", async () => {
    const { now } = createTestClock();
    const stores = storesOf((name) =>
      createMemoryRecordStore<unknown>({ maxEntries: name === "revocations" ? 2 : 1_000, now }),
    );
    const { world } = await prepared({ now, ps: { stores } });
    const from = world.server(RESOURCE);
    const exp = world.clock.now() + 60;
    expect((await world.send(from, "POST", REVOKE, { jti: "1", exp }, SEND)).status).toBe(200);
    const full = await world.send(from, "POST", REVOKE, { jti: "2", exp }, SEND);
    expect(full).toMatchObject({ ...refused(503, "server_error"), headers: { "retry-after": "60" } });
    expect((await world.send(from, "POST", REVOKE, { jti: "1", exp }, SEND)).status).toBe(200);
  });
});

describe("an agent token that its provider revokes", () => {
  it("revokes every token issued to the agent, at every party (N42)", async () => {
    const { world } = await prepared();
    const first = await world.agent({ lifetimeSeconds: 1_000 });
    const second = await world.agent({ lifetimeSeconds: 2_000 });
    await world.authToken(first);
    await world.authToken(second, { issuer: PARTS, key: keys.parts, accessServer: AS });
    const other = await world.agent({ agent: "aauth:other@agent.example", signs: keys.other });
    const untouched = await world.personToken(other);
    const before = await world.ps.issuedTokens(ALICE);
    const heard = told(world);
    expect(await revoke(world, world.server(PROVIDER), jwtOf(first))).toMatchObject({
      status: 200,
      body: {},
    });
    const after = await world.ps.issuedTokens(ALICE);
    expect(after.filter(({ isRevoked }) => !isRevoked).map(({ jti }) => jti)).toEqual([
      claimsOf(untouched).jti,
    ]);
    const names = (resource: string, iss: string) =>
      before
        .filter((token) => token.resource === resource && token.iss === iss && token.agent.sub === AGENT)
        .map(({ jti }) => `${new URL(resource).host} ${jti}`);
    // The access server revokes the tokens that it has issued.
    expect(heard.toSorted()).toEqual(
      [...names(RESOURCE, PS), ...names(PARTS, PS), ...names(PARTS, AS)].toSorted(),
    );
    expect(world.sent.filter((url) => url === `POST ${AS}/aauth/access/revoke`)).toHaveLength(1);
    // The agent still belongs to its person.
    const again = await world.send(second, "POST", PERSON, { resource: RESOURCE });
    expect(again.status).toBe(200);
  });

  it("ends requests that wait for it (N40)", async () => {
    const { world, agent } = await prepared({ ps: { decide: () => ({ type: "approval" }) } });
    const pending = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
    await revoke(world, world.server(PROVIDER), jwtOf(agent));
    const { status, headers } = await world.later(agent, pending);
    expect([status, headers["signature-error"]]).toEqual([401, "error=revoked_jwt"]);
    const next = await world.agent({ lifetimeSeconds: 100 });
    const answer = await world.poll(next, pending);
    expect(answer).toMatchObject(refused(403, "revoked"));
    expect(answer.body.detail).toContain("agent token");
  });

  it("T35: is forwarded for as long as that takes, and polled by its caller alone (N43)", async () => {
    const { world, agent } = await prepared();
    await world.personToken(agent);
    const go = holding(world, 200);
    const own = world.server(PROVIDER);
    const pending = await revoke(world, own, jwtOf(agent), REVOKE, { prefer: "wait=0" });
    expect(pending).toMatchObject({ status: 202, body: { status: "pending" } });
    expect(pending.headers).not.toHaveProperty("aauth-requirement");
    const poll = (from: Caller, headers = {}) =>
      world.send(from, "GET", pending.headers.location!, undefined, { ...SEND, headers });
    expect(await poll(world.server(RESOURCE))).toMatchObject(refused(404, "not_found"));
    expect((await poll(own)).status).toBe(202);
    go();
    expect(await poll(own, { prefer: "wait=5" })).toMatchObject({ status: 200, body: {} });
    expect((await poll(own)).status).toBe(410);
  });

  it("S10a: has its failure downstream reported, by any process, without naming the party (section 11.12.3)", async () => {
    const { world, agent } = await prepared();
    await world.personToken(agent);
    const go = holding(world, 503);
    const own = world.server(PROVIDER);
    const pending = await revoke(world, own, jwtOf(agent), REVOKE, { prefer: "wait=0" });
    go();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const request = await world.request(own, "GET", pending.headers.location!, undefined, SEND);
    const answer = (await world.anotherProcess().handle(request))!;
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('"server_error"') });
    expect(answer.body).not.toContain("resource.example");
    expect(world.sent).toHaveLength(1);
  });

  it("is passed on again, to those that it has not reached", async () => {
    const { world, agent } = await prepared();
    await world.personToken(agent);
    await world.personToken(agent, { resource: PARTS });
    const heard = told(world);
    const own = { status: 503 };
    world.hosts.set("parts.example", () => ({ headers: {}, body: "", ...own }));
    await revoke(world, world.server(PROVIDER), jwtOf(agent));
    expect(heard).toHaveLength(1);
    own.status = 200;
    const sent = world.sent.length;
    await revoke(world, world.server(PROVIDER), jwtOf(agent));
    expect(world.sent.slice(sent)).toEqual([`POST ${PARTS}/revoke`]);
  });
});

describe("a resource token that its resource revokes", () => {
  it("T5: is refused even if it was never seen, and ends requests that wait for it (N40, N42)", async () => {
    const { world, agent } = await prepared();
    const pair = await world.pair(agent);
    expect(await revoke(world, world.server(RESOURCE), pair.resource_token)).toMatchObject({ status: 200 });
    expect(await world.send(agent, "POST", TOKEN, pair)).toMatchObject(
      refused(400, "revoked_resource_token"),
    );

    const slow = await prepared({
      ps: { decide: ({ kind }) => ({ type: kind === "person-token" ? "grant" : "approval" }) },
    });
    const next = await slow.world.pair(slow.agent);
    const pending = await slow.world.send(slow.agent, "POST", TOKEN, next);
    await revoke(slow.world, slow.world.server(RESOURCE), next.resource_token);
    const answer = await slow.world.later(slow.agent, pending);
    expect(answer).toMatchObject(refused(403, "revoked"));
    expect(answer.body.detail).toContain("resource token");
  });
});

describe("a token that a person revokes", () => {
  it("is refused here, at its resource, and at the access servers that have seen it", async () => {
    const { world, agent } = await prepared();
    const pair = await world.pair(agent, { accessServer: AS });
    const { body } = await world.send(agent, "POST", TOKEN, pair);
    const federated = claimsOf(body.auth_token);
    const presented = claimsOf(pair.presented_token);
    const heard = told(world);
    // A token of an access server is revoked together with the person token that it is based on.
    const results = await world.ps.revoke(ALICE, federated);
    expect(results).toEqual([{ recipient: RESOURCE }, { recipient: AS }]);
    expect(heard.toSorted()).toEqual(
      [presented, federated].map(({ jti }) => `resource.example ${jti}`).toSorted(),
    );
    expect(await world.send(agent, "POST", TOKEN, pair)).toMatchObject(
      refused(400, "revoked_presented_token"),
    );
    expect((await world.ps.issuedTokens(ALICE)).every(({ isRevoked }) => isRevoked)).toBe(true);
  });

  it("T36: revokes the tokens obtained with it, and those derived from it", async () => {
    const { world, agent } = await prepared();
    const upstream_token = await world.authToken(agent);
    const { token: jwt } = await issueAgentToken({
      key: keys.resource,
      issuer: RESOURCE,
      agent: "aauth:m@resource.example",
      now: world.clock.now,
      confirmationKey: keys.worker.publicJwk,
    });
    const middle: Caller = { key: keys.worker, credential: { scheme: "jwt", jwt } };
    const chained = await world.send(middle, "POST", PERSON, { resource: PARTS, upstream_token });
    expect(chained.status).toBe(200);
    const stepUp = await world.resourceToken(upstream_token, { scope: "data.write" });
    await world.send(agent, "POST", TOKEN, { resource_token: stepUp, presented_token: upstream_token });
    const [person] = await world.ps.issuedTokens(ALICE);
    expect(person!.type).toBe("person-token");
    const heard = told(world);
    await world.ps.revoke(ALICE, person!);
    expect(heard).toHaveLength(4);
    expect(heard.filter((text) => text.startsWith("parts"))).toEqual([
      `parts.example ${claimsOf(chained.body.person_token).jti}`,
    ]);
    expect((await world.ps.issuedTokens(ALICE)).map(({ isRevoked }) => isRevoked)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it("T24: is revoked by its own person only", async () => {
    const { world, agent } = await prepared();
    const token = claimsOf(await world.personToken(agent));
    expect(await world.ps.revoke("bob", token)).toBeUndefined();
    expect(await world.ps.revoke(ALICE, { iss: PS, jti: "unknown" })).toBeUndefined();
    expect(await world.ps.revokeAgent("bob", { iss: PROVIDER, sub: AGENT })).toBeUndefined();
    expect((await world.ps.issuedTokens(ALICE))[0]!.isRevoked).toBe(false);
  });

  it("T23: may include everything of an agent, and its person's consents", async () => {
    const world = createWorld();
    const agent = await world.agent();
    await world.authToken(agent);
    const ask = (resource: string) =>
      world.send(agent, "POST", PERSON, { resource, capabilities: CAPABILITIES });
    expect((await ask(RESOURCE)).status).toBe(200);
    const results = await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(results).toHaveLength(3);
    const asked = await ask(RESOURCE);
    expect(asked.status).toBe(202);
    // The agent remains this person's, and a new consent does not restore an earlier one.
    await expect(world.approve(asked, { person: "bob" })).rejects.toThrow("other_person");
    const parts = await ask(PARTS);
    await world.approve(parts);
    expect((await ask(RESOURCE)).status).toBe(202);
  });

  it("T23: cannot be restored by a policy, only by the person", async () => {
    const world = createWorld({ ps: { decide: () => ({ type: "grant" }), personOf: () => ALICE } });
    const agent = await world.agent();
    const ask = () => world.send(agent, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES });
    expect((await ask()).status).toBe(200);
    await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    const asked = await ask();
    expect(asked.status).toBe(202);
    await world.approve(asked);
    expect((await ask()).status).toBe(200);
  });

  it("T23: ends grants that were not yet fetched, too", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const asked = await world.send(agent, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES });
    await world.approve(asked);
    await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(await world.send(agent, "GET", asked.headers.location!)).toMatchObject({
      status: 403,
      body: { error: "denied" },
    });
  });

  it("is reported by recipient, whether it has no endpoint or does not answer", async () => {
    const { world, agent } = await prepared();
    const at = async (change: () => void) => {
      const token = claimsOf(await world.personToken(agent));
      change();
      return world.ps.revoke(ALICE, token);
    };
    const answering = (status: number, body = "", headers: Record<string, string> = {}) =>
      at(() => world.hosts.set("resource.example", () => ({ status, headers, body })));
    const unavailable = [{ recipient: RESOURCE, error: "revocation_unavailable" }];
    expect(await answering(200)).toEqual([{ recipient: RESOURCE }]);
    expect(await answering(200, "{}")).toEqual([{ recipient: RESOURCE }]);
    expect(await answering(403, '{"error":"unsupported_iss"}')).toEqual([
      { recipient: RESOURCE, error: "revocation_unsupported" },
    ]);
    const silent = { recipient: PARTS, error: "revocation_unsupported" };
    world.documents.set(`${PARTS}/.well-known/aauth-resource.json`, resourceMetadata({ issuer: PARTS }));
    expect(
      await world.ps.revoke(ALICE, claimsOf(await world.personToken(agent, { resource: PARTS }))),
    ).toEqual([silent]);
    expect(await answering(200, "<html>")).toEqual(unavailable);
    expect(await answering(200, '{"downstream":"none"}')).toEqual(unavailable);
    const unnamed = '{"downstream":[{"recipient":"parts","error":"revocation_unavailable"}]}';
    expect(await answering(200, unnamed)).toEqual(unavailable);
    expect(await answering(500)).toEqual(unavailable);
    expect(await answering(202, "{}", { location: "https://evil.example/p" })).toEqual(unavailable);
    expect(world.sent.filter((url) => url.includes("evil"))).toEqual([]);
    let polls = 0;
    const late = await at(() =>
      world.hosts.set("resource.example", () => {
        polls += 1;
        return polls > 2
          ? { status: 200, headers: {}, body: "" }
          : { status: 202, headers: { location: "/revoke/1", "retry-after": "0" }, body: "{}" };
      }),
    );
    expect(late).toEqual([{ recipient: RESOURCE }]);
    expect(
      await at(() => world.hosts.set("resource.example", () => Promise.reject(new Error("down")))),
    ).toEqual(unavailable);
    const token = claimsOf(await world.personToken(agent, { resource: "https://silent.example" }));
    expect(await world.ps.revoke(ALICE, token)).toEqual([
      { recipient: "https://silent.example", error: "revocation_unavailable" },
    ]);
  });
});

describe("a person token that is revoked at an access server", () => {
  const AT = `${AS}/aauth/access/revoke`;

  it("revokes the auth tokens that were issued on it, and those derived from them (N42)", async () => {
    const { world, agent } = await prepared();
    const pair = await world.pair(agent, { accessServer: AS });
    const first = (await world.send(agent, "POST", TOKEN, pair)).body.auth_token;
    const own = { accessServer: AS, scope: "data.write" };
    const step = { resource_token: await world.resourceToken(first, own), presented_token: first };
    const second = (await world.send(agent, "POST", TOKEN, step)).body.auth_token;
    const heard = told(world);
    const answer = await revoke(world, world.server(PS), pair.presented_token, AT);
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(answer.body).toEqual({ downstream: [{ recipient: RESOURCE }, { recipient: RESOURCE }] });
    expect(heard).toEqual([first, second].map((token) => `resource.example ${claimsOf(token).jti}`));
    world.clock.advance(1);
    expect(await world.send(agent, "POST", TOKEN, step)).toMatchObject(
      refused(400, "revoked_presented_token"),
    );
    // A second revocation has nothing left to revoke.
    expect((await revoke(world, world.server(PS), pair.presented_token, AT)).status).toBe(200);
    expect(heard).toHaveLength(2);
  });

  it("reports where that failed", async () => {
    const { world, agent } = await prepared();
    const pair = await world.pair(agent, { accessServer: AS });
    await world.send(agent, "POST", TOKEN, pair);
    told(world, () => ({ status: 500 }));
    const { body } = await revoke(world, world.server(PS), pair.presented_token, AT);
    expect(body).toEqual({ downstream: [{ recipient: RESOURCE, error: "revocation_unavailable" }] });
  });

  it("T35: is accepted only from servers whose tokens are accepted", async () => {
    const { world, agent } = await prepared();
    const jwt = jwtOf(agent);
    expect(await revoke(world, world.server(PROVIDER), jwt, AT)).toMatchObject(
      refused(403, "unsupported_iss"),
    );
    expect(await revoke(world, world.server(RESOURCE), jwt, AT)).toMatchObject({ status: 200, body: {} });
  });

  it("may be revoked by the access server itself", async () => {
    const { world, agent } = await prepared();
    const token = claimsOf(await world.authToken(agent, { accessServer: AS }));
    const heard = told(world);
    const listed = {
      type: "auth-token",
      jti: token.jti,
      exp: token.exp,
      personServer: PS,
      subject: token.sub,
    };
    expect(await world.as.issued(RESOURCE)).toMatchObject([{ ...listed, isRevoked: false }]);
    expect(await world.as.issued(PARTS)).toEqual([]);
    expect(await world.as.revoke(token.jti)).toEqual([{ recipient: RESOURCE }]);
    expect(heard).toEqual([`resource.example ${token.jti}`]);
    expect(await world.as.issued(RESOURCE)).toMatchObject([{ ...listed, isRevoked: true }]);
    expect(await world.as.revoke("unknown")).toBeUndefined();
    world.clock.advance(3_600);
    expect(await world.as.issued(RESOURCE)).toEqual([]);
  });
});

describe("the issuer of a token", () => {
  it("revokes it at the servers that it was for (N42)", async () => {
    const { world, agent } = await prepared();
    const pair = await world.pair(agent, { accessServer: AS });
    const { discovery, transport, clock } = world;
    const common = { discovery, transport, now: clock.now };
    const ofResource = { ...common, issuer: RESOURCE, kind: "resource", key: keys.resource } as const;
    const { jti, exp } = claimsOf(pair.resource_token);
    for (const [recipient, recipientKind] of [
      [AS, "access"],
      [PS, "person"],
    ] as const) {
      expect(await sendRevocation({ ...ofResource, recipient, recipientKind, jti, exp })).toEqual({
        recipient,
      });
    }
    const body = { ...pair, agent_token: jwtOf(agent) };
    const asked = await world.send(world.server(PS), "POST", `${AS}/aauth/access/token`, body);
    expect(asked).toMatchObject(refused(400, "revoked_resource_token"));
    expect(await world.send(agent, "POST", TOKEN, pair)).toMatchObject(
      refused(400, "revoked_resource_token"),
    );

    const ofProvider = { ...common, issuer: PROVIDER, kind: "agent", key: keys.provider } as const;
    const own = claimsOf(jwtOf(agent));
    const at = { recipient: AS, recipientKind: "access", jti: own.jti, exp: own.exp } as const;
    expect(await sendRevocation({ ...ofProvider, ...at })).toEqual({
      recipient: AS,
      error: "revocation_unsupported",
    });
    expect(await sendRevocation({ ...ofProvider, ...at, recipient: PS, recipientKind: "person" })).toEqual({
      recipient: PS,
    });
    expect((await world.send(agent, "POST", TOKEN, pair)).status).toBe(401);
    const nowhere = { ...at, recipient: "https://silent.example", recipientKind: "person" } as const;
    expect(await sendRevocation({ ...ofProvider, ...nowhere })).toMatchObject({
      error: "revocation_unavailable",
    });
  });
});

describe("a token that is revoked while a policy decides on a request with it", () => {
  it("T5: ends the request at a person server", async () => {
    const decide = async (): Promise<Decision> => {
      await revoke(world, world.server(PROVIDER), jwtOf(agent));
      return grant();
    };
    const { world, agent } = await prepared({ ps: { decide } });
    expect(await world.send(agent, "POST", PERSON, { resource: RESOURCE })).toMatchObject(
      refused(403, "revoked"),
    );
  });

  it("ends it at an access server", async () => {
    const decide = async (): Promise<Decision> => {
      await revoke(world, world.server(PS), pair.presented_token, `${AS}/aauth/access/revoke`);
      return grant();
    };
    const { world, agent } = await prepared({ as: { decide } });
    const pair = await world.pair(agent, { accessServer: AS });
    expect(await world.send(agent, "POST", TOKEN, pair)).toMatchObject(refused(403, "revoked"));
  });
});

describe("a revocation of a server whose tokens are not accepted", () => {
  it("is refused by an access server before anything is fetched", async () => {
    const { world, agent } = await prepared();
    const from = { scheme: "jwks_uri", id: "https://other.example", document: "aauth-person.json" } as const;
    const answer = await revoke(
      world,
      { key: keys.other, credential: from },
      jwtOf(agent),
      `${AS}/aauth/access/revoke`,
    );
    expect(answer).toMatchObject(refused(403, "unsupported_iss"));
    expect(world.fetched).toEqual([]);
  });
});

describe("an agent token that lives longer than a revocation is kept", () => {
  it("T6: is refused", async () => {
    const { world, agent } = await prepared();
    const exp = world.clock.now() + 30 * 86_400;
    const jwt = await changed(jwtOf(agent), keys.provider, { exp });
    const own = { key: agent.key, credential: { scheme: "jwt", jwt } } as const;
    expect(await revoke(world, world.server(PROVIDER), jwt)).toMatchObject(refused(400, "invalid_request"));
    const { status, headers } = await world.send(own, "POST", PERSON, { resource: RESOURCE });
    expect([status, headers["signature-error"]]).toEqual([401, "error=invalid_jwt"]);
    const sub = { agent: "aauth:planner+s@agent.example", parentAgent: AGENT };
    const child = await world.agentToken({ ...sub, confirmationKey: keys.worker.publicJwk });
    const subagent_token = await changed(child, keys.provider, { exp });
    expect(await world.send(agent, "POST", PERSON, { resource: RESOURCE, subagent_token })).toMatchObject(
      refused(400, "invalid_subagent_token"),
    );
  });
});
