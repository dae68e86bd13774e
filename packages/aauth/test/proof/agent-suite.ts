/** Behaviour of an agent that every profile shares. */

import { describe, expect, it } from "vitest";
import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import { createAddressMap } from "../../src/discovery/address-map.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import type { Transport, TransportRequest } from "../../src/discovery/transport.ts";
import { AAuthError, AAuthVerificationError } from "../../src/errors.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { Requirement } from "../../src/types.ts";
import { failureOf } from "../draft-11/agent-world.ts";
import {
  agentKey,
  clock,
  discoveryOf,
  now,
  OTHER,
  type ProfileKit,
  RESOURCE,
  received,
  resourceKey,
  resourceOf,
  SCOPES,
  SERVER,
  type StrayResourceToken,
} from "./kit.ts";

export interface Sent extends TransportRequest {
  readonly url: string;
}
export type Answer = (request: Sent) => Promise<Response>;

/**
 * An agent, a resource with a verifier and a challenger, and a server with verified endpoints, over
 * a transport in memory.
 */
export function worldOf(kit: ProfileKit) {
  const { profile } = kit;
  const sent: Sent[] = [];
  const { discovery } = discoveryOf(kit);
  const { verifier } = resourceOf(kit);
  const challenger = createChallenger({
    ...kit.challenging(SERVER),
    key: resourceKey,
    resource: RESOURCE,
    now,
  });
  const atServer = createVerifier({
    profile,
    endpoint: "token",
    authorities: ["ps.example"],
    discovery,
    now,
  });

  const world = {
    sent,
    requirement: kit.requirements.at(-1) as Requirement<string>,
    /** Handlers in front of the resource and the server, which a test may replace. */
    atResource: ((request) => resource(request)) as Answer,
    atServer: ((request) => server(request)) as Answer,
    resource,
    server,
    /** The caller of a request to the server. */
    async callerAtServer({ url, method, headers, body }: Sent) {
      return (await atServer.verifyRequest(received(url, method, headers, body))).caller;
    },
    story: () =>
      sent.map(({ url, headers }) =>
        url.startsWith(SERVER)
          ? new URL(url).pathname
          : profile.messages.parseKeyClaim(headers[profile.messages.fields.signatureKey]!).scheme,
      ),
    agent: (more: Partial<AgentOptions> = {}) =>
      createAgent({
        id: kit.agent,
        ...kit.trustedByAgent(SERVER),
        key: agentKey,
        ...(kit.agentToken && { agentToken: kit.agentToken }),
        discovery,
        transport,
        now,
        ...more,
      }),
  };

  const transport: Transport = async (url, request) => {
    request.signal?.throwIfAborted();
    const seen = { ...request, url };
    sent.push(seen);
    return url.startsWith(SERVER) ? world.atServer(seen) : world.atResource(seen);
  };

  async function resource({ url, method, headers, body }: Sent): Promise<Response> {
    const { requirement } = world;
    try {
      const { caller } = await verifier.verifyRequest(received(url, method, headers, body), requirement);
      return new Response(caller.level);
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      const challenge = await challenger.challengeFor(error, requirement);
      return new Response(challenge.body, challenge);
    }
  }

  async function server(request: Sent): Promise<Response> {
    const caller = await world.callerAtServer(request);
    return Response.json(await kit.grant(request.url, new TextDecoder().decode(request.body), caller));
  }

  return world;
}

export type World = ReturnType<typeof worldOf>;

/** The requests to the server. */
export const stepsAtServer = (story: readonly string[]) => story.filter((step) => step.startsWith("/"));

export const URL_DATA = `${RESOURCE}/data`;
export const USER = { cacheKey: "user" };

/** The call of a case. */
export const callOf = (world: World, more: Partial<AgentOptions> = {}, init: RequestInit = {}) =>
  world.agent(more).fetchFor(USER)(URL_DATA, init);

