import { describe, expect, it } from "vitest";
import { decodeBase64Url } from "../../src/base64.ts";
import { issueAgentToken } from "../../src/draft-11/issue-tokens.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { Missions, s256Of } from "../../src/server/missions.ts";
import type { AskedRequest, Decision, MissionEntry, SignedRecord } from "../../src/server/types.ts";
import {
  AGENT,
  ALICE,
  CAPABILITIES,
  type Caller,
  claimsOf,
  createWorld,
  keys,
  PARTS,
  PERSON,
  PROVIDER,
  PS,
  RESOURCE,
  type Read,
  TOKEN,
  type World,
  type WorldOptions,
} from "./world.ts";

const MISSION = `${PS}/aauth/mission`;
const PERMISSION = `${PS}/aauth/permission`;
const AUDIT = `${PS}/aauth/audit`;
const INTERACTION = `${PS}/aauth/interaction`;
const ABSENT = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PROPOSAL = {
  description: "# Refill the store\n\nAt most $ 5,000.",
  tools: [{ name: "WebSearch", description: "Search the web" }, { name: "Order" }],
  resources: [RESOURCE, PARTS],
  capabilities: CAPABILITIES,
};

const MISSIONS: WorldOptions = { ps: { missions: true } };

interface Approved {
  readonly s256: string;
  readonly mission: string;
  readonly person_tokens: Readonly<Record<string, string>>;
}

/** A world with an approved mission of its agent. */
async function approved(
  over: { readonly proposal?: object; readonly grant?: object; readonly world?: WorldOptions } = {},
) {
  const world = createWorld({ ...over.world, ps: { missions: true, ...over.world?.ps } });
  const agent = await world.agent();
  const asked = await world.send(agent, "POST", MISSION, { ...PROPOSAL, ...over.proposal });
  expect(asked.status).toBe(202);
  await world.approve(asked, over.grant);
  const { body } = await world.later(agent, asked);
  const mission = body as unknown as Approved;
  const blob = JSON.parse(new TextDecoder().decode(decodeBase64Url(mission.mission)));
  const ask = (url: string, members: object, who: Caller = agent) =>
    world.send(who, "POST", url, { capabilities: CAPABILITIES, ...members });
  return { world, agent, ...mission, blob, ask };
}

const entriesOf = (world: World, s256: string): Promise<readonly MissionEntry[]> =>
  world.ps.missionLog(ALICE, s256);

/** The intermediary RESOURCE, which is its own agent provider. */
async function intermediary(world: World): Promise<Caller> {
  const { token: jwt } = await issueAgentToken({
    key: keys.resource,
    issuer: RESOURCE,
    agent: "aauth:service@resource.example",
    confirmationKey: keys.worker.publicJwk,
    now: world.clock.now,
  });
  return { key: keys.worker, credential: { scheme: "jwt", jwt } };
}

describe("a person server without missions", () => {
  it("has no endpoint for them", async () => {
    const { ps } = createWorld();
    for (const target of [MISSION, PERMISSION, AUDIT, `${MISSION}/${ABSENT}`]) {
      const request = { method: "POST", target: new URL(target).pathname, headers: {}, body: undefined };
      expect(await ps.handle(request)).toBeUndefined();
    }
    expect(Object.keys(ps.metadata)).not.toContain("mission_endpoint");
    const withMissions = Object.keys(createWorld(MISSIONS).ps.metadata);
    for (const name of ["mission_endpoint", "permission_endpoint", "audit_endpoint"]) {
      expect(withMissions).toContain(name);
    }
  });
});

