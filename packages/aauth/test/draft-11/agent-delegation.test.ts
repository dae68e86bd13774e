import { describe, expect, it } from "vitest";
import type { Agent } from "../../src/agent/index.ts";
import { verifyAgentToken } from "../../src/draft-11/verify-tokens.ts";
import { StillWaitingError } from "../../src/errors.ts";
import { createKeyRing } from "../../src/keys/key-ring.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import {
  accepted,
  createWorld,
  DATA,
  deferring,
  failureOf,
  INTERACTION,
  INTERMEDIARY,
  OTHER_SERVER,
  PARTS,
  requirement,
  type Sent,
  SUB_AGENT,
  type World,
} from "./agent-world.ts";
import {
  A_PERSON,
  ANY_AGENT,
  agentToken,
  authToken,
  changed,
  keys,
  PERSON_SERVER,
  personToken,
  RESOURCE,
} from "./kit.ts";

const at = `${PARTS}/part`;

/** The resource in the middle: its own agent provider, with its own key. */
const middleOf = (world: World) =>
  world.agent({
    id: INTERMEDIARY,
    key: keys.resource,
    agentToken: undefined,
    // Its own person server, which is not that of its callers.
    personServer: OTHER_SERVER,
  });

describe("a resource that calls another one", () => {
  it.each([
    ["person token", personToken],
    ["auth token", authToken],
  ])("asks the person server of the caller's %s, as its own agent provider", async (_, issue) => {
    const world = createWorld();
    const upstreamToken = await issue();
    expect(await (await middleOf(world).fetchFor({ upstreamToken })(at)).text()).toBe("auth-token");
    expect(world.story()).toEqual([
      "GET part A",
      "POST person A",
      "GET part P",
      "POST token A",
      "GET part T",
    ]);
    expect(new Set(world.sent.map(({ url }) => new URL(url).origin))).toEqual(
      new Set([PARTS, PERSON_SERVER]),
    );
    expect(world.asked("/person")).toEqual([{ resource: PARTS, upstream_token: upstreamToken }]);
    expect(world.asked("/token")[0]).toEqual({
      resource_token: expect.any(String),
      presented_token: world.sent[2]?.jwt,
      upstream_token: upstreamToken,
    });
    const { claims } = await verifyAgentToken(world.sent[0]!.jwt, {
      discovery: world.discovery,
      now: () => world.clock.time,
    });
    expect(claims).toMatchObject({ iss: RESOURCE, sub: INTERMEDIARY, ps: OTHER_SERVER });
  });

  it("separates one caller's tokens from those of others", async () => {
    const world = createWorld();
    const middle = middleOf(world);
    const [one, two] = [await personToken(), await personToken()];
    for (const upstreamToken of [one, two, one, two]) await middle.fetchFor({ upstreamToken })(at);
    expect(world.asked("/person").map(({ upstream_token }) => upstream_token)).toEqual([one, two]);
  });

  it("does not send a mission", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.person = { missionS256: "caller's" };
    const context = { upstreamToken: await personToken(), mission: "own" };
    expect((await middleOf(world).fetchFor(context)(at)).status).toBe(200);
    expect(world.asked("/person")[0]).not.toHaveProperty("mission_s256");
  });

  it("rejects other tokens as an upstream token", async () => {
    const world = createWorld();
    for (const upstreamToken of [
      await agentToken(),
      await agentToken({ personServer: PERSON_SERVER }),
      "x.y.z",
      await changed(await personToken(), keys.person, { iss: "https://ps.example:8443" }),
    ]) {
      const error = await failureOf(middleOf(world).fetchFor({ upstreamToken })(at));
      expect([error.code, error.section]).toEqual(["malformed_token", "draft -11, section 10.1.1"]);
    }
    expect(world.sent.some(({ url }) => url.startsWith(PERSON_SERVER))).toBe(false);
  });

  it("answers its caller while it waits, and continues later", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, { ...INTERACTION, "retry-after": "0" });
    const upstreamToken = await personToken();
    const call = middleOf(world).fetchFor({ upstreamToken, waiting: "throw" })(at, {
      method: "POST",
      body: "{}",
    });
    const error = await failureOf<StillWaitingError>(call);
    expect(error).toBeInstanceOf(StillWaitingError);
    expect(error.waiting.interaction?.url).toBe("https://ps.example/visit");
    const waiting = JSON.parse(JSON.stringify(error.waiting));
    const next = await failureOf<StillWaitingError>(middleOf(world).resume(waiting, { waiting: "throw" }));
    expect(await (await middleOf(world).resume(next.waiting)).text()).toBe("auth-token");
    expect(world.asked("/token").every((asked) => asked.upstream_token === upstreamToken)).toBe(true);
    expect(world.asked("/interaction")).toEqual([]);
  });

  it("does not send its own person to a page that is for its caller's", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    const serve = world.at[PARTS]!;
    const pages: string[] = [];
    let looks = 0;
    world.at[PARTS] = (request) =>
      looks++ === 0
        ? accepted(requirement(`interaction; url="https://parts.example/login"; code="WXYZ1234"`))
        : serve(request);
    const middle = world.agent({ id: INTERMEDIARY, key: keys.resource, agentToken: undefined });
    const onInteraction = ({ page }: { page: string }) => void pages.push(page);
    const context = { upstreamToken: await personToken(), onInteraction };
    expect((await middle.fetchFor(context)(at)).status).toBe(200);
    expect(pages).toEqual(["https://parts.example/login?code=WXYZ1234"]);
    expect(world.story()).toEqual(["GET part A", "GET pending/1 A"]);
  });
});

