/**
 * The library's agent, a small resource, a person server and an access server: whole calls over a
 * transport in memory.
 */

import { describe, expect, it } from "vitest";
import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import type { Draft11Level } from "../../src/draft-11/names.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { AAuthError, StillWaitingError } from "../../src/errors.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import { createRevocations } from "../../src/profile/revocations.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createRevocationEndpoint } from "../../src/resource/revocation-endpoint.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { Decide } from "../../src/server/types.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import type { ProvenCaller, Requirement, WaitingCall } from "../../src/types.ts";
import {
  AGENT,
  ALICE,
  AS,
  createWorld,
  keys,
  opened,
  PARTS,
  PROVIDER,
  PS,
  RESOURCE,
  type WorldOptions,
} from "./world.ts";

const DATA = `${RESOURCE}/data`;
const PERSON: Requirement<Draft11Level> = { level: "person-token" };
const AUTH: Requirement<Draft11Level> = { level: "auth-token", scopes: ["data.read"] };

type Serve = (caller: ProvenCaller, token: string) => Promise<string> | string;

function createParties(options: WorldOptions & { readonly accessServer?: string } = {}) {
  const now = () => Math.floor(Date.now() / 1000);
  const world = createWorld({
    ...options,
    now,
    ps: { pollSeconds: 0, ...options.ps },
    as: { pollSeconds: 0, ...options.as },
  });
  const { discovery, transport } = world;
  const state = { requirement: AUTH, serve: (() => "served") as Serve };
  const seen: ProvenCaller[] = [];
  const resource = (issuer: string, key = keys.resource, serve?: Serve) => {
    const authorities = [new URL(issuer).host];
    const revocations = createRevocations({ now });
    const { isRevoked } = revocations;
    const common = { profile: draft11, authorities, audience: issuer, discovery, now, isRevoked };
    const verifier = createVerifier({ ...common, personServers: [PS, AS] });
    const revoking = createVerifier({
      ...common,
      endpoint: "revocation",
      agentProviders: [PS, AS],
    });
    const revocation = createRevocationEndpoint({ verifier: revoking, revocations, path: "/revoke", now });
    const challenger = createChallenger({
      profile: draft11,
      key,
      resource: issuer,
      accessServer: options.accessServer,
      now,
    });
    world.hosts.set(new URL(issuer).host, async (url, { method, headers, body }): Promise<Answer> => {
      const request = { method, target: `${url.pathname}${url.search}`, headers, body };
      try {
        if (url.pathname === revocation.path) return await revocation.handle(request);
        const { caller } = await verifier.verifyRequest(request, state.requirement);
        seen.push(caller);
        const token = /jwt="([^"]+)"/.exec(String(headers["signature-key"]))![1]!;
        return { status: 200, headers: {}, body: await (serve ?? state.serve)(caller, token) };
      } catch (error) {
        if (!(error instanceof AAuthError)) throw error;
        return challenger.challengeFor(error, state.requirement);
      }
    });
  };
  resource(RESOURCE);
  resource(PARTS, keys.parts, () => "parts");
  const agent = (over: Partial<AgentOptions> = {}) =>
    createAgent({
      id: AGENT,
      key: keys.agent,
      profile: draft11,
      discovery,
      transport,
      now,
      personServer: PS,
      agentToken: (key) => world.agentToken({ confirmationKey: key.publicJwk, now }),
      timeouts: { waitingMs: 10_000 },
      ...over,
    });
  /** The person, at the page that the agent sends them to. */
  const approving = (server: "ps" | "as" = "ps") => ({
    async onInteraction({ page }: { page: string }) {
      const code = new URL(page).searchParams.get("code")!;
      const { reference } = opened(await world[server].open(code, "browser"));
      const result = await (server === "ps"
        ? world.ps.approve(reference, { person: ALICE, version: 0 })
        : world.as.approve(reference, { version: 0 }));
      if (result !== "done") throw new Error(result);
    },
  });
  return { world, state, seen, agent, approving };
}