describe("a proposed mission", () => {
  it("is approved as the bytes of its digest, with a person token for each resource", async () => {
    const { world, s256, mission, blob, person_tokens } = await approved();
    expect(await s256Of(new Uint8Array(decodeBase64Url(mission)!))).toBe(s256);
    expect(blob).toEqual({
      agent: AGENT,
      approved_at: new Date((world.clock.now() - 1) * 1000).toISOString().replace(".000", ""),
      description: PROPOSAL.description,
      approved_tools: PROPOSAL.tools,
      approved_resources: PROPOSAL.resources,
    });
    expect(Object.keys(person_tokens)).toEqual([RESOURCE, PARTS]);
    for (const [aud, token] of Object.entries(person_tokens)) {
      expect(claimsOf(token)).toMatchObject({ aud, mission_s256: s256 });
    }
    expect((await world.ps.mission(ALICE, s256))?.blob).toBe(mission);
  });

  it("is refused when it has no goal, a huge one, too many tools, or a resource that is no server", async () => {
    const world = createWorld(MISSIONS);
    const agent = await world.agent();
    const propose = (over: object) => world.send(agent, "POST", MISSION, { ...PROPOSAL, ...over });
    const many = Array.from({ length: 51 }, () => ({ name: "x" }));
    for (const over of [
      { description: undefined },
      { description: "x".repeat(4_001) },
      { tools: many },
      { tools: [{ description: "no name" }] },
      { tools: "WebSearch" },
      { resources: [`${RESOURCE}/path`] },
      { resources: RESOURCE },
    ]) {
      expect(await propose(over)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    }
    expect(await propose({ description: "x".repeat(70_000) })).toMatchObject({ status: 413 });
  });

  it("W6: is approved for no resource that was not proposed, and as the person has changed it", async () => {
    const terms = { description: "Less.", tools: [], resources: [RESOURCE, "https://other.example"] };
    const { blob, person_tokens } = await approved({
      proposal: { resources: [RESOURCE] },
      grant: { mission: terms },
    });
    expect(blob).toMatchObject({ description: "Less.", approved_resources: [RESOURCE] });
    expect(blob.approved_tools).toBeUndefined();
    expect(Object.keys(person_tokens)).toEqual([RESOURCE]);
  });

  it("is denied, asked about and cancelled like any other request", async () => {
    const world = createWorld(MISSIONS);
    const agent = await world.agent();
    const asked = await world.send(agent, "POST", MISSION, PROPOSAL);
    const [waiting] = await world.ps.waiting(ALICE);
    expect(waiting).toBeUndefined();
    const opened = await world.ps.open(/code="([^"]+)"/.exec(asked.headers["aauth-requirement"]!)![1]!, "b");
    if (typeof opened === "string") throw new Error(opened);
    expect(opened.request).toMatchObject({
      kind: "mission",
      proposal: { description: PROPOSAL.description },
    });
    expect(await world.ps.ask(opened.reference, { question: "Why?" })).toBe("done");
    expect((await world.later(agent, asked)).body).toMatchObject({ clarification: "Why?" });
    expect(await world.ps.deny(opened.reference, { person: ALICE })).toBe("done");
    expect(await world.later(agent, asked)).toMatchObject({ status: 403, body: { error: "denied" } });
    expect(await world.ps.missions(ALICE)).toEqual([]);
  });
});