export function agentSuite(kit: ProfileKit): void {
  const { profile } = kit;
  const keyClaimOf = ({ headers }: Sent) =>
    profile.messages.parseKeyClaim(headers[profile.messages.fields.signatureKey]!);
  const stray: readonly StrayResourceToken[] = [
    { name: "of another resource", party: { resource: OTHER } },
    {
      name: "for another key",
      caller: (proven) => ({ ...proven, thumbprint: resourceKey.thumbprint }),
    },
    ...kit.stray,
  ];

  describe(`${profile.name}: an agent`, () => {
    it("climbs from its first credential to a grant, and keeps it", async () => {
      const world = worldOf(kit);
      const call = world.agent().fetchFor(USER);
      const response = await call(URL_DATA, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([200, kit.requirements.at(-1)!.level]);
      expect(world.story()).toEqual(kit.climb);
      expect((await call(URL_DATA)).status).toBe(200);
      expect(world.story()).toEqual([...kit.climb, "jwt"]);
    });

    it("does not climb further than it is asked", async () => {
      const world = worldOf(kit);
      world.requirement = kit.requirements[0]!;
      expect((await callOf(world)).status).toBe(200);
      expect(world.story()).toEqual(kit.climb.slice(0, 1));
    });

    it("gives up if the resource repeats its challenge", async () => {
      const world = worldOf(kit);
      const call = world.agent().fetchFor(USER);
      world.requirement = { ...world.requirement, scopes: [...SCOPES, "data.write"] };
      expect((await failureOf(call(URL_DATA))).code).toBe("challenge_repeated");
      expect(world.story()).toEqual(kit.climb);
      const unhelpful = keyClaimOf(world.sent.at(-1)!).jwt;
      // The agent does not try a token again that did not help.
      world.sent.length = 0;
      clock.advance(1);
      expect((await failureOf(call(URL_DATA))).code).toBe("challenge_repeated");
      expect(world.story()[0]).toBe(kit.climb[0]);
      expect(world.sent.map((request) => keyClaimOf(request).jwt)).not.toContain(unhelpful);
    });

    it("sends nothing to a server that it does not trust", async () => {
      const world = worldOf(kit);
      const error = await failureOf(callOf(world, kit.trustedByAgent(OTHER)));
      expect(["challenge_untrusted", "discovery_failed"]).toContain(error.code);
      expect(stepsAtServer(world.story())).toEqual([]);
    });

    it.each([
      "http://resource.example",
      "http://10.0.0.1:8080",
      "http://localhost.example",
      "http://127.0.0.1.example",
    ])("E13: signs nothing for %s", async (origin) => {
      const world = worldOf(kit);
      const call = world.agent().fetchFor(USER);
      const error = await failureOf(call(`${origin}/data`, { method: "POST", body: "{}" }));
      expect([error.code, world.sent]).toEqual(["discovery_blocked", []]);
      expect(error.message).toContain(origin);
    });

    it("E13: sends no token request over plain http", async () => {
      const world = worldOf(kit);
      const { discovery } = discoveryOf(kit);
      const overHttp: Discovery = {
        ...discovery,
        async metadata(...asked) {
          const text = JSON.stringify(await discovery.metadata(...asked));
          return JSON.parse(text.replaceAll("https:", "http:"));
        },
      };
      const error = await failureOf(callOf(world, { discovery: overHttp }));
      expect(error.code).toBe("discovery_blocked");
      expect(world.sent.filter(({ url }) => url.startsWith("http:"))).toEqual([]);
    });

    it("signs over plain http for this machine, and for parties of its address map", async () => {
      const world = worldOf(kit);
      world.atResource = async () => new Response();
      const addresses = createAddressMap({ "http://resource.internal": "http://10.0.0.1:8080" });
      const call = world.agent({ discovery: { ...discoveryOf(kit).discovery, addresses } }).fetchFor(USER);
      const local = ["http://localhost:4711", "http://a.localhost", "http://127.8.8.8", "http://[::1]:4711"];
      for (const origin of [...local, "http://resource.internal"]) {
        expect((await call(`${origin}/data`)).status).toBe(200);
      }
      expect((await failureOf(call("http://resource.internal:8080/"))).code).toBe("discovery_blocked");
    });

    it.each(stray)("carries no resource token $name", async ({ party, caller = (proven) => proven }) => {
      const world = worldOf(kit);
      const { verifier } = resourceOf(kit);
      const challenger = createChallenger({
        ...kit.challenging(SERVER),
        key: resourceKey,
        resource: RESOURCE,
        now,
        ...party,
      });
      world.atResource = async ({ url, method, headers, body }) => {
        const { requirement } = world;
        const error: unknown = await verifier
          .verifyRequest(received(url, method, headers, body), requirement)
          .then(
            () => undefined,
            (thrown) => thrown,
          );
        if (!(error instanceof AAuthVerificationError)) throw error;
        const { code, message, provenCaller } = error;
        const about = new AAuthVerificationError(code, message, { provenCaller: caller(provenCaller!) });
        const { body: text, ...challenge } = await challenger.challengeFor(about, requirement);
        return new Response(text, challenge);
      };
      const error = await failureOf(callOf(world));
      expect([error.code, world.story()]).toEqual(["challenge_untrusted", kit.climb.slice(0, -2)]);
    });

    it("reports a refusal of the server without an HTTP status", async () => {
      const world = worldOf(kit);
      world.atServer = async () => Response.json({ error: "access_denied" }, { status: 403 });
      const error = await failureOf(callOf(world));
      expect([error.code, "status" in error]).toEqual(["token_request_refused", false]);
    });

    it.each(stepsAtServer(kit.climb))(
      "presents no token of %s that is bound to another key",
      async (path) => {
        const world = worldOf(kit);
        world.atServer = async (request) => {
          const isThere = new URL(request.url).pathname === path;
          const caller = await world.callerAtServer(request);
          const text = new TextDecoder().decode(request.body);
          return Response.json(await kit.grant(request.url, text, caller, isThere ? resourceKey : agentKey));
        };
        expect((await failureOf(callOf(world))).code).toBe("token_request_failed");
        expect(world.story()).toEqual(kit.climb.slice(0, kit.climb.indexOf(path) + 1));
      },
    );
  });
}
