/**
 * Holes that the second audit found in the person server and the access server; known-holes.md,
 * section S.
 */

import { afterEach, describe, expect, it, vi } from "vitest";
import { PersonRecords } from "../../src/server/person-records.ts";
import { keyOf } from "../../src/server/stores.ts";
import type { Decision } from "../../src/server/types.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import type { TestRequest } from "../../src/testing/signed-request.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import {
  AGENT,
  ALICE,
  AS,
  CAPABILITIES,
  type Caller,
  claimsOf,
  codeOf,
  createWorld,
  grant,
  jwtOf,
  opened,
  PARTS,
  PERSON,
  PROVIDER,
  PS,
  RESOURCE,
  type Read,
  refused,
  storesOf,
  TOKEN,
  type World,
  type WorldOptions,
} from "./world.ts";

const granting: WorldOptions = { ps: { personOf: () => ALICE, decide: grant } };

const memoryStores = (now: () => number, maxEntries: number) =>
  storesOf(() => createMemoryRecordStore<unknown>({ maxEntries, now }));

/** Agents of another provider, each with another name. */
async function strangers(world: World, count: number): Promise<readonly Caller[]> {
  const provider = "https://mallory.example";
  world.documents.set(`${provider}/.well-known/aauth-agent.json`, {
    issuer: provider,
    jwks_uri: `${provider}/jwks.json`,
  });
  const jwks = world.documents.get(`${PROVIDER}/jwks.json`);
  world.documents.set(`${provider}/jwks.json`, jwks);
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      world.agent({ issuer: provider, agent: `aauth:m${index}@mallory.example` }),
    ),
  );
}

describe("a request without an issued token", () => {
  it("S1a: stores nothing of its agent token", async () => {
    const world = createWorld({ ps: { personOf: () => ALICE, decide: () => ({ type: "deny" }) } });
    const kept = world.stores.tokens;
    const put = vi.spyOn(kept, "put");
    const update = vi.spyOn(kept, "update");
    for (const lifetimeSeconds of [100, 200, 300]) {
      const agent = await world.agent({ lifetimeSeconds });
      const answer = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
      expect(answer).toMatchObject(refused(403, "denied"));
    }
    expect([put.mock.calls.length, update.mock.calls.length]).toEqual([0, 0]);
  });
});

describe("an agent that gets tokens on ever new agent tokens", () => {
  it("S1b: is refused beyond a limit per agent, and other agents of its person are not", async () => {
    const { now } = createTestClock();
    const { people, tokens } = memoryStores(now, 50_000);
    const records = new PersonRecords(people, tokens, now);
    const add = (index: number, sub = AGENT) =>
      records.add({
        type: "person-token",
        iss: PS,
        jti: `${sub} ${index}`,
        exp: now() + 3_600,
        person: ALICE,
        agent: { iss: PROVIDER, sub },
        agentTokens: [{ jti: `${sub} ${index}`, sub, exp: now() + 86_400 }],
        resource: RESOURCE,
        subject: "s",
        scopes: [],
        shownTo: [],
      });
    for (let index = 0; index < 1_000; index++) await add(index);
    await expect(add(1_000)).rejects.toMatchObject({ status: 429, error: "slow_down" });
    expect(await records.tokensOf(ALICE)).toHaveLength(1_000);
    await add(0, "aauth:other@agent.example");
  });
});