describe("a mission", () => {
  it("is copied into every token of its requests, which name no other", async () => {
    const { world, agent, s256, ask, person_tokens } = await approved();
    const again = await ask(PERSON, { resource: RESOURCE, mission_s256: s256 });
    expect(again.status).toBe(200);
    expect(claimsOf(again.body.person_token).mission_s256).toBe(s256);
    const pair = {
      presented_token: person_tokens[RESOURCE]!,
      resource_token: await world.resourceToken(person_tokens[RESOURCE]!),
    };
    const answer = await ask(TOKEN, pair);
    expect(answer.status).toBe(202);
    await world.approve(answer);
    const { body } = await world.later(agent, answer);
    expect(claimsOf(body.auth_token).mission_s256).toBe(s256);
    const plain = claimsOf(await world.personToken(agent));
    expect(plain.mission_s256).toBeUndefined();
  });

  it("has the capabilities of its approval where a request names none", async () => {
    const { world, agent, s256, person_tokens } = await approved({ proposal: { resources: [RESOURCE] } });
    const presented_token = person_tokens[RESOURCE]!;
    const pair = { presented_token, resource_token: await world.resourceToken(presented_token) };
    const reachable = { status: 202 };
    expect(await world.send(agent, "POST", TOKEN, pair)).toMatchObject(reachable);
    for (const [url, members] of [
      [PERSON, { resource: PARTS }],
      [PERMISSION, { action: "SendEmail" }],
    ] as const) {
      const asked = await world.send(agent, "POST", url, { ...members, mission_s256: s256 });
      expect(asked).toMatchObject(reachable);
      expect(await world.send(agent, "POST", url, members)).toMatchObject({
        status: 403,
        body: { error: "user_unreachable" },
      });
    }
  });

  it("W9: spares the question who the person is, and no question about scopes", async () => {
    const { world, s256, ask, person_tokens } = await approved({ proposal: { resources: [RESOURCE] } });
    expect(await ask(PERSON, { resource: RESOURCE, mission_s256: s256 })).toMatchObject({ status: 200 });
    expect(await ask(PERSON, { resource: RESOURCE })).toMatchObject({ status: 202 });
    expect(await ask(PERSON, { resource: PARTS, mission_s256: s256 })).toMatchObject({ status: 202 });
    const presented_token = person_tokens[RESOURCE]!;
    const resource_token = await world.resourceToken(presented_token);
    expect(await ask(TOKEN, { presented_token, resource_token })).toMatchObject({ status: 202 });
  });

  it("is known to the policy with its updates, and whether it names the resource", async () => {
    const seen: AskedRequest[] = [];
    const decide = (asked: AskedRequest): Decision => {
      seen.push(asked);
      return { type: asked.kind === "mission" || asked.kind === "mission-update" ? "interaction" : "grant" };
    };
    const { world, agent, s256, ask } = await approved({ world: { ps: { decide } } });
    const update = await ask(`${MISSION}/${s256}`, { action: "update", description: "One store more." });
    await world.approve(update);
    expect(await world.later(agent, update)).toMatchObject({ status: 200 });
    await ask(PERSON, { resource: "https://other.example", mission_s256: s256 });
    expect(seen.at(-1)?.mission).toMatchObject({ s256, updates: ["One store more."], isNamed: false });
    await ask(PERSON, { resource: PARTS, mission_s256: s256 });
    expect(seen.at(-1)?.mission).toMatchObject({ isNamed: true, isPaused: false });
  });

  it("W7: outlives neither its end nor its agent token: no token ends later (W7a)", async () => {
    const world = createWorld();
    const end = world.clock.now() + 120;
    const terms = { description: "Soon over.", tools: [], resources: [RESOURCE], expiresAt: end };
    const { ask, s256, person_tokens, world: own } = await approved({ grant: { mission: terms } });
    expect(claimsOf(person_tokens[RESOURCE]!).exp).toBe(end);
    const again = await ask(PERSON, { resource: RESOURCE, mission_s256: s256 });
    expect(claimsOf(again.body.person_token).exp).toBe(end);
    own.clock.advance(end - own.clock.now() - 1);
    expect(await ask(PERSON, { resource: RESOURCE, mission_s256: s256 })).toMatchObject({ status: 200 });
  });

  it("W5: is terminated once its end has passed", async () => {
    const world = createWorld();
    const expiresAt = world.clock.now() + 120;
    const terms = { description: "Soon over.", tools: [], resources: [RESOURCE], expiresAt };
    const { ask, s256, world: own } = await approved({ grant: { mission: terms } });
    own.clock.advance(120);
    expect(await ask(PERSON, { resource: RESOURCE, mission_s256: s256 })).toMatchObject(ended("expired"));
    expect((await own.ps.mission(ALICE, s256))?.termination).toEqual({ reason: "expired", at: expiresAt });
  });

  it("W8: goes with the upstream token to the next hop, which names none of its own", async () => {
    const decide = ({ kind }: AskedRequest): Decision => ({
      type: kind === "mission" ? "interaction" : "grant",
    });
    const { world, s256, person_tokens } = await approved({ world: { ps: { decide } } });
    const middle = await intermediary(world);
    const upstream_token = person_tokens[RESOURCE]!;
    const next = await world.send(middle, "POST", PERSON, { resource: PARTS, upstream_token });
    expect(claimsOf(next.body.person_token)).toMatchObject({ aud: PARTS, mission_s256: s256 });
    const both = { resource: PARTS, upstream_token, mission_s256: s256 };
    expect(await world.send(middle, "POST", PERSON, both)).toMatchObject({ status: 400 });
    await world.ps.endMission(ALICE, s256);
    // The upstream token is revoked with the mission.
    expect(await world.send(middle, "POST", PERSON, { resource: PARTS, upstream_token })).toMatchObject({
      status: 400,
      body: { error: "revoked_upstream_token" },
    });
  });

  it("allows the tools of its approval, and W10: nothing by policy while it is paused", async () => {
    const { world, s256, ask, person_tokens } = await approved();
    const may = (action: string) => ask(PERMISSION, { action, mission_s256: s256 });
    expect(await may("WebSearch")).toMatchObject({ status: 200, body: { permission: "granted" } });
    expect(await may("SendEmail")).toMatchObject({ status: 202 });
    await world.ps.pauseMission(ALICE, s256, true);
    expect(await may("WebSearch")).toMatchObject({ status: 202 });
    const presented_token = person_tokens[RESOURCE]!;
    const resource_token = await world.resourceToken(presented_token);
    expect(await ask(TOKEN, { presented_token, resource_token })).toMatchObject({
      body: { error: "revoked_presented_token" },
    });
    await world.ps.pauseMission(ALICE, s256, false);
    expect(await may("WebSearch")).toMatchObject({ status: 200 });
  });
});

