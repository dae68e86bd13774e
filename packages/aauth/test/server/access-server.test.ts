import { describe, expect, it } from "vitest";
import type { AuthTokenClaims } from "../../src/draft-11/claims.ts";
import { verifyAuthToken } from "../../src/draft-11/verify-tokens.ts";
import type { AAuthEvent } from "../../src/profile/events.ts";
import { AccessRecords } from "../../src/server/access-records.ts";
import { createAccessServer } from "../../src/server/access-server.ts";
import type { ServerParts } from "../../src/server/server-types.ts";
import type { Decision } from "../../src/server/types.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import {
  AGENT,
  ALICE,
  AS,
  type Caller,
  changed,
  claimsOf,
  codeOf,
  createWorld,
  keys,
  opened,
  PARTS,
  POLL,
  PROVIDER,
  PS,
  RESOURCE,
  read,
  refused,
  type WorldOptions,
} from "./world.ts";

const TOKEN = `${AS}/aauth/access/token`;

async function prepared(options: WorldOptions = {}) {
  const world = createWorld({ ps: { personOf: () => ALICE, decide: () => ({ type: "grant" }) }, ...options });
  const agent = await world.agent();
  const { jwt: agent_token } = agent.credential as { jwt: string };
  const ps = world.server(PS);
  const pair = await world.pair(agent, { accessServer: AS });
  const ask = (over: object = {}, who: Caller = ps) =>
    world.send(who, "POST", TOKEN, { ...pair, agent_token, ...over });
  return { world, agent, agent_token, ps, pair, ask };
}

describe("an access server's document", () => {
  it("names its endpoints", async () => {
    const { as } = createWorld();
    const target = "/.well-known/aauth-access.json";
    expect(read((await as.handle({ method: "GET", target, headers: {}, body: undefined }))!).body).toEqual({
      issuer: AS,
      jwks_uri: `${AS}/jwks.json`,
      auth_token_endpoint: TOKEN,
      revocation_endpoint: `${AS}/aauth/access/revoke`,
    });
    expect(await as.handle({ method: "GET", target: "/x", headers: {}, body: undefined })).toBeUndefined();
  });

  it("cannot be made of a malformed identifier", () => {
    const { discovery } = createWorld();
    const decide = (): Decision => ({ type: "grant" });
    const own = { key: keys.as, discovery, resources: [], personServers: [], decide };
    expect(() => createAccessServer({ ...own, issuer: "http://as.example" })).toThrow(TypeError);
  });
});

describe("an auth token of an access server", () => {
  it("contains what the resource token requires, and expires with its source", async () => {
    const seen: unknown[] = [];
    const decide = (asked: object): Decision => {
      seen.push(asked);
      return { type: "grant", scopes: ["data.read", "admin"] };
    };
    const { world, agent, agent_token, ps } = await prepared({
      ps: { personOf: () => ALICE, decide: () => ({ type: "grant", tenant: "acme" }) },
      as: { decide },
    });
    const over = { accessServer: AS, scope: "data.read data.write", account: "one", loginHint: "dana" };
    const pair = await world.pair(agent, over);
    world.clock.advance(100);
    const { status, body } = await world.send(ps, "POST", TOKEN, { ...pair, agent_token });
    expect(status).toBe(200);
    const { clock, discovery } = world;
    const verified = await verifyAuthToken(body.auth_token, {
      audience: RESOURCE,
      trustedIssuers: [AS],
      discovery,
      now: clock.now,
    });
    const presented = claimsOf(pair.presented_token);
    expect(verified.claims).toMatchObject({
      iss: AS,
      ps: PS,
      aud: RESOURCE,
      sub: presented.sub,
      exp: presented.exp,
      scope: "data.read",
      account: "one",
      tenant: "acme",
    });
    expect(body.expires_in).toBe(presented.exp - clock.now());
    expect(verified.key.thumbprint).toBe(keys.agent.thumbprint);
    expect(seen).toEqual([
      {
        kind: "auth-token",
        agent: { iss: PROVIDER, sub: AGENT },
        personServer: PS,
        resource: RESOURCE,
        subject: presented.sub,
        tenant: "acme",
        account: "one",
        consented: false,
        scopes: ["data.read", "data.write"],
        capabilities: ["interaction", "clarification"],
        fromAgent: { answers: [] },
        fromResource: {
          name: "The resource.example",
          loginHint: "dana",
          scopeDescriptions: { "data.read": "Read your data" },
        },
      },
    ]);
  });

  it("is for the sub-agent, also after an upstream token and a step-up", async () => {
    const { world, agent, agent_token, ps, ask } = await prepared();
    const sub = { agent: "aauth:planner+s@agent.example", parentAgent: AGENT, lifetimeSeconds: 120 };
    const subagent_token = await world.agentToken({ ...sub, confirmationKey: keys.worker.publicJwk });
    const presented_token = await world.personToken(agent, { subagent_token });
    const own = { accessServer: AS, thumbprint: keys.worker.thumbprint };
    const resource_token = await world.resourceToken(presented_token, own);
    const first = await ask({ resource_token, presented_token, subagent_token });
    expect(claimsOf(first.body.auth_token)).toMatchObject({ exp: world.clock.now() + 120 });
    // After a step-up the presented token is the access server's own.
    const again = await world.resourceToken(first.body.auth_token, { ...own, scope: "data.write" });
    const body = {
      resource_token: again,
      presented_token: first.body.auth_token,
      agent_token,
      subagent_token,
    };
    const second = await world.send(ps, "POST", TOKEN, body);
    expect(claimsOf(second.body.auth_token)).toMatchObject({
      scope: "data.write",
      exp: world.clock.now() + 120,
    });
  });
});

