import { describe, expect, it } from "vitest";
import { createInteractionCode, readCode, showCode } from "../../src/draft-11/interaction-code.ts";
import type { AskedRequest, Decision } from "../../src/server/types.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import {
  ALICE,
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
  POLL,
  PS,
  RESOURCE,
  type Read,
  refused,
  storesOf,
  TOKEN,
  type WorldOptions,
} from "./world.ts";

async function waiting(options: WorldOptions = {}, body: object = {}) {
  const world = createWorld(options);
  const agent = await world.agent();
  const pending = await world.send(agent, "POST", PERSON, {
    resource: RESOURCE,
    capabilities: CAPABILITIES,
    ...body,
  });
  const url = pending.headers.location!;
  const later = async (who: Caller = agent) => {
    return world.later(who, pending);
  };
  const post = (answer: object) => world.send(agent, "POST", url, answer, POLL);
  return { world, agent, pending, url, later, post };
}

describe("a pending request", () => {
  it("T25: belongs to the caller that sent it, and is answered once (N35)", async () => {
    const { world, agent, pending, url, later } = await waiting();
    const twin = await world.agent({ agent: "aauth:twin@agent.example" });
    expect(await later(twin)).toMatchObject(refused(404, "not_found"));
    for (const method of ["DELETE", "POST"]) {
      const body =
        method === "POST" ? { action: "clarification_response", clarification_response: "x" } : undefined;
      expect(await world.send(twin, method, url, body, POLL)).toMatchObject(refused(404, "not_found"));
    }
    expect(await world.send(agent, "GET", `${PS}/aauth/pending/other`, undefined, POLL)).toMatchObject({
      status: 404,
    });
    // A newer token with another key still identifies the same agent.
    const renewed = await world.agent({ signs: keys.other });
    expect(await later(renewed)).toMatchObject({ status: 202, body: { status: "pending" } });
    await world.approve(pending);
    const { status, body } = await later(renewed);
    expect(status).toBe(200);
    expect(claimsOf(body.person_token).cnf.jwk).toMatchObject({
      x: (keys.agent.publicJwk as { x: string }).x,
    });
    expect(await later()).toMatchObject(refused(410, "gone"));
    expect(await later(twin)).toMatchObject(refused(404, "not_found"));
    world.clock.advance(2_000);
    expect(await later(await world.agent())).toMatchObject({ status: 404 });
  });

  it("T26: may not be polled without a rest (N35)", async () => {
    const { world, agent, pending } = await waiting();
    expect((await world.poll(agent, pending)).status).toBe(202);
    const fast = await world.poll(agent, pending);
    expect(fast).toMatchObject({ ...refused(429, "slow_down"), headers: { "retry-after": "5" } });
    expect((await world.later(agent, pending, 5)).status).toBe(202);
  });

  it("is not held for many at a time (N35)", async () => {
    const { world, agent, pending } = await waiting();
    world.clock.advance(1);
    const held = Array.from({ length: 20 }, () => world.poll(agent, pending, { prefer: "wait=1" }));
    const answers = await Promise.all(held);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(18);
  });

  it("T28: ends with its time, and with the agent token that it was asked for with", async () => {
    const { world, pending, later } = await waiting({ ps: { pendingSeconds: 30 } });
    world.clock.advance(30);
    const code = codeOf(pending.headers);
    expect(await world.ps.open(code, "b")).toBe("invalid_code");
    expect(await later()).toMatchObject(refused(408, "expired"));
    expect(await later()).toMatchObject({ status: 410 });

    const other = createWorld();
    const short = await other.agent({ lifetimeSeconds: 20 });
    const asked = await other.send(short, "POST", PERSON, { resource: RESOURCE, capabilities: CAPABILITIES });
    const open = opened(await other.ps.open(codeOf(asked.headers), "b"));
    other.clock.advance(20);
    expect(await other.ps.approve(open.reference, { person: ALICE, version: 0 })).toBe("gone");
    expect(await other.poll(await other.agent(), asked)).toMatchObject(refused(408, "expired"));
  });

  it("is held as long as its caller likes to wait, and answers as soon as there is an answer", async () => {
    const decide = ({ consented }: AskedRequest): Decision => ({ type: consented ? "grant" : "approval" });
    const world = createWorld({ ps: { personOf: () => ALICE, decide } });
    const agent = await world.agent();
    const headers = { prefer: "respond-async, wait=20" };
    const asked = world.send(agent, "POST", PERSON, { resource: RESOURCE }, { headers });
    await expect.poll(() => world.ps.waiting(ALICE)).toHaveLength(1);
    const [request] = await world.ps.waiting(ALICE);
    await world.ps.approve(request!.reference, { person: ALICE, version: 0 });
    expect((await asked).status).toBe(200);
    // Without an answer the request ends after its waiting time.
    const start = performance.now();
    const body = { resource: PARTS };
    const held = await world.send(agent, "POST", PERSON, body, { headers: { prefer: "wait=1" } });
    expect(held).toMatchObject({ status: 202, headers: { "aauth-requirement": "requirement=approval" } });
    expect(performance.now() - start).toBeGreaterThan(900);
    // An answer that requires action by the agent is sent at once.
    const page = createWorld();
    const at = performance.now();
    const prompt = { resource: RESOURCE, capabilities: CAPABILITIES };
    const answer = await page.send(await page.agent(), "POST", PERSON, prompt, {
      headers: { prefer: "wait=30" },
    });
    expect(answer.status).toBe(202);
    expect(performance.now() - at).toBeLessThan(900);
  });

  it("is answered by any process that shares the store", async () => {
    const { world, agent, pending, url } = await waiting();
    const other = world.anotherProcess();
    const request = opened(await other.open(codeOf(pending.headers), "b"));
    expect(await other.approve(request.reference, { person: ALICE, version: 0 })).toBe("done");
    world.clock.advance(1);
    const poll = async () => other.handle(await world.request(agent, "GET", url, undefined, POLL));
    const [first, second] = await Promise.all([poll(), poll()]);
    expect([first!.status, second!.status].sort()).toEqual([200, 410]);
    const again = await world.send(agent, "POST", PERSON, { resource: RESOURCE });
    expect(again.status).toBe(200);
  });

  it("ends when its caller cancels it", async () => {
    const { world, agent, pending, url, later } = await waiting();
    const request = opened(await world.ps.open(codeOf(pending.headers), "b"));
    expect(await world.send(agent, "DELETE", url, undefined, POLL)).toMatchObject({ status: 204, body: {} });
    expect(await world.ps.approve(request.reference, { person: ALICE, version: 0 })).toBe("gone");
    expect(await later()).toMatchObject(refused(410, "gone"));
    expect(await world.send(agent, "DELETE", url, undefined, POLL)).toMatchObject({ status: 410 });
  });

  it("reports the person's actions", async () => {
    const denied = await waiting();
    const first = opened(await denied.world.ps.open(codeOf(denied.pending.headers), "b"));
    await denied.world.ps.deny(first.reference, { person: ALICE });
    expect(await denied.later()).toMatchObject(refused(403, "denied"));
    const left = await waiting();
    const second = opened(await left.world.ps.open(codeOf(left.pending.headers), "b"));
    await left.world.ps.abandon(second.reference);
    expect(await left.later()).toMatchObject(refused(403, "abandoned"));
  });
});