describe("a mission of another agent", () => {
  const OTHER = { agent: "aauth:other@agent.example", signs: keys.other };

  it("W1: is answered like an absent one at every endpoint", async () => {
    const { world, s256, ask } = await approved();
    const other = await world.agent(OTHER);
    await world.personToken(other);
    const requests = (id: string): [string, object][] => [
      [`${MISSION}/${id}`, { action: "completion", summary: "Done." }],
      [`${MISSION}/${id}`, { action: "update", description: "More." }],
      [PERSON, { resource: RESOURCE, mission_s256: id }],
      [PERMISSION, { action: "WebSearch", mission_s256: id }],
      [AUDIT, { action: "WebSearch", mission_s256: id }],
      [INTERACTION, { type: "question", question: "?", mission_s256: id }],
    ];
    const answers = async (id: string): Promise<readonly Read[]> =>
      Promise.all(requests(id).map(([url, members]) => ask(url, members, other)));
    const foreign = await answers(s256);
    expect(foreign).toEqual(await answers(ABSENT));
    for (const answer of foreign.slice(0, 5)) {
      expect(answer).toMatchObject({ status: 404, body: { error: "mission_not_found" } });
    }
    await world.ps.endMission(ALICE, s256);
    expect(await answers(s256)).toEqual(foreign);
    expect(await entriesOf(world, s256)).toHaveLength(2);
  });

  it("takes as long to refuse as an absent one, in 2,000 requests", async () => {
    const { world, s256, ask } = await approved();
    const other = await world.agent(OTHER);
    await world.personToken(other);
    const timeOf = async (mission_s256: string) => {
      const start = performance.now();
      const { status } = await ask(AUDIT, { action: "WebSearch", mission_s256 }, other);
      expect(status).toBe(404);
      return performance.now() - start;
    };
    const slower = { foreign: 0, absent: 0 };
    for (let pair = 0; pair < 1_000; pair++) {
      // Which one comes first changes, because the second of a pair is faster.
      const isForeignFirst = pair % 2 === 0;
      const first = await timeOf(isForeignFirst ? s256 : ABSENT);
      const second = await timeOf(isForeignFirst ? ABSENT : s256);
      const isForeignSlower = first > second === isForeignFirst;
      slower[isForeignSlower ? "foreign" : "absent"] += 1;
    }
    // A sign test: of 1,000 fair pairs, chance gives a side 600 once in 10^10 times.
    expect(Math.max(slower.foreign, slower.absent)).toBeLessThan(600);
  }, 60_000);

  it("is not found by another person", async () => {
    const { world, s256 } = await approved();
    expect(await world.ps.mission("bob", s256)).toBeUndefined();
    expect(await world.ps.missionLog("bob", s256)).toEqual([]);
    expect(await world.ps.endMission("bob", s256)).toBeUndefined();
    expect(await world.ps.pauseMission("bob", s256, true)).toBeUndefined();
    expect((await world.ps.mission(ALICE, s256))?.termination).toBeUndefined();
  });
});