describe("a token request at an access server that is refused", () => {
  it("T4: is sent by another party than a known person server (N14, N15)", async () => {
    const { world, agent, ask } = await prepared();
    const error = async (who: Caller) => {
      const { status, headers } = await ask({}, who);
      return [status, headers["signature-error"], headers["accept-signature-scheme"]];
    };
    expect(await error(agent)).toEqual([401, "error=unsupported_scheme", "jwks_uri"]);
    const fetched = world.fetched.length;
    const untrusted = {
      key: keys.other,
      credential: { scheme: "jwks_uri", id: "https://ps2.example", document: "aauth-person.json" },
    } as const;
    expect((await error(untrusted)).slice(0, 2)).toEqual([403, undefined]);
    const asResource = {
      key: keys.ps,
      credential: { scheme: "jwks_uri", id: PS, document: "aauth-resource.json" },
    } as const;
    expect((await error(asResource))[0]).toBe(401);
    expect(world.fetched).toHaveLength(fetched);
    expect((await error({ ...world.server(PS), key: keys.other }))[0]).toBe(401);
  });

  it("T8: lacks a token, or has an invalid agent token (N3)", async () => {
    const { world, agent_token, pair, ask } = await prepared();
    for (const name of ["resource_token", "agent_token", "presented_token"]) {
      expect(await ask({ [name]: undefined })).toMatchObject(refused(400, "invalid_request"));
    }
    const old = await changed(agent_token, keys.provider, { exp: world.clock.now() });
    const sub = await world.agentToken({ agent: "aauth:planner+s@agent.example", parentAgent: AGENT });
    for (const bad of ["x.y.z", sub, pair.presented_token, await changed(agent_token, keys.other, {}), old]) {
      expect(await ask({ agent_token: bad })).toMatchObject(refused(400, "invalid_request"));
    }
  });

  it("T8: has a resource token of another resource, person server or key (N4 to N6)", async () => {
    const { world, agent, pair, ask } = await prepared({ as: { resources: [RESOURCE] } });
    const invalid = refused(400, "invalid_resource_token");
    const { presented_token } = pair;
    const elsewhere = await world.pair(agent, { issuer: PARTS, key: keys.parts, accessServer: AS });
    expect((await ask()).status).toBe(200);
    const fetched = world.fetched.length;
    expect(await ask(elsewhere)).toMatchObject(invalid);
    expect(await ask({ resource_token: "x.y.z" })).toMatchObject(invalid);
    expect(world.fetched).toHaveLength(fetched);
    for (const over of [
      { thumbprint: keys.other.thumbprint },
      { accessServer: "https://as2.example" },
      { claims: { ps: "https://ps2.example" } },
      { claims: { sub: "other" } },
      { claims: { tenant: "acme" } },
      { claims: { presented_jti: "other" } },
      { key: keys.other },
    ]) {
      const resource_token = await world.resourceToken(presented_token, { accessServer: AS, ...over });
      expect(await ask({ resource_token }), JSON.stringify(over)).toMatchObject(invalid);
    }
  });

  it("shows a token of another person server, key, resource or time (N7, N8)", async () => {
    const { world, agent, pair, ask } = await prepared();
    const invalid = refused(400, "invalid_presented_token");
    const { presented_token } = pair;
    const cnf = { jwk: { ...keys.other.publicJwk, alg: "Ed25519" } };
    const other = { iss: "https://ps2.example" };
    for (const claims of [{ cnf }, { aud: PARTS }, other]) {
      expect(await ask({ presented_token: await changed(presented_token, keys.ps, claims) })).toMatchObject(
        invalid,
      );
    }
    expect(await ask({ presented_token: (agent.credential as { jwt: string }).jwt })).toMatchObject(invalid);
    const old = await changed(presented_token, keys.ps, { exp: world.clock.now() });
    expect(await ask({ presented_token: old })).toMatchObject(refused(400, "expired_presented_token"));
    const { jti, exp } = claimsOf(presented_token);
    await world.send(
      world.server(PS),
      "POST",
      `${AS}/aauth/access/revoke`,
      { jti, exp },
      { endpoint: "revocation" },
    );
    expect(await ask()).toMatchObject(refused(400, "revoked_presented_token"));
  });

  it("has an upstream token that is not the intermediary's, or of another person server (N30)", async () => {
    const { world, agent, ask } = await prepared();
    const invalid = refused(400, "invalid_upstream_token");
    expect(await ask({ upstream_token: await world.personToken(agent) })).toMatchObject(invalid);
    const upstream = await changed(await world.personToken(agent), keys.ps, { aud: PROVIDER });
    const { status, body } = await ask({
      upstream_token: await changed(upstream, keys.ps, { exp: world.clock.now() + 60 }),
    });
    expect(status).toBe(200);
    expect(claimsOf(body.auth_token).exp).toBe(world.clock.now() + 60);
    const other = await changed(await world.authToken(agent, { accessServer: AS }), keys.as, {
      aud: PROVIDER,
      ps: "https://ps2.example",
    });
    expect(await ask({ upstream_token: other })).toMatchObject(invalid);
    const late = await changed(upstream, keys.ps, { exp: world.clock.now() });
    expect(await ask({ upstream_token: late })).toMatchObject(refused(400, "expired_upstream_token"));
  });
});