describe("a store that other owners have filled", () => {
  const asking = { resource: RESOURCE, capabilities: CAPABILITIES };

  it("S1c: is answered with 503 and Retry-After at once, drops nothing, and leaves other owners room", async () => {
    const clock = { seconds: 1_795_805_180 };
    const now = () => clock.seconds;
    const world = createWorld({
      now,
      ps: { stores: memoryStores(now, 60), decide: () => ({ type: "interaction" }) },
    });
    const honest = await world.agent();
    const pending = await world.send(honest, "POST", PERSON, asking);
    expect(pending.status).toBe(202);
    let full: Read | undefined;
    for (const agent of await strangers(world, 40)) {
      full = await world.send(agent, "POST", PERSON, asking);
      if (full.status !== 202) break;
    }
    expect(full).toMatchObject({ ...refused(503, "server_error"), headers: { "retry-after": "60" } });
    await world.approve(pending);
    clock.seconds += 1;
    expect((await world.poll(honest, pending)).status).toBe(200);
    expect((await world.send(honest, "POST", PERSON, { ...asking, resource: PARTS })).status).toBe(202);
  });

  it("S1d: still accepts the revocation of earlier tokens", async () => {
    const clock = { seconds: 1_795_805_180 };
    const now = () => clock.seconds;
    const world = createWorld({
      now,
      ps: { stores: memoryStores(now, 60), personOf: () => ALICE, decide: grant },
    });
    const agent = await world.agent();
    const tokens: string[] = [];
    let answer = await world.send(agent, "POST", PERSON, asking);
    while (answer.status === 200) {
      tokens.push(answer.body.person_token);
      answer = await world.send(agent, "POST", PERSON, asking);
    }
    expect(answer).toMatchObject({ ...refused(503, "server_error"), headers: { "retry-after": "60" } });
    const results = await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(results).toHaveLength(tokens.length);
    expect((await world.ps.issuedTokens(ALICE)).every(({ isRevoked }) => isRevoked)).toBe(true);
  });

  it("S1e: is not occupied by changes in progress: a request is changed by one caller at a time", async () => {
    let running = 0;
    let most = 0;
    const decide = async (): Promise<Decision> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      return { type: "clarification", question: "Why?" };
    };
    const world = createWorld({ ps: { personOf: () => ALICE, decide } });
    const agent = await world.agent();
    const pending = await world.send(agent, "POST", PERSON, asking);
    const other = world.anotherProcess();
    const body = { action: "clarification_response", clarification_response: "Because" };
    const putIfAbsent = vi.spyOn(world.stores.pending, "putIfAbsent");
    const requests: TestRequest[] = [];
    for (let index = 0; index < 4; index++) {
      world.clock.advance(1);
      const url = pending.headers.location!;
      requests.push(await world.request(agent, "POST", url, body, { endpoint: "pending" }));
    }
    const answers = await Promise.all(
      requests.map((request, index) => (index % 2 === 0 ? world.ps : other).handle(request)),
    );
    expect(answers.map((answer) => answer!.status)).not.toContain(500);
    expect(most).toBe(1);
    expect(putIfAbsent).not.toHaveBeenCalled();
  });
});

describe("a revocation that a party has not confirmed", () => {
  afterEach(() => void vi.useRealTimers());

  /** Lets this many seconds of retries run. */
  const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

  it("S7b: is repeated at growing intervals until it is confirmed", async () => {
    const world = createWorld(granting);
    const token = claimsOf(await world.personToken(await world.agent()));
    const at: number[] = [];
    let status = 503;
    world.hosts.set("resource.example", () => {
      at.push(Date.now());
      return { status, headers: {}, body: "" };
    });
    vi.useFakeTimers();
    expect(await world.ps.revoke(ALICE, token)).toEqual([
      { recipient: RESOURCE, error: "revocation_unavailable" },
    ]);
    await pass(15);
    const gaps = at.slice(1).map((time, index) => Math.round((time - at[index]!) / 1000));
    expect(gaps).toEqual([2, 4, 8]);
    expect((await world.ps.issuedTokens(ALICE))[0]).toMatchObject({
      isRevoked: true,
      unconfirmed: [{ recipient: RESOURCE, error: "revocation_unavailable" }],
    });
    status = 200;
    await pass(16);
    expect(at).toHaveLength(5);
    expect((await world.ps.issuedTokens(ALICE))[0]).toMatchObject({ isRevoked: true, unconfirmed: [] });
    await pass(600);
    expect(at).toHaveLength(5);
  });

  it("S7b: is repeated no longer than the token lives, and by another process that shows the grants", async () => {
    const world = createWorld(granting);
    const token = claimsOf(await world.personToken(await world.agent()));
    let heard = 0;
    world.hosts.set("resource.example", () => {
      heard += 1;
      return { status: 503, headers: {}, body: "" };
    });
    vi.useFakeTimers();
    await world.ps.revoke(ALICE, token);
    const other = world.anotherProcess();
    await other.issuedTokens(ALICE);
    await pass(2);
    expect(heard).toBe(3);
    world.clock.advance(3_600);
    await pass(600);
    expect(heard).toBe(3);
  });

  it("S10b: of an access server's own parties is not taken as done, and is sent again (section 11.12.3)", async () => {
    const world = createWorld(granting);
    const agent = await world.agent();
    const pair = await world.pair(agent, { accessServer: AS });
    expect((await world.send(agent, "POST", TOKEN, pair)).status).toBe(200);
    let isDown = true;
    const token = claimsOf(pair.presented_token);
    world.hosts.set("resource.example", (_url, { body }) => {
      const { jti } = JSON.parse(new TextDecoder().decode(body));
      return { status: isDown && jti !== token.jti ? 503 : 200, headers: {}, body: "" };
    });
    vi.useFakeTimers();
    expect(await world.ps.revoke(ALICE, token)).toEqual([
      { recipient: RESOURCE },
      { recipient: AS },
      { recipient: RESOURCE, error: "revocation_unavailable" },
    ]);
    const ofToken = async () => (await world.ps.issuedTokens(ALICE)).find(({ jti }) => jti === token.jti);
    expect(await ofToken()).toMatchObject({
      unconfirmed: [{ recipient: RESOURCE, error: "revocation_unavailable" }],
    });
    isDown = false;
    world.clock.advance(2);
    const before = world.sent.length;
    await pass(6);
    expect(world.sent.slice(before)).toContain(`POST ${AS}/aauth/access/revoke`);
    expect(await ofToken()).toMatchObject({ unconfirmed: [] });
  });
});