describe("many missions", () => {
  it("1,000 of a person, one with 10,000 entries, slow no other agent's requests", async () => {
    const { world, s256: full, ask } = await approved();
    const other = await world.agent({ agent: "aauth:other@agent.example", signs: keys.other });
    const asked = await ask(MISSION, PROPOSAL, other);
    await world.approve(asked, { person: "bob" });
    const { s256: own } = (await world.later(other, asked)).body as unknown as Approved;
    const medianOf = async () => {
      const times: number[] = [];
      for (let request = 0; request < 200; request++) {
        const start = performance.now();
        const { status } = await ask(AUDIT, { action: "Order", mission_s256: own }, other);
        expect(status).toBe(201);
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[100]!;
    };
    const before = await medianOf();
    const { missions, logs } = world.stores;
    const kept = new Missions(missions, logs, world.clock.now);
    const known = (await world.ps.mission(ALICE, full))!;
    for (let count = 1; count < 1_000; count++) await kept.create({ ...known, s256: `${full}${count}` });
    for (let count = 0; count < 10_000; count++) await ask(AUDIT, { action: "Order", mission_s256: full });
    expect(await medianOf()).toBeLessThan(4 * before);
    expect(await world.ps.missions(ALICE)).toHaveLength(1_000);
    const page = await world.ps.missionLog(ALICE, full, { from: 9_990, limit: 500 });
    expect(page.map(({ n }) => n)).toEqual(Array.from({ length: page.length }, (_, index) => 9_990 + index));
    const { status, body } = await ask(AUDIT, { action: "Order", mission_s256: full });
    expect([status, body.error]).toEqual([429, "slow_down"]);
  }, 120_000);
});

describe("a mission's own address", () => {
  it("takes update and completion alone, and a digest", async () => {
    const { s256, ask } = await approved();
    for (const [id, members] of [
      [s256, { description: "No action." }],
      [s256, { action: "widen", description: "x" }],
      [s256, { action: "update" }],
      [s256, { action: "completion", description: "x" }],
      ["short", { action: "update", description: "x" }],
      [`${s256}/x`, { action: "update", description: "x" }],
    ] as const) {
      expect(await ask(`${MISSION}/${id}`, members)).toMatchObject({
        status: 400,
        body: { error: "invalid_request" },
      });
    }
  });

  it("records an accepted update under the digest of its bytes", async () => {
    const { world, agent, s256, ask } = await approved();
    const asked = await ask(`${MISSION}/${s256}`, { action: "update", description: "Another hotel." });
    await world.approve(asked);
    const { body } = await world.later(agent, asked);
    const entry = (await entriesOf(world, s256)).find(({ type }) => type === "updated");
    if (entry?.type !== "updated") throw new Error("no entry");
    const bytes = new Uint8Array(decodeBase64Url(entry.bytes)!);
    expect(entry.s256).toBe(body.s256);
    expect(await s256Of(bytes)).toBe(body.s256);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
      mission_s256: s256,
      description: "Another hotel.",
    });
  });

  it("W10: completes by the person alone, whatever the policy, and for good", async () => {
    const decide = ({ kind }: AskedRequest): Decision => ({
      type: kind === "mission" ? "interaction" : "grant",
    });
    const { world, agent, s256, ask } = await approved({ world: { ps: { decide } } });
    const asked = await ask(`${MISSION}/${s256}`, { action: "completion", summary: "All booked." });
    expect(asked.status).toBe(202);
    await world.approve(asked);
    expect(await world.later(agent, asked)).toMatchObject({ status: 200, body: {} });
    expect(await ask(`${MISSION}/${s256}`, { action: "update", description: "x" })).toMatchObject(
      ended("completed"),
    );
    // A second end changes nothing.
    await world.ps.endMission(ALICE, s256, "revoked");
    expect((await world.ps.mission(ALICE, s256))?.termination?.reason).toBe("completed");
  });
});