describe("a code", () => {
  it("T29: opens its request once, however it is typed (N36)", async () => {
    const { world, pending, later } = await waiting();
    const code = codeOf(pending.headers);
    const typed = code.toLowerCase().replaceAll("-", "").replaceAll("1", "l").replaceAll("0", "o");
    expect(await world.ps.open(typed, "b")).toMatchObject({ status: "interacting" });
    expect((await later()).body).toEqual({ status: "interacting" });
    expect(await world.ps.open(code, "b")).toBe("invalid_code");
  });

  it("T29: is used up where the person decides without it", async () => {
    const decide = ({ consented }: AskedRequest): Decision => ({ type: consented ? "grant" : "interaction" });
    const { world, pending, later } = await waiting({ ps: { personOf: () => ALICE, decide } });
    const [request] = await world.ps.waiting(ALICE);
    expect(await world.ps.approve(request!.reference, { person: ALICE, version: 0 })).toBe("done");
    expect(await world.ps.open(codeOf(pending.headers), "b")).toBe("invalid_code");
    expect((await later()).status).toBe(200);
  });

  it("T29: ends its request when it is guessed at, and no other request (N36)", async () => {
    const { world, agent, pending, later } = await waiting();
    const other = await world.send(agent, "POST", PERSON, { resource: PARTS, capabilities: CAPABILITIES });
    const code = codeOf(pending.headers);
    const wrong = (index: number) => `${code.slice(0, 5)}${"ABCDEFGH"[index]!.repeat(4)}-0000`;
    for (let index = 0; index < 4; index++)
      expect(await world.ps.open(wrong(index), "evil")).toBe("invalid_code");
    expect((await later()).status).toBe(202);
    expect(await world.ps.open(wrong(4), "evil")).toBe("invalid_code");
    expect(await world.ps.open(code, "b")).toBe("invalid_code");
    expect(await later()).toMatchObject(refused(410, "invalid_code"));
    expect(opened(await world.ps.open(codeOf(other.headers), "b")).reference).toBeDefined();
  });

  it("T29: is not tried for without end by one source, whose right codes are not counted", async () => {
    const { world, agent, pending } = await waiting();
    for (let index = 0; index < 20; index++) await world.ps.open(showCode(createInteractionCode()), "evil");
    expect(await world.ps.open(codeOf(pending.headers), "evil")).toBe("too_many_codes");
    expect(opened(await world.ps.open(codeOf(pending.headers), "b")).reference).toBeDefined();
    for (let index = 0; index < 21; index++) {
      const another = await world.send(agent, "POST", PERSON, {
        resource: RESOURCE,
        capabilities: CAPABILITIES,
      });
      expect(opened(await world.ps.open(codeOf(another.headers), "b")).reference).toBeDefined();
    }
  });

  it("is accepted exactly as it was issued", () => {
    const code = createInteractionCode();
    expect(readCode(showCode(code))).toEqual(code);
    for (const bad of ["", "ABCD", "ABCD-EFGH-JKMU", `${showCode(code)}0`, "Ä".repeat(12), "-".repeat(70)]) {
      expect(readCode(bad), bad).toBeUndefined();
    }
  });
});

