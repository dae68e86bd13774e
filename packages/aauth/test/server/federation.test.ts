import { describe, expect, it } from "vitest";
import { issueAuthToken } from "../../src/draft-11/issue-tokens.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import type { Decision } from "../../src/server/types.ts";
import {
  AGENT,
  ALICE,
  AS,
  CAPABILITIES,
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
  refused,
  TOKEN,
  type WorldOptions,
} from "./world.ts";

const LATER = `${AS}/aauth/access/pending/x`;

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});
const pendingAt = (requirement: string, body: object = {}, location = LATER): Answer =>
  json(
    202,
    { status: "pending", ...body },
    { location, "retry-after": "0", "aauth-requirement": requirement },
  );

async function prepared({ ps = {}, ...options }: WorldOptions = {}, lifetimeSeconds = 3_600) {
  const decide = (): Decision => ({ type: "grant" });
  const world = createWorld({ ...options, ps: { personOf: () => ALICE, decide, ...ps } });
  const agent = await world.agent({ lifetimeSeconds });
  const pair = await world.pair(agent, { accessServer: AS, scope: "data.read data.write" });
  const ask = (over: object = {}) =>
    world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES, ...over });
  const later = async (pending: Awaited<ReturnType<typeof ask>>, seconds = 1) => {
    return world.later(agent, pending, seconds);
  };
  /** A scripted access server: its answers in turn, and its requests. */
  const requests: { method: string; url: string; body: Record<string, unknown> }[] = [];
  const script = (...answers: (Answer | (() => Answer | Promise<Answer>))[]) =>
    world.hosts.set("as.example", async (url, { method, body }) => {
      requests.push({
        method,
        url: url.href,
        body: body === undefined ? {} : JSON.parse(new TextDecoder().decode(body)),
      });
      const next = answers.length > 1 ? answers.shift()! : answers[0]!;
      return typeof next === "function" ? next() : next;
    });
  const tokenOf = async (over: object = {}) => {
    const { sub, exp } = claimsOf(pair.presented_token);
    const { token } = await issueAuthToken({
      key: keys.as,
      issuer: AS,
      personServer: PS,
      audience: RESOURCE,
      subject: sub,
      scope: "data.read",
      confirmationKey: keys.agent.publicJwk,
      notAfter: exp,
      now: world.clock.now,
      ...over,
    });
    return token;
  };
  return { world, agent, pair, ask, later, script, requests, tokenOf };
}