describe("the end of a mission", () => {
  it("W2: refuses each of its requests, with the reason", async () => {
    const { world, s256, ask, person_tokens } = await approved();
    await world.ps.endMission(ALICE, s256, "administrative");
    for (const [url, members] of [
      [`${MISSION}/${s256}`, { action: "completion", summary: "Done." }],
      [PERSON, { resource: RESOURCE, mission_s256: s256 }],
      [PERMISSION, { action: "WebSearch", mission_s256: s256 }],
      [AUDIT, { action: "WebSearch", mission_s256: s256 }],
    ] as const) {
      expect(await ask(url, members)).toMatchObject(ended("administrative"));
    }
    const presented_token = person_tokens[RESOURCE]!;
    const resource_token = await world.resourceToken(presented_token);
    expect(await ask(TOKEN, { presented_token, resource_token })).toMatchObject({ status: 400 });
  });

  it("W13: revokes its tokens and no others", async () => {
    const { world, agent, s256 } = await approved();
    const other = await world.personToken(agent);
    await world.ps.endMission(ALICE, s256);
    const grants = await world.ps.issuedTokens(ALICE);
    const kept = grants.filter(({ isRevoked }) => !isRevoked).map(({ jti }) => jti);
    expect(kept).toEqual([claimsOf(other).jti]);
    expect(grants).toHaveLength(3);
  });

  it("W11: ends requests that wait, approved ones included", async () => {
    const { world, agent, s256, ask } = await approved();
    const asked = await ask(PERMISSION, { action: "SendEmail", mission_s256: s256 });
    const granted = await ask(PERMISSION, { action: "Pay", mission_s256: s256 });
    await world.approve(granted);
    await world.ps.endMission(ALICE, s256);
    expect(await world.later(agent, asked)).toMatchObject(ended("revoked"));
    expect(await world.poll(agent, granted)).toMatchObject(ended("revoked"));
  });

  it("W12: comes with the end of the agent's access", async () => {
    const { world, s256, ask } = await approved();
    await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(await ask(PERSON, { resource: RESOURCE, mission_s256: s256 })).toMatchObject(ended("revoked"));
  });
});

describe("a permission", () => {
  it("is granted or denied by the person, and a denial is no error", async () => {
    const world = createWorld(MISSIONS);
    const agent = await world.agent();
    const members = { action: "SendEmail", parameters: { to: "bob" }, capabilities: CAPABILITIES };
    const asked = await world.send(agent, "POST", PERMISSION, members);
    const opened = await world.ps.open(/code="([^"]+)"/.exec(asked.headers["aauth-requirement"]!)![1]!, "b");
    if (typeof opened === "string") throw new Error(opened);
    expect(opened.request.action).toEqual({ name: "SendEmail", parameters: { to: "bob" } });
    await world.ps.deny(opened.reference, { person: ALICE });
    expect(await world.later(agent, asked)).toMatchObject({
      status: 200,
      body: { permission: "denied", reason: "the person refused the request" },
    });
    const second = await world.send(agent, "POST", PERMISSION, members);
    await world.approve(second);
    expect(await world.later(agent, second)).toMatchObject({ status: 200, body: { permission: "granted" } });
  });

  it("is refused without an action, or with parameters that are no bounded object", async () => {
    const world = createWorld(MISSIONS);
    const agent = await world.agent();
    for (const members of [
      {},
      { action: "" },
      { action: "x", parameters: [] },
      { action: "x", parameters: { long: "x".repeat(16_000) } },
      { action: "x", mission_s256: "short" },
    ]) {
      expect(await world.send(agent, "POST", PERMISSION, members)).toMatchObject({ status: 400 });
    }
  });
});