describe("a pending request at an access server", () => {
  it("T32: belongs to the person server that sent it, and accepts claims, answers and a cancellation", async () => {
    const decide = ({ claims }: { claims?: object | undefined }): Decision =>
      claims === undefined ? { type: "claims", names: ["email"] } : { type: "interaction" };
    const { world, ps, ask } = await prepared({ as: { decide, personServers: [PS, RESOURCE] } });
    const pending = await ask();
    expect(pending.headers["aauth-requirement"]).toBe("requirement=claims");
    expect(pending.body).toEqual({ status: "pending", required_claims: ["email"] });
    const url = pending.headers.location!;
    expect(await world.poll(world.server(RESOURCE), pending)).toMatchObject(refused(404, "not_found"));
    expect(await world.send(ps, "POST", url, { email: "e", sub: "s" }, POLL)).toMatchObject(
      refused(400, "invalid_request"),
    );
    expect(await world.send(ps, "POST", url, { action: "other" }, POLL)).toMatchObject(
      refused(400, "invalid_request"),
    );
    const next = await world.send(ps, "POST", url, { email: "e", other: 1 }, POLL);
    expect(codeOf(next.headers)).not.toBe("");
    expect(await world.send(ps, "POST", url, { email: "e" }, POLL)).toMatchObject(
      refused(400, "invalid_request"),
    );
    const { reference, request } = opened(await world.as.open(codeOf(next.headers), "b"));
    expect(request.claims).toEqual({ email: "e" });
    expect(await world.as.ask(reference, { question: "Why?" })).toBe("done");
    const answer = { action: "clarification_response", clarification_response: "x" };
    expect((await world.send(ps, "POST", url, answer, POLL)).status).toBe(202);
    expect((await world.as.find(reference))!.request.fromAgent.answers).toEqual([
      { question: "Why?", answer: "x" },
    ]);
    expect(await world.as.approve(reference, { version: 0 })).toBe("changed");
    await world.as.abandon(reference);
    expect(await world.later(ps, pending)).toMatchObject(refused(403, "abandoned"));
    expect(await world.poll(ps, pending)).toMatchObject({ status: 410 });
  });

  it("may become a smaller one, of the same resource (N37)", async () => {
    const decide = ({ scopes }: { scopes: readonly string[] }): Decision =>
      scopes.includes("data.write") ? { type: "clarification", question: "Why write?" } : { type: "grant" };
    const { world, agent, agent_token, ps } = await prepared({ as: { decide } });
    const pair = await world.pair(agent, { accessServer: AS, scope: "data.read data.write" });
    const pending = await world.send(ps, "POST", TOKEN, { ...pair, agent_token });
    const url = pending.headers.location!;
    const update = (over: object) =>
      world.send(ps, "POST", url, { action: "updated_request", ...over }, POLL);
    const elsewhere = await world.pair(agent, { issuer: PARTS, key: keys.parts, accessServer: AS });
    const { presented_token: other } = elsewhere;
    const silent = { issuer: "https://silent.example", key: keys.parts, accessServer: AS };
    const fetched = world.fetched.length;
    const untrusted = await update({
      resource_token: await world.resourceToken(other, silent),
      presented_token: other,
    });
    expect(untrusted).toMatchObject(refused(400, "invalid_resource_token"));
    expect(world.fetched).toHaveLength(fetched);
    expect(await update(elsewhere)).toMatchObject(refused(400, "invalid_resource_token"));
    const { presented_token } = pair;
    expect(await update({ presented_token })).toMatchObject(refused(400, "invalid_request"));
    const resource_token = await world.resourceToken(presented_token, {
      accessServer: AS,
      scope: "data.read",
    });
    const { body } = await update({ resource_token, presented_token });
    expect(claimsOf(body.auth_token).scope).toBe("data.read");
  });

  it("T47: is over with the tokens of the updated request, and with their revocation", async () => {
    let grants = false;
    const decide = ({ scopes }: { scopes: readonly string[] }): Decision =>
      scopes.includes("data.write")
        ? { type: "clarification", question: "Why write?" }
        : { type: grants ? "grant" : "approval" };
    const { world, agent, agent_token, ps } = await prepared({ as: { decide } });
    const updated = async () => {
      const pair = await world.pair(agent, { accessServer: AS, scope: "data.write" });
      const pending = await world.send(ps, "POST", TOKEN, { ...pair, agent_token });
      const presented_token = await world.personToken(await world.agent({ lifetimeSeconds: 60 }));
      const resource_token = await world.resourceToken(presented_token, { accessServer: AS });
      const update = { action: "updated_request", resource_token, presented_token };
      const answer = await world.send(ps, "POST", pending.headers.location!, update, POLL);
      return { pending, presented_token, answer };
    };
    const short = await updated();
    expect(await world.later(ps, short.pending, 60)).toMatchObject(refused(408, "expired"));
    const { pending, presented_token } = await updated();
    const { jti, exp } = claimsOf(presented_token);
    const sends = { endpoint: "revocation" } as const;
    await world.send(ps, "POST", `${AS}/aauth/access/revoke`, { jti, exp }, sends);
    expect(await world.later(ps, pending)).toMatchObject(refused(403, "revoked"));
    grants = true;
    const granted = await updated();
    expect(claimsOf(granted.answer.body.auth_token).exp).toBe(claimsOf(granted.presented_token).exp);
  });

  it("T47: is over when its upstream token is revoked", async () => {
    const { world, agent, ps, ask } = await prepared({ as: { decide: () => ({ type: "approval" }) } });
    const upstream_token = await changed(await world.personToken(agent), keys.ps, { aud: PROVIDER });
    const pending = await ask({ upstream_token });
    expect(pending.status).toBe(202);
    const { jti, exp } = claimsOf(upstream_token);
    const sends = { endpoint: "revocation" } as const;
    await world.send(ps, "POST", `${AS}/aauth/access/revoke`, { jti, exp }, sends);
    expect(await world.later(ps, pending)).toMatchObject(refused(403, "revoked"));
  });

  it("ends with the tokens that it was asked for with", async () => {
    const { world, ps } = await prepared({ as: { decide: () => ({ type: "approval" }) } });
    const short = await world.agent({ lifetimeSeconds: 20 });
    const pair = await world.pair(short, { accessServer: AS });
    const { jwt: agent_token } = short.credential as { jwt: string };
    const pending = await world.send(ps, "POST", TOKEN, { ...pair, agent_token });
    expect(pending.headers["aauth-requirement"]).toBe("requirement=approval");
    expect(await world.later(ps, pending, 20)).toMatchObject(refused(408, "expired"));
  });

  it("is approved by the resource's owner, without a code", async () => {
    const { world, ps, ask } = await prepared({ as: { decide: () => ({ type: "approval" }) } });
    const pending = await ask();
    const [request, ...others] = await world.as.waiting(RESOURCE);
    expect(others).toEqual([]);
    expect(await world.as.waiting(PARTS)).toEqual([]);
    const { reference, version } = request!;
    expect(await world.as.approve(reference, { version })).toBe("done");
    expect(claimsOf((await world.later(ps, pending)).body.auth_token)).toMatchObject({
      iss: AS,
      aud: RESOURCE,
    });
    expect(await world.as.waiting(RESOURCE)).toEqual([]);
  });

  it("is refused by the resource's owner", async () => {
    const { world, ps, ask } = await prepared({ as: { decide: () => ({ type: "interaction" }) } });
    const pending = await ask();
    const { reference } = opened(await world.as.open(codeOf(pending.headers), "b"));
    await world.as.deny(reference);
    expect(await world.later(ps, pending)).toMatchObject(refused(403, "denied"));
  });
});