describe("a held poll whose connection is gone", () => {
  it("S19: does not use up a decision made meanwhile", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const pending = await world.send(agent, "POST", PERSON, {
      resource: RESOURCE,
      capabilities: CAPABILITIES,
    });
    const { reference, version } = opened(await world.ps.open(codeOf(pending.headers), "browser"));
    expect((await world.later(agent, pending)).body).toMatchObject({ status: "interacting" });
    world.clock.advance(1);
    const gone = new AbortController();
    const request = await world.request(agent, "GET", pending.headers.location!, undefined, {
      endpoint: "pending",
      headers: { prefer: "wait=30" },
    });
    const held = world.ps.handle({ ...request, signal: gone.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    gone.abort();
    expect(await world.ps.approve(reference, { person: ALICE, version })).toBe("done");
    await held;
    expect(await world.later(agent, pending)).toMatchObject({ status: 200 });
    expect((await world.poll(agent, pending)).status).toBe(410);
  });
});

describe("an updated request after the grant", () => {
  it("S9: may not change account or scope at an access server, whose owner is not asked again", async () => {
    const { now } = createTestClock();
    const kept = createMemoryRecordStore<unknown>({ maxEntries: 1_000, now });
    const world = createWorld({
      ...granting,
      as: { decide: () => ({ type: "approval" }), stores: storesOf(() => kept) },
    });
    const agent = await world.agent();
    const pair = await world.pair(agent, { accessServer: AS });
    const server = world.server(PS);
    const url = `${AS}/aauth/access/token`;
    const pending = await world.send(server, "POST", url, { ...pair, agent_token: jwtOf(agent) });
    const [waiting] = await world.as.waiting(RESOURCE);
    expect(await world.as.ask(waiting!.reference, { question: "Why?" })).toBe("done");
    expect(await world.as.approve(waiting!.reference, { version: 0 })).toBe("done");
    // A question after the grant would reopen the request.
    expect(await world.as.ask(waiting!.reference, { question: "And?" })).toBe("unable");
    const more = {
      action: "updated_request",
      presented_token: pair.presented_token,
      resource_token: await world.resourceToken(pair.presented_token, {
        accessServer: AS,
        scope: "data.write",
        account: "another",
      }),
    };
    const update = async () => {
      world.clock.advance(1);
      const url = pending.headers.location!;
      return world.send(server, "POST", url, more, { endpoint: "pending" });
    };
    expect(await update()).toMatchObject(refused(400, "invalid_request"));
    // A request with an open question does not accept the update, either.
    const name = pending.headers.location!.split("/").at(-1)!;
    await kept.update(`request ${name}`, (value) => ({
      value: { ...(value as object), clarification: { question: "And?", from: "policy" } },
      owner: keyOf("account", "ps.example"),
      ttlSeconds: 600,
    }));
    expect(await update()).toMatchObject(refused(400, "invalid_resource_token"));
    await kept.update(`request ${name}`, (value) => ({
      value: { ...(value as object), clarification: undefined },
      owner: keyOf("account", "ps.example"),
      ttlSeconds: 600,
    }));
    const { body } = await world.later(server, pending);
    expect(claimsOf(body.auth_token)).toMatchObject({ scope: "data.read" });
  });
});

describe("an agent token that names another person server, or no person server", () => {
  it("S32d: is refused, but of an intermediary (sections 7.1 and 10.1.1)", async () => {
    const world = createWorld(granting);
    for (const personServer of [undefined, "https://other.example"]) {
      const agent = await world.agent({ personServer });
      const answer = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
      expect([answer.status, answer.headers["signature-error"]]).toEqual([401, "error=invalid_jwt"]);
    }
  });
});