describe("the log of a mission", () => {
  it("has what was asked, decided, done and ended, in order and without gaps", async () => {
    const { world, agent, s256, ask } = await approved();
    expect(
      await ask(AUDIT, { action: "WebSearch", result: { found: 12 }, mission_s256: s256 }),
    ).toMatchObject({
      status: 201,
    });
    const asked = await ask(PERMISSION, { action: "SendEmail", mission_s256: s256 });
    await world.approve(asked);
    await world.later(agent, asked);
    await world.ps.pauseMission(ALICE, s256, true);
    await world.ps.pauseMission(ALICE, s256, false);
    await world.ps.endMission(ALICE, s256);
    const log = await entriesOf(world, s256);
    expect(log.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(log.map(({ type }) => type)).toEqual([
      "approved",
      "recorded",
      "requested",
      "decided",
      "paused",
      "resumed",
      "ended",
    ]);
    expect(log[3]).toMatchObject({ of: 2, decision: "granted", by: "person" });
    expect((await world.ps.missionLog(ALICE, s256, { from: 5 })).map(({ n }) => n)).toEqual([5, 6]);
    expect((await world.ps.missionLog(ALICE, s256, { from: 1, limit: 2 })).map(({ n }) => n)).toEqual([1, 2]);
  });

  it("keeps the agent's signed requests so that they are verified later", async () => {
    const { world, s256, ask } = await approved();
    await ask(AUDIT, { action: "Order", parameters: { amount: 4_180 }, mission_s256: s256 });
    const [, entry] = await entriesOf(world, s256);
    if (entry?.type !== "recorded") throw new Error("no entry");
    const verify = ({ method, target, headers, body }: SignedRecord) =>
      createVerifier({
        profile: draft11,
        authorities: [new URL(PS).host],
        discovery: world.discovery,
        now: world.clock.now,
        endpoint: "token",
      }).verifyRequest({ method, target, headers, body: decodeBase64Url(body) }, { level: "agent-token" });
    expect(await verify(entry.signed)).toMatchObject({ caller: { agent: AGENT } });
    const body = JSON.parse(new TextDecoder().decode(decodeBase64Url(entry.signed.body)));
    expect(body).toMatchObject({ action: "Order", parameters: { amount: 4_180 } });
    const changed = btoa(JSON.stringify({ ...body, parameters: { amount: 5 } }))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
    await expect(verify({ ...entry.signed, body: changed })).rejects.toThrow();
  });

  it("has both the question to the agent and its answer", async () => {
    const { world, agent, s256, ask } = await approved();
    const asked = await ask(PERMISSION, { action: "SendEmail", mission_s256: s256 });
    const [waiting] = await world.ps.waiting(ALICE);
    await world.ps.ask(waiting!.reference, { question: "To whom?" });
    await world.send(
      agent,
      "POST",
      asked.headers.location!,
      { action: "clarification_response", clarification_response: "To Bob." },
      { endpoint: "pending" },
    );
    expect((await entriesOf(world, s256)).at(-1)).toMatchObject({
      type: "clarified",
      question: "To whom?",
      answer: "To Bob.",
    });
  });

  it("loses and repeats no entry when processes write at once", async () => {
    const { world, s256, ask } = await approved();
    const processes = [world.ps, world.anotherProcess()];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        processes[index % 2]!.pauseMission(ALICE, s256, index % 4 < 2),
      ),
    );
    await ask(AUDIT, { action: "WebSearch", mission_s256: s256 });
    const log = await entriesOf(world, s256);
    expect(log.map(({ n }) => n)).toEqual(Array.from({ length: 22 }, (_, n) => n));
  });

  it("W4: takes no more records than its quota, and still takes decisions", async () => {
    const { world, agent, s256, ask } = await approved();
    const store = world.stores.missions;
    const key = JSON.stringify(["mission", PROVIDER, AGENT, s256]);
    await store.update(key, (value) => ({
      value: { ...(value as object), logged: 10_000 },
      owner: JSON.stringify(["person", ALICE]),
      ttlSeconds: 60,
    }));
    expect(await ask(AUDIT, { action: "WebSearch", mission_s256: s256 })).toMatchObject({
      status: 429,
      body: { error: "slow_down" },
    });
    const asked = await ask(PERMISSION, { action: "SendEmail", mission_s256: s256 });
    await world.approve(asked);
    expect(await world.later(agent, asked)).toMatchObject({ status: 200 });
  });
});

const ended = (reason: string) => ({
  status: 403,
  body: { error: "mission_terminated", mission_status: "terminated", termination_reason: reason },
});