describe("an upstream token of another person server", () => {
  it("T12: is not looked up", async () => {
    const { world, agent, pair, ask } = await prepared();
    const { iss, sub } = claimsOf((agent.credential as { jwt: string }).jwt);
    const upstream_token = await changed(pair.presented_token, keys.other, {
      iss: "https://other.example",
      aud: iss,
      sub,
    });
    expect(await ask({ upstream_token })).toMatchObject(refused(400, "invalid_upstream_token"));
    expect(world.fetched.filter((url) => url.includes("other.example"))).toEqual([]);
  });
});

it("T27: valid auth tokens of one agent are limited, and other agents of its provider are not refused", async () => {
  const { now, advance } = createTestClock();
  const store = createMemoryRecordStore<unknown>({ maxEntries: 20_000, now });
  const records = new AccessRecords({ now } as ServerParts, store);
  let count = 0;
  const add = (sub = AGENT) => {
    const claims = { iss: AS, jti: `${count++}`, exp: now() + 60, aud: RESOURCE, ps: PS, sub: "s" };
    return records.add(claims as AuthTokenClaims, { iss: PROVIDER, sub }, { iss: PS, jti: `${count}` });
  };
  while (count < 2_500) await add();
  await expect(add()).rejects.toMatchObject({ status: 429, error: "slow_down" });
  await add("aauth:twin@agent.example");
  expect(await records.ofResource(RESOURCE)).toHaveLength(2_501);
  advance(121);
  await add();
});