describe("a token request that an access server decides", () => {
  it("is passed on in the person server's name, and its token handed on", async () => {
    const { world, pair, ask } = await prepared();
    const { status, body } = await ask();
    expect(status).toBe(200);
    const token = claimsOf(body.auth_token);
    const presented = claimsOf(pair.presented_token);
    expect(token).toMatchObject({
      iss: AS,
      dwk: "aauth-access.json",
      aud: RESOURCE,
      ps: PS,
      sub: presented.sub,
      scope: "data.read data.write",
      exp: presented.exp,
    });
    expect(world.sent).toEqual([`POST ${AS}/aauth/access/token`]);
    expect(await world.ps.issuedTokens(ALICE)).toMatchObject([
      { type: "person-token" },
      { iss: AS, jti: token.jti },
    ]);
  });

  it("contains the three tokens, and those of a sub-agent and an upstream if present", async () => {
    const { world, agent, pair, ask, script, requests, tokenOf } = await prepared();
    script(async () => json(200, { auth_token: await tokenOf(), expires_in: 60 }));
    expect((await ask()).status).toBe(200);
    const { jwt } = agent.credential as { jwt: string };
    expect(requests).toEqual([
      { method: "POST", url: `${AS}/aauth/access/token`, body: { ...pair, agent_token: jwt } },
    ]);
    const sub = { agent: "aauth:planner+s@agent.example", parentAgent: AGENT };
    const subagent_token = await world.agentToken({ ...sub, confirmationKey: keys.worker.publicJwk });
    const presented_token = await world.personToken(agent, { subagent_token });
    const own = { accessServer: AS, thumbprint: keys.worker.thumbprint };
    const resource_token = await world.resourceToken(presented_token, own);
    await ask({ resource_token, presented_token, subagent_token });
    expect(requests.at(-1)!.body).toEqual({
      resource_token,
      presented_token,
      agent_token: jwt,
      subagent_token,
    });
  });

  it("waits there while the agent waits here, and is answered once", async () => {
    let decision: Decision = { type: "approval" };
    const { world, ask, later, agent } = await prepared({ as: { decide: () => decision } });
    const pending = await ask();
    expect(pending).toMatchObject({ status: 202, headers: { "aauth-requirement": "requirement=approval" } });
    expect(pending.headers.location).toMatch(/^https:\/\/ps\.example\/aauth\/pending\//);
    expect((await later(pending)).status).toBe(202);
    const sent = world.sent.length;
    // Polls the access server no more often than it allows.
    await world.poll(agent, pending);
    expect(world.sent).toHaveLength(sent);
    decision = { type: "grant" };
    expect((await later(pending)).status).toBe(202);
  });

  it("is decided by someone at the access server", async () => {
    const { world, ask, later } = await prepared({ as: { decide: () => ({ type: "interaction" }) } });
    const pending = await ask();
    expect(pending.headers["aauth-requirement"]).toContain(`url="${AS}/interaction"`);
    const request = opened(await world.as.open(codeOf(pending.headers), "b"));
    expect(request.request).toMatchObject({
      kind: "auth-token",
      personServer: PS,
      resource: RESOURCE,
      scopes: ["data.read", "data.write"],
      agent: { iss: PROVIDER, sub: AGENT },
    });
    expect((await later(pending, 2)).body).toEqual({ status: "interacting" });
    expect(await world.as.approve(request.reference, { version: 0, scopes: ["data.read"] })).toBe("done");
    const { status, body } = await later(pending, 2);
    expect(status).toBe(200);
    expect(claimsOf(body.auth_token).scope).toBe("data.read");
    expect(await later(pending)).toMatchObject({ status: 410 });
  });

  it("is refused in the access server's words", async () => {
    const denying = await prepared({ as: { decide: () => ({ type: "deny", detail: "closed on Sundays" }) } });
    expect(await denying.ask()).toMatchObject({
      status: 403,
      body: { error: "denied", detail: "closed on Sundays" },
    });
    const { ask, later, script } = await prepared();
    script(pendingAt("requirement=approval"), json(403, { error: "payment_declined", detail: "no" }));
    const pending = await ask();
    expect(await later(pending)).toMatchObject({
      status: 403,
      body: { error: "payment_declined", detail: "no" },
    });
    // A 402 of the person server would ask the agent to pay the person server itself (section
    // 11.8.4).
    script(json(402, { error: "payment_required" }));
    expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
  });

  it("is cancelled there when it is cancelled here", async () => {
    const { world, agent, ask } = await prepared({ as: { decide: () => ({ type: "approval" }) } });
    const pending = await ask();
    await world.send(agent, "DELETE", pending.headers.location!, undefined, POLL);
    expect(world.sent.at(-1)).toMatch(/^DELETE https:\/\/as\.example\/aauth\/access\/pending\//);
  });

  it("is asked of no server that is not asked from here", async () => {
    const { world, ask } = await prepared({ ps: { accessServers: [] } });
    expect(await ask()).toMatchObject(refused(400, "invalid_resource_token"));
    expect(world.sent).toEqual([]);
    expect(world.fetched.filter((url) => url.startsWith(AS))).toEqual([]);
  });
});

describe("a requirement of the access server", () => {
  it("can be claims: those that it names and the person server has, never sub (N29)", async () => {
    const given: unknown[] = [];
    const decide = ({ claims }: { claims?: object | undefined }): Decision => {
      given.push(claims);
      return claims === undefined
        ? { type: "claims", names: ["email", "groups"] }
        : { type: "grant", claims: { vip: true } };
    };
    const asked: unknown[] = [];
    const claims = (person: string, names: readonly string[]) => {
      asked.push([person, names]);
      return { email: "a@example", sub: "never", phone: "also never" };
    };
    const { world, ask } = await prepared({ as: { decide }, ps: { claimsOf: claims } });
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(claimsOf(body.auth_token)).toMatchObject({ vip: true });
    expect(asked).toEqual([[ALICE, ["email", "groups"]]]);
    expect(given).toEqual([undefined, { email: "a@example" }]);
    expect(world.sent).toHaveLength(2);
  });

  it("T34: cannot be sub, nor an unlimited number of claims (N29)", async () => {
    const { ask, script, requests } = await prepared({ ps: { claimsOf: () => ({ sub: "s", email: "e" }) } });
    script(pendingAt("requirement=claims", { required_claims: ["email", "sub"] }));
    expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
    expect(requests).toHaveLength(1);
    for (const required_claims of [undefined, "email", [7]]) {
      script(pendingAt("requirement=claims", { required_claims }));
      expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
    }
    requests.length = 0;
    script(pendingAt("requirement=claims", { required_claims: ["email"] }));
    expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
    expect(requests.slice(1).map(({ body }) => body)).toEqual(
      Array.from({ length: 5 }, () => ({ email: "e" })),
    );
    const own = await prepared({ as: { decide: () => ({ type: "claims", names: ["sub"] }) } });
    expect(await own.ask()).toMatchObject(refused(500, "server_error"));
  });

  it("is an answer of the agent, which is passed on", async () => {
    const seen: unknown[] = [];
    const decide = ({ fromAgent: { answers } }: { fromAgent: { answers: readonly object[] } }): Decision => {
      seen.push(...answers);
      return answers.length === 0
        ? { type: "clarification", question: "Why?", options: ["a"] }
        : { type: "grant" };
    };
    const { world, agent, ask, later } = await prepared({ as: { decide } });
    const pending = await ask();
    expect(pending.headers["aauth-requirement"]).toBe("requirement=clarification");
    expect(pending.body).toMatchObject({ clarification: "Why?", options: ["a"] });
    const answer = { action: "clarification_response", clarification_response: "Because" };
    const answered = await world.send(agent, "POST", pending.headers.location!, answer, POLL);
    const { status } = answered.status === 202 ? await later(pending) : answered;
    expect(status).toBe(200);
    expect(seen).toEqual([{ question: "Why?", answer: "Because" }]);
  });

  it("may be a smaller request, which is forwarded, too", async () => {
    const decide = ({ scopes }: { scopes: readonly string[] }): Decision =>
      scopes.length > 1 ? { type: "clarification", question: "Why write?" } : { type: "grant" };
    const { world, agent, pair, ask, later } = await prepared({ as: { decide } });
    const pending = await ask();
    const { presented_token } = pair;
    const resource_token = await world.resourceToken(presented_token, {
      accessServer: AS,
      scope: "data.read",
    });
    const update = { action: "updated_request", resource_token, presented_token };
    const answered = await world.send(agent, "POST", pending.headers.location!, update, POLL);
    const { body } = answered.status === 202 ? await later(pending) : answered;
    expect(claimsOf(body.auth_token).scope).toBe("data.read");
  });

  it("ends the request if the agent cannot meet it", async () => {
    const { world, ask } = await prepared({ as: { decide: () => ({ type: "interaction" }) } });
    expect(await ask({ capabilities: [] })).toMatchObject(refused(403, "user_unreachable"));
    expect(world.sent.at(-1)).toMatch(/^DELETE/);
    const other = await prepared({ as: { decide: () => ({ type: "clarification", question: "Why?" }) } });
    expect(await other.ask({ capabilities: [] })).toMatchObject(refused(403, "denied"));
  });

  it("may be unknown here: the answer is waited for", async () => {
    const { ask, script } = await prepared();
    script(pendingAt("requirement=blood-oath"));
    expect(await ask()).toMatchObject({
      status: 202,
      headers: { "aauth-requirement": "requirement=approval" },
    });
    script(json(202, { status: "dreaming" }, { location: LATER }));
    expect(await ask()).toMatchObject({ status: 202, body: { status: "pending" } });
  });
});

describe("an access server that misbehaves", () => {
  it("T33: issues a token that was not requested (N27)", async () => {
    const { world, ask, script, tokenOf } = await prepared({}, 600);
    const good = await tokenOf();
    script(json(200, { auth_token: good, expires_in: 3_600 }));
    expect((await ask()).status).toBe(200);
    const { exp } = claimsOf(good);
    const cnf = { jwk: { ...keys.other.publicJwk, alg: "Ed25519" } };
    for (const [name, claims] of Object.entries({
      sub: { sub: "other" },
      ps: { ps: "https://ps2.example" },
      aud: { aud: PARTS },
      cnf: { cnf },
      scope: { scope: "data.read admin" },
      exp: { exp: exp + 1 },
      iss: { iss: "https://as2.example" },
    })) {
      script(json(200, { auth_token: await changed(good, keys.as, claims) }));
      expect(await ask(), name).toMatchObject(refused(502, "as_unreachable"));
    }
    for (const auth_token of [await changed(good, keys.other, {}), "x.y.z", 7, undefined]) {
      script(json(200, { auth_token }));
      expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
    }
    const asPerson = await changed(good, keys.as, { dwk: "aauth-person.json", ps: AS });
    script(json(200, { auth_token: asPerson }));
    expect(await ask()).toMatchObject(refused(502, "as_unreachable"));
    expect(await world.ps.issuedTokens(ALICE)).toHaveLength(2);
  });

  it("T34: is not there, or answers nonsense", async () => {
    const { world, ask, later, script } = await prepared();
    const unreachable = refused(502, "as_unreachable");
    for (const answer of [
      () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.7:443")),
      json(200, {}),
      { status: 200, headers: {}, body: "<html>" },
      json(500, {}),
      json(503, { error: "later please" }),
      json(401, { error: "invalid_signature" }),
      json(302, {}, { location: "https://evil.example/" }),
      json(404, { error: 7 }),
      json(202, { status: "pending" }),
      pendingAt("requirement=approval", {}, "https://evil.example/pending"),
      pendingAt("requirement"),
      pendingAt('requirement=interaction; url="http://as.example/"; code="A"'),
      pendingAt("requirement=clarification"),
    ]) {
      script(answer);
      const answered = await ask();
      expect(answered, JSON.stringify(answer)).toMatchObject(unreachable);
      expect(JSON.stringify(answered)).not.toContain("10.0.0.7");
    }
    expect(world.sent.filter((url) => url.includes("evil"))).toEqual([]);
    script(pendingAt("requirement=approval"), () => Promise.reject(new Error("gone")));
    expect(await later(await ask())).toMatchObject(unreachable);
  });

  it("is busy: it is asked again, later", async () => {
    const { ask, later, script, requests, tokenOf } = await prepared();
    script(
      pendingAt("requirement=approval"),
      json(429, { error: "slow_down" }),
      json(
        503,
        {},
        {
          date: "Sun, 06 Nov 1994 08:49:30 GMT",
          "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT",
        },
      ),
      async () => json(200, { auth_token: await tokenOf() }),
    );
    const pending = await ask();
    expect((await later(pending, 1)).status).toBe(202);
    expect(requests).toHaveLength(2);
    await later(pending, 4);
    expect(requests).toHaveLength(2);
    await later(pending, 2);
    expect(requests).toHaveLength(3);
    await later(pending, 5);
    expect(requests).toHaveLength(3);
    expect((await later(pending, 3)).status).toBe(200);
  });

  it("has its fault named where it has answered", async () => {
    const { ask, script } = await prepared();
    for (const [answer, fault] of [
      [json(200, {}), "its response has no auth token"],
      [json(202, { status: "pending" }), "its response names no Location at its origin"],
    ] as const) {
      script(answer);
      expect(JSON.stringify(await ask())).toContain(fault);
    }
  });
});

describe("the person's consent before an access server is called", () => {
  it("bounds a token from there", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const pair = await world.pair(agent, { accessServer: AS, scope: "data.read data.write" });
    const body = { ...pair, capabilities: CAPABILITIES };
    const pending = await world.send(agent, "POST", TOKEN, body);
    await world.approve(pending, { scopes: ["data.read"] });
    expect(await world.later(agent, pending)).toMatchObject(refused(502, "as_unreachable"));
  });
});

describe("an updated request for an access server", () => {
  it("may be sent by the agent, and presents another token to the access server", async () => {
    const { world, agent, ask, script, requests } = await prepared();
    script(pendingAt("requirement=clarification", { clarification: "Why?" }));
    const pending = await ask();
    const presented_token = await world.personToken(agent);
    const resource_token = await world.resourceToken(presented_token, { accessServer: AS });
    const update = { action: "updated_request", resource_token, presented_token, justification: "Less" };
    const more = { ...update, email: "boss@example.com" };
    await world.send(agent, "POST", pending.headers.location!, more, POLL);
    expect(requests.at(-1)!.body).toEqual(update);
    script({ status: 200, headers: {}, body: "" });
    const { iss, jti } = claimsOf(presented_token);
    expect(await world.ps.revoke(ALICE, { iss, jti })).toEqual([{ recipient: RESOURCE }, { recipient: AS }]);
  });
});

describe("an answer to an access server's question", () => {
  it("T31: requires nothing beyond the person's consent", async () => {
    let count = 0;
    const decide = (): Decision =>
      count++ === 0 ? { type: "clarification", question: "Why?" } : { type: "grant" };
    const world = createWorld({ as: { decide } });
    const agent = await world.agent();
    const pair = await world.pair(agent, { accessServer: AS, scope: "data.read" });
    const pending = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
    await world.approve(pending);
    const asked = await world.later(agent, pending);
    expect(asked.headers["aauth-requirement"]).toBe("requirement=clarification");
    const { presented_token } = pair;
    for (const over of [
      { scope: "data.read data.write" },
      { scope: "data.read", account: "another" },
      { scope: "data.read", interaction: { url: `${RESOURCE}/agree`, code: "A1B2-C3D4" } },
    ]) {
      const resource_token = await world.resourceToken(presented_token, { accessServer: AS, ...over });
      const update = { action: "updated_request", resource_token, presented_token };
      const answer = await world.send(agent, "POST", pending.headers.location!, update, POLL);
      expect(answer, JSON.stringify(over)).toMatchObject(refused(400, "invalid_resource_token"));
    }
  });
});