describe("an agent of this library", () => {
  it("is known as its person's agent, once they agree", async () => {
    const { world, state, seen, agent, approving } = createParties();
    state.requirement = PERSON;
    const response = await agent().fetchFor(approving())(DATA);
    expect(await response.text()).toBe("served");
    expect(seen).toMatchObject([{ level: "person-token", person: { iss: PS } }]);
    expect(await world.ps.issuedTokens(ALICE)).toMatchObject([
      { type: "person-token", agent: { iss: PROVIDER, sub: AGENT } },
    ]);
    // The person is not asked again, even by a new process of the agent.
    expect((await agent().fetchFor()(DATA)).status).toBe(200);
  });

  it("is authorized by the person server within the person's consent", async () => {
    const { state, seen, agent, approving } = createParties();
    const planner = agent();
    const call = (init?: RequestInit) =>
      planner.fetchFor({ ...approving(), justification: "To plan" })(DATA, init);
    expect(await (await call({ method: "POST", body: '{"a":1}' })).text()).toBe("served");
    expect(seen.at(-1)).toMatchObject({
      level: "auth-token",
      grant: { scopes: ["data.read"], claims: { iss: PS } },
    });
    state.requirement = { level: "auth-token", scopes: ["data.write"] };
    expect(await (await call()).text()).toBe("served");
    expect(seen.at(-1)).toMatchObject({ grant: { scopes: ["data.write"] } });
  });

  it("S30: names the server of the page, where an access server's owner is asked after the person", async () => {
    const { world, seen, agent } = createParties({
      accessServer: AS,
      ps: { personOf: () => ALICE, decide: () => ({ type: "grant" }) },
      as: { decide: () => ({ type: "interaction" }) },
    });
    const onInteraction = async ({ page, party }: { page: string; party: string }) => {
      // The person server forwards a page of another party.
      expect(party).toBe(AS);
      const { origin, searchParams } = new URL(page);
      expect(origin).toBe(AS);
      const { reference } = opened(await world.as.open(searchParams.get("code")!, "browser"));
      await world.as.approve(reference, { version: 0 });
    };
    expect(await (await agent().fetchFor({ onInteraction })(DATA)).text()).toBe("served");
    expect(seen.at(-1)!.grant!.claims).toMatchObject({ iss: AS, ps: PS, scope: "data.read" });
  });

  it("is called by another one, and calls for the same person", async () => {
    const { world, state, agent, approving } = createParties();
    const middle = agent({ id: "aauth:service@resource.example", key: keys.resource, agentToken: undefined });
    state.serve = async (_caller, upstreamToken) =>
      (await middle.fetchFor({ upstreamToken, ...approving() })(`${PARTS}/part`)).text();
    expect(await (await agent().fetchFor(approving())(DATA)).text()).toBe("parts");
    const grants = await world.ps.issuedTokens(ALICE);
    expect(grants.filter(({ resource }) => resource === PARTS)).toMatchObject([
      { type: "person-token", agent: { iss: RESOURCE } },
      { type: "auth-token", agent: { iss: RESOURCE } },
    ]);
  });

  it("has a sub-agent, which gets its tokens through it", async () => {
    const { world, seen, agent, approving } = createParties();
    const parent = agent();
    const sub = agent({
      id: "aauth:planner+search@agent.example",
      key: keys.worker,
      agentToken: (key) =>
        world.agentToken({
          agent: "aauth:planner+search@agent.example",
          parentAgent: AGENT,
          confirmationKey: key.publicJwk,
          now: () => Math.floor(Date.now() / 1000),
        }),
      parent: (input) => parent.tokenForSubAgent({ ...input, ...approving() }),
    });
    expect((await parent.fetchFor(approving())(DATA)).status).toBe(200);
    expect(await (await sub.fetchFor()(DATA)).text()).toBe("served");
    expect(seen.at(-1)!.thumbprint).toBe(keys.worker.thumbprint);
  });

  it("loses access that its person revokes, and may ask again", async () => {
    const { world, seen, agent, approving } = createParties();
    const planner = agent();
    expect((await planner.fetchFor(approving())(DATA)).status).toBe(200);
    const results = await world.ps.revokeAgent(ALICE, { iss: PROVIDER, sub: AGENT });
    expect(results).toEqual([{ recipient: RESOURCE }, { recipient: RESOURCE }]);
    expect((await planner.fetchFor(approving())(DATA)).status).toBe(200);
    const [first, second] = seen.map(({ grant }) => grant!.claims.jti);
    expect(second).not.toBe(first);
  });
});