describe("an agent that is its own provider", () => {
  it("issues itself one token, and another one five minutes before it expires or with another key", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    let key = keys.resource;
    const ring = createKeyRing({ key, create: async () => keys.es256 });
    const agent = world.agent({
      id: INTERMEDIARY,
      key: { ...ring, current: () => key, usable: () => [key] },
      agentToken: undefined,
      personServer: undefined,
    });
    const shown = async () => {
      await agent.fetchFor()(DATA);
      return world.sent.at(-1)!.jwt;
    };
    const first = await shown();
    expect(decodeJwt(first).claims).not.toHaveProperty("ps");
    world.clock.time += 3_299;
    expect(await shown()).toBe(first);
    world.clock.time += 2;
    const second = await shown();
    expect(second).not.toBe(first);
    key = keys.es256;
    expect(await shown()).not.toBe(second);
  });
});

describe("an agent without a person server", () => {
  it("proposes no mission, and requests no token for a sub-agent", async () => {
    const world = createWorld();
    const agent = world.agent({ personServer: undefined, agentToken: undefined });
    for (const ask of [
      ({ proposeMission }: Agent) => proposeMission({ description: "x" }),
      ({ tokenForSubAgent }: Agent) => tokenForSubAgent({ subagentToken: "x.y.z", resource: RESOURCE }),
    ]) {
      expect(await failureOf(ask(agent))).toMatchObject({
        code: "person_required",
        message: "a person is required, but this agent has no `personServer`",
      });
    }
    expect(world.sent).toEqual([]);
  });
});