it("a request that waits for an owner is listed still after a hundred that others have withdrawn", async () => {
  const { world, ps, ask } = await prepared({ as: { decide: () => ({ type: "interaction" }) } });
  expect((await ask()).status).toBe(202);
  const [first] = await world.as.waiting(RESOURCE);
  for (let other = 0; other < 100; other++) {
    world.clock.advance(1);
    const { headers } = await ask();
    expect((await world.send(ps, "DELETE", headers.location!, undefined, POLL)).status).toBe(204);
  }
  expect(await world.as.waiting(RESOURCE)).toMatchObject([{ reference: first!.reference }]);
});

describe("events that a server reports to its observer", () => {
  it("contain each verification with the answer to a refusal", async () => {
    const seen: string[] = [];
    const observer = (event: AAuthEvent): void => {
      seen.push(
        event.type === "request_refused" ? `${event.error.code} ${event.challenge?.status}` : event.type,
      );
    };
    const { world, ask } = await prepared({ as: { observer } });
    expect((await ask()).status).toBe(200);
    expect((await ask({}, await world.agent())).status).toBe(401);
    expect(seen).toEqual(["memory_stores", "request_verified", "unsupported_scheme 401"]);
  });

  it("contain each request that it signs, before it is sent", async () => {
    const calls: object[] = [];
    const { world, agent, pair } = await prepared({
      ps: {
        personOf: () => ALICE,
        decide: () => ({ type: "grant" }),
        observer: (event) => {
          if ("purpose" in event) calls.push({ ...event, sentBefore: world.sent.length });
        },
      },
    });
    expect((await world.send(agent, "POST", `${PS}/aauth/token`, pair)).status).toBe(200);
    expect(calls).toMatchObject([
      {
        type: "request_signed",
        method: "POST",
        url: TOKEN,
        scheme: "jwks_uri",
        purpose: "token",
        sentBefore: 0,
      },
      { type: "response_received", url: TOKEN, status: 200 },
    ]);
    expect(JSON.stringify(calls)).not.toMatch(/eyJ[\w-]{20,}/);
  });
});