describe("a question to the agent", () => {
  const question = {
    type: "clarification",
    question: "Which **dates**?",
    options: ["March", "April"],
  } as const;

  it("comes from the policy, which receives the answer (N37)", async () => {
    const seen: AskedRequest["fromAgent"]["answers"][] = [];
    const decide = ({ fromAgent: { answers } }: AskedRequest): Decision => {
      seen.push(answers);
      return answers.length === 0 ? { ...question, timeoutSeconds: 120 } : { type: "grant" };
    };
    const { pending, post, later } = await waiting({ ps: { personOf: () => ALICE, decide } });
    expect(pending.headers["aauth-requirement"]).toBe("requirement=clarification");
    expect(pending.body).toEqual({
      status: "pending",
      clarification: question.question,
      timeout: 120,
      options: ["March", "April"],
    });
    for (const body of [
      {},
      { action: "other" },
      { action: "clarification_response" },
      { action: "clarification_response", clarification_response: 7 },
      { action: "updated_request" },
    ]) {
      expect(await post(body), JSON.stringify(body)).toMatchObject(refused(400, "invalid_request"));
    }
    expect((await later()).headers["aauth-requirement"]).toBe("requirement=clarification");
    const answer = await post({ action: "clarification_response", clarification_response: "March" });
    // The server reports the outcome in the response to this POST or at the next poll.
    expect([200, 202]).toContain(answer.status);
    expect(seen.at(-1)).toEqual([{ question: question.question, answer: "March" }]);
  });

  it("has to be answered in time", async () => {
    const decide = (): Decision => ({ ...question, timeoutSeconds: 10 });
    const { world, later } = await waiting({ ps: { personOf: () => ALICE, decide } });
    expect((await later()).status).toBe(202);
    world.clock.advance(10);
    expect(await later()).toMatchObject(refused(408, "expired"));
  });

  it("T26: is put five times, and then the request is over (N37)", async () => {
    const decide = (): Decision => ({ type: "clarification", question: "Why?" });
    const { post } = await waiting({ ps: { personOf: () => ALICE, decide } });
    const answers: Read[] = [];
    for (let round = 0; round < 5; round++) {
      answers.push(
        await post({ action: "clarification_response", clarification_response: `answer ${round}` }),
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 403]);
    expect(answers.at(-1)!.body.error).toBe("denied");
  });

  it("T20: comes from the person at the page, who sees the answer", async () => {
    const { world, pending, post, later } = await waiting();
    const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    expect(await post({ action: "clarification_response", clarification_response: "x" })).toMatchObject({
      status: 400,
    });
    expect(await world.ps.ask(reference, { question: "Why?" })).toBe("done");
    expect(await world.ps.ask(reference, { question: "And?" })).toBe("unable");
    expect((await later()).body).toEqual({ status: "interacting", clarification: "Why?" });
    const answered = await post({
      action: "clarification_response",
      clarification_response: "<b>Because</b>",
    });
    expect(answered).toMatchObject({ status: 202, body: { status: "interacting" } });
    const seen = await world.ps.find(reference);
    expect(seen!.request.fromAgent.answers).toEqual([{ question: "Why?", answer: "<b>Because</b>" }]);
    for (let round = 1; round < 5; round++) {
      expect(await world.ps.ask(reference, { question: "Why?" })).toBe("done");
      await post({ action: "clarification_response", clarification_response: "Because" });
    }
    expect(await world.ps.ask(reference, { question: "Why?" })).toBe("unable");
    expect(await world.ps.approve(reference, { person: ALICE, version: 4 })).toBe("changed");
    expect(await world.ps.approve(reference, { person: ALICE, version: 5 })).toBe("done");
    expect((await later()).status).toBe(200);
  });

  it("need not be answered where the person has made up their mind", async () => {
    const { world, pending, later } = await waiting();
    const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    await world.ps.ask(reference, { question: "Why?" });
    expect((await later()).headers["aauth-requirement"]).toBe("requirement=clarification");
    expect(await world.ps.approve(reference, { person: ALICE, version: 0 })).toBe("done");
    expect((await later()).status).toBe(200);
  });

  it("is not asked of an agent that cannot answer questions", async () => {
    const { world, pending } = await waiting({}, { capabilities: ["interaction"] });
    const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    expect(await world.ps.ask(reference, { question: "Why?" })).toBe("unable");
  });

  it("T30: may be answered by asking for less: of the same resource, for the same person and key (N37)", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const pair = await world.pair(agent, { scope: "data.read data.write" });
    const pending = await world.send(agent, "POST", TOKEN, { ...pair, capabilities: CAPABILITIES });
    const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    const url = pending.headers.location!;
    const update = async (over: object) =>
      world.send(
        agent,
        "POST",
        url,
        { action: "updated_request", justification: "Only reading", ...over },
        POLL,
      );
    const { presented_token } = pair;
    const less = {
      resource_token: await world.resourceToken(presented_token, { scope: "data.read" }),
      presented_token,
    };
    expect(await update(less)).toMatchObject(refused(400, "invalid_request"));
    await world.ps.ask(reference, { question: "Why write?" });
    expect(await update({ ...less, presented_token: undefined })).toMatchObject(
      refused(400, "invalid_request"),
    );
    const elsewhere = await world.pair(agent, { issuer: PARTS, key: keys.parts });
    expect(await update(elsewhere)).toMatchObject(refused(400, "invalid_resource_token"));
    const forOther = await world.resourceToken(presented_token, { thumbprint: keys.other.thumbprint });
    expect(await update({ ...less, resource_token: forOther })).toMatchObject(
      refused(400, "invalid_resource_token"),
    );
    const unknown = await changed(presented_token, keys.ps, { jti: "unknown" });
    const forUnknown = { resource_token: await world.resourceToken(unknown), presented_token: unknown };
    expect(await update(forUnknown)).toMatchObject(refused(400, "invalid_presented_token"));
    const fresh = await world.personToken(agent);
    expect(await update({ ...less, presented_token: fresh })).toMatchObject(
      refused(400, "invalid_resource_token"),
    );
    // Another presented token may come with its own resource token.
    const resource_token = await world.resourceToken(fresh, { scope: "data.read" });
    expect(await update({ resource_token, presented_token: fresh })).toMatchObject({ status: 202 });
    expect((await world.ps.find(reference))!.request).toMatchObject({
      scopes: ["data.read"],
      fromAgent: { justification: "Only reading" },
    });
    // A person who has seen the larger request has not consented to this one.
    expect(await world.ps.approve(reference, { person: ALICE, version: 0 })).toBe("changed");
    const { version } = (await world.ps.find(reference))!;
    expect(await world.ps.approve(reference, { person: ALICE, version })).toBe("done");
    const { body } = await world.later(agent, pending);
    expect(claimsOf(body.auth_token).scope).toBe("data.read");
  });

  it("T30: cannot turn a person token request into an auth token request", async () => {
    const { world, agent, pending, post } = await waiting();
    const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
    await world.ps.ask(reference, { question: "Why?" });
    const update = { action: "updated_request", ...(await world.pair(agent)) };
    expect(await post(update)).toMatchObject(refused(400, "invalid_request"));
  });

  it("T30: is over with the tokens of the updated request, and with their revocation", async () => {
    const world = createWorld();
    const agent = await world.agent();
    const updated = async () => {
      const body = { ...(await world.pair(agent)), capabilities: CAPABILITIES };
      const pending = await world.send(agent, "POST", TOKEN, body);
      const { reference } = opened(await world.ps.open(codeOf(pending.headers), "b"));
      await world.ps.ask(reference, { question: "Why?" });
      const presented_token = await world.personToken(await world.agent({ lifetimeSeconds: 60 }));
      const resource_token = await world.resourceToken(presented_token);
      const update = { action: "updated_request", resource_token, presented_token };
      expect((await world.send(agent, "POST", pending.headers.location!, update, POLL)).status).toBe(202);
      return { pending, presented_token };
    };
    const short = await updated();
    expect(await world.later(agent, short.pending, 60)).toMatchObject(refused(408, "expired"));
    const { pending, presented_token } = await updated();
    await world.ps.revoke(ALICE, claimsOf(presented_token));
    expect(await world.later(agent, pending)).toMatchObject(refused(403, "revoked"));
  });
});

describe("a store without room", () => {
  it("is answered with 503 and Retry-After", async () => {
    const { now } = createTestClock();
    const stores = storesOf((name) =>
      createMemoryRecordStore<unknown>({ maxEntries: name === "pending" ? 2 : 1_000, now }),
    );
    const world = createWorld({ now, ps: { stores } });
    const body = { resource: RESOURCE, capabilities: CAPABILITIES };
    const answer = await world.send(await world.agent(), "POST", `${PS}/aauth/person`, body);
    expect(answer).toMatchObject({ ...refused(503, "server_error"), headers: { "retry-after": "60" } });
  });
});
