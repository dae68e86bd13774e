/**
 * The library's agent, a small resource, a person server and an access server: whole calls over a
 * transport in memory.
 */

import { describe, expect, it } from "vitest";
import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import type { Draft11Level } from "../../src/draft-11/names.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { AAuthError } from "../../src/errors.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import { createRevocations } from "../../src/profile/revocations.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createRevocationEndpoint } from "../../src/resource/revocation-endpoint.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { ProvenCaller, Requirement } from "../../src/types.ts";
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
      timeouts: { pendingMs: 10_000 },
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
    expect(await world.ps.grants(ALICE)).toMatchObject([
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
    const grants = await world.ps.grants(ALICE);
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