describe("a sub-agent", () => {
  const subToken = (world: World, over = {}) =>
    world.agentTokenOf(keys.other, { agent: SUB_AGENT, parentAgent: "aauth:planner@agent.example", ...over });
  const subOf = (world: World, more = {}) =>
    world.agent({ id: SUB_AGENT, key: keys.other, agentToken: () => subToken(world), ...more });

  it("gets its tokens through its parent, bound to its own key", async () => {
    const world = createWorld();
    const parent = world.agent();
    const sub = subOf(world, { parent: parent.tokenForSubAgent });
    expect(await (await sub.fetchFor()(DATA)).text()).toBe("auth-token");
    expect(world.story()).toEqual([
      "GET data A",
      "POST person A",
      "GET data P",
      "POST token A",
      "GET data T",
    ]);
    const toServer = world.sent.filter(({ url }) => url.startsWith(PERSON_SERVER));
    for (const { jwt, json } of toServer) {
      expect(decodeJwt(jwt).claims.sub).toBe("aauth:planner@agent.example");
      expect(decodeJwt(String(json.subagent_token)).claims.sub).toBe(SUB_AGENT);
    }
    expect(world.seen[0]?.thumbprint).toBe(keys.other.thumbprint);
    // The sub-agent's token is cached with the sub-agent and not with the parent.
    await sub.fetchFor()(DATA);
    expect(world.story().at(-1)).toBe("GET data T");
    expect(toServer.length).toBe(2);
  });

  it("never asks the person server itself", async () => {
    const world = createWorld();
    const error = await failureOf(subOf(world).fetchFor()(DATA));
    expect([error.code, error.section]).toEqual(["person_required", "draft -11, section 10.2.2"]);
    expect(world.story()).toEqual(["GET data A"]);
    const input = { subagentToken: await subToken(world), resource: RESOURCE };
    expect((await failureOf(subOf(world).tokenForSubAgent(input))).code).toBe("token_agent_mismatch");
    expect((await failureOf(subOf(world).proposeMission({ description: "x" }))).code).toBe("person_required");
    expect(world.story()).toEqual(["GET data A"]);
  });

  it("is not brought to a page by the person server", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    let looks = 0;
    world.resource = (request) =>
      looks++ === 0
        ? accepted(requirement(`interaction; url="https://resource.example/login"; code="WXYZ1234"`))
        : world.usual.resource(request);
    let shown = 0;
    const onInteraction = () => void shown++;
    expect((await subOf(world).fetchFor({ onInteraction })(DATA)).status).toBe(200);
    expect([shown, world.story()]).toEqual([1, ["GET data A", "GET pending/1 A"]]);
  });

  it("of another agent receives no token", async () => {
    const world = createWorld();
    const parent = world.agent();
    for (const subagentToken of [
      await subToken(world, {
        parentAgent: "aauth:other@agent.example",
        agent: "aauth:other+x@agent.example",
      }),
      await world.agentToken(keys.other),
      await personToken(),
      "x.y.z",
    ]) {
      const error = await failureOf(parent.tokenForSubAgent({ subagentToken, resource: RESOURCE }));
      expect(error.code).toBe("token_agent_mismatch");
    }
    expect(world.sent).toEqual([]);
  });

  it("receives no token for a resource token of another key", async () => {
    const world = createWorld();
    // A challenge for the parent's own key.
    const seen: Sent[] = [];
    world.server = (request) => {
      seen.push(request);
      return world.usual.server(request);
    };
    const parent = world.agent();
    await parent.fetchFor()(DATA);
    const { resource_token: resourceToken, presented_token: presentedToken } = world.asked("/token")[0]!;
    const before = seen.length;
    const error = await failureOf(
      parent.tokenForSubAgent({
        subagentToken: await subToken(world),
        resource: RESOURCE,
        resourceToken: String(resourceToken),
        presentedToken: String(presentedToken),
      }),
    );
    expect([error.code, error.claim, seen.length]).toEqual(["challenge_untrusted", "agent_jkt", before]);
  });

  it("rejects a token bound to the parent's key", async () => {
    const world = createWorld();
    world.person = { confirmationKey: keys.agent.publicJwk };
    const input = { subagentToken: await subToken(world), resource: RESOURCE };
    const error = await failureOf(world.agent().tokenForSubAgent(input));
    expect([error.code, error.claim]).toEqual(["token_request_failed", "cnf"]);
  });

  it("has a parent that sends the person to a page, with their identity and the reason", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, { ...INTERACTION, "retry-after": "0" });
    const pages: string[] = [];
    const input = {
      subagentToken: await subToken(world),
      resource: RESOURCE,
      loginHint: "dana",
      justification: "Because",
      returnUrl: "https://agent.example/back",
    };
    const onInteraction = ({ page }: { page: string }) => void pages.push(page);
    const { thumbprint } = await world.agent().tokenForSubAgent({ ...input, onInteraction });
    expect(thumbprint).toBe(keys.other.thumbprint);
    const back = "&callback=https%3A%2F%2Fagent.example%2Fback";
    expect(pages).toEqual([`https://ps.example/visit?code=A1B2-C3D4${back}`]);
    expect(world.asked("/person")[0]).toEqual({
      resource: RESOURCE,
      subagent_token: input.subagentToken,
      capabilities: ["interaction"],
      justification: "Because",
      login_hint: "dana",
    });
  });

  it("has a parent that leaves the person's decision for later by throwing", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, { ...INTERACTION, "retry-after": "0" });
    const later = new Error("later");
    const onInteraction = () => {
      throw later;
    };
    const input = { subagentToken: await subToken(world), resource: RESOURCE, onInteraction };
    await expect(world.agent().tokenForSubAgent(input)).rejects.toBe(later);
    // The request is neither polled nor cancelled.
    expect(world.story()).toEqual(["POST person A"]);
  });
});