describe("an agent with a mission", () => {
  const GOAL = {
    description: "# Refill the store",
    tools: [{ name: "WebSearch", description: "Search the web" }],
    resources: [RESOURCE],
  };
  const decide: Decide = ({ kind, mission, consented }) => ({
    type: consented || (kind === "auth-token" && mission?.isNamed) ? "grant" : "interaction",
  });
  const ps = { decide, missions: true };
  const prepared = async () => {
    const parties = createParties({ ps });
    const planner = parties.agent();
    const mission = await planner.proposeMission({ ...GOAL, ...parties.approving() });
    return { ...parties, planner, mission };
  };

  it("calls its resources without further questions, as part of the mission", async () => {
    const { seen, planner, mission } = await prepared();
    expect(mission.mission).toMatchObject({ agent: AGENT, description: GOAL.description });
    expect(await (await planner.fetchFor({ mission: mission.id })(DATA)).text()).toBe("served");
    expect(seen.at(-1)?.grant?.claims).toMatchObject({ mission_s256: mission.id });
  });

  it("asks for permission, records what it did, updates and completes", async () => {
    const { world, mission, approving } = await prepared();
    expect(await mission.ask({ action: "WebSearch" })).toEqual({ isGranted: true, reason: undefined });
    expect(await mission.ask({ action: "Pay", parameters: { amount: 5 } }, approving())).toMatchObject({
      isGranted: true,
    });
    const refusing = {
      async onInteraction({ page }: { page: string }) {
        const { reference } = opened(await world.ps.open(new URL(page).searchParams.get("code")!, "b"));
        await world.ps.deny(reference, { person: ALICE });
      },
    };
    expect(await mission.ask({ action: "Pay", parameters: { amount: 5_000 } }, refusing)).toEqual({
      isGranted: false,
      reason: "the person refused the request",
    });
    await mission.record({ action: "Pay", result: { paid: 5 } });
    expect(await mission.update("Another store.", approving())).toMatch(/^[\w-]{43}$/);
    await mission.complete("All refilled.", approving());
    const log = await world.ps.missionLog(ALICE, mission.id);
    expect(log.map(({ type }) => type)).toEqual([
      "approved",
      "requested",
      "decided",
      "requested",
      "decided",
      "requested",
      "decided",
      "recorded",
      "requested",
      "decided",
      "updated",
      "requested",
      "decided",
      "ended",
    ]);
  });

  it("W14: stops at the end of the mission, also where it holds tokens, and W14a: after a restart", async () => {
    const stores = createMemoryStores();
    const { world, agent, approving } = createParties({ ps });
    const planner = agent({ stores });
    const { id } = await planner.proposeMission({ ...GOAL, ...approving() });
    await planner.fetchFor({ mission: id })(DATA);
    await world.ps.endMission(ALICE, id, "administrative");
    await expect(planner.mission(id).ask({ action: "WebSearch" })).rejects.toMatchObject({
      oauthError: "mission_terminated",
      section: "draft -11, section 8.8",
    });
    const sent = world.sent.length;
    for (const restarted of [planner, agent({ stores })]) {
      for (const act of [
        () => restarted.fetchFor({ mission: id })(DATA),
        () => restarted.mission(id).record({ action: "WebSearch" }),
        () => restarted.mission(id).complete("Done."),
      ]) {
        const error = { code: "mission_terminated", section: "draft -11, section 8.8" };
        await expect(act()).rejects.toMatchObject(error);
      }
    }
    expect(world.sent).toHaveLength(sent);
    expect((await planner.fetchFor(approving())(DATA)).status).toBe(200);
  });

  it("continues a proposal and a permission in another process", async () => {
    const { world, agent, approving } = createParties({ ps });
    const waitingOf = async (asked: Promise<unknown>) => {
      const error = await asked.catch((error: unknown) => error);
      if (!(error instanceof StillWaitingError)) throw error;
      await approving().onInteraction(error.waiting.interaction!);
      return { resumed: JSON.parse(JSON.stringify(error.waiting)) as WaitingCall };
    };
    const proposal = await waitingOf(agent().proposeMission({ ...GOAL, waiting: "throw" }));
    const mission = await agent().proposeMission({ ...GOAL, ...proposal });
    const action = { action: "Pay" };
    const permission = await waitingOf(agent().mission(mission.id).ask(action, { waiting: "throw" }));
    expect(await agent().mission(mission.id).ask(action, permission)).toMatchObject({ isGranted: true });
    const other = agent({ key: keys.other });
    await expect(other.mission(mission.id).ask(action, permission)).rejects.toMatchObject({
      code: "waiting_key_gone",
    });
    expect(await world.ps.missions(ALICE)).toHaveLength(1);
  });

  it("asks for permission without a mission, too", async () => {
    const { agent, approving } = createParties({ ps });
    expect(await agent().askPermission({ action: "SendEmail" }, approving())).toMatchObject({
      isGranted: true,
    });
  });
});