describe("a mission", () => {
  const BLOB = new TextEncoder().encode('{"agent":"aauth:planner@agent.example","description":"# Trip"}');
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const PROPOSAL = {
    description: "# Trip",
    tools: [{ name: "Search", description: "Searches" }],
    resources: [RESOURCE],
  };

  async function worldWithMission(over: Record<string, unknown> = {}) {
    const world = createWorld();
    const id = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", BLOB)));
    const token = await personToken({ missionS256: id, subject: `person at ${RESOURCE}` });
    world.server = (request) => {
      if (request.url.endsWith("/mission")) return accepted(requirement("approval"));
      if (!request.url.includes("/pending/")) return world.usual.server(request);
      const approval = { s256: id, mission: base64url(BLOB), capabilities: ["interaction"] };
      return Response.json({ ...approval, person_tokens: { [RESOURCE]: token }, ...over });
    };
    return { world, id };
  }

  it("is proposed, approved, and part of the calls made with it", async () => {
    const { world, id } = await worldWithMission();
    const agent = world.agent();
    const approved = await agent.proposeMission({ ...PROPOSAL, loginHint: "dana" });
    expect(approved).toMatchObject({ id, mission: { description: "# Trip" } });
    expect(world.asked("/mission")).toEqual([{ ...PROPOSAL, login_hint: "dana" }]);
    expect(await (await agent.fetchFor({ mission: id })(DATA)).text()).toBe("auth-token");
    expect(world.story()).toEqual([
      "POST mission A",
      "GET pending/1 A",
      "GET data P",
      "POST token A",
      "GET data T",
    ]);
    // Another agent requests its token by name, and a call without a mission does not share it.
    world.requirement = A_PERSON;
    await agent.fetchFor({ mission: id })(at);
    await agent.fetchFor()(at);
    expect(world.asked("/person")).toEqual([{ resource: PARTS, mission_s256: id }, { resource: PARTS }]);
  });

  it("is refused with another digest or a malformed mission", async () => {
    for (const over of [
      { s256: "AAAA" },
      { mission: "e30" },
      { mission: undefined },
      { mission: "***" },
      { s256: 4 },
    ]) {
      const { world } = await worldWithMission(over);
      const error = await failureOf(world.agent().proposeMission(PROPOSAL));
      expect([error.code, error.section]).toEqual([
        "token_request_failed",
        expect.stringContaining("section 8.2"),
      ]);
    }
  });

  it("is sent with tokens of this mission only", async () => {
    for (const token of [
      await personToken({ missionS256: "another" }),
      await personToken(),
      await personToken({ audience: PARTS }),
      await authToken(),
    ]) {
      const { world } = await worldWithMission({ person_tokens: { [RESOURCE]: token } });
      expect((await failureOf(world.agent().proposeMission(PROPOSAL))).code).toBe("token_request_failed");
    }
  });

  it("rejects a person token without the requested mission", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.person = { missionS256: "another" };
    const agent = world.agent();
    expect(await failureOf(agent.fetchFor({ mission: "m" })(DATA))).toMatchObject({ claim: "mission_s256" });
    expect(await failureOf(agent.fetchFor()(DATA))).toMatchObject({ claim: "mission_s256" });
  });
});
