/** What an agent does, whatever the profile is. */

import { describe, expect, it } from "vitest";
import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import type { Transport, TransportRequest } from "../../src/discovery/transport.ts";
import {
  AAuthAgentError,
  AAuthError,
  AAuthVerificationError,
  ConsentRequiredError,
} from "../../src/errors.ts";
import { februaryAgent } from "../../src/february-2026/agent.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { Requirement } from "../../src/types.ts";
import {
  agentKey,
  clock,
  discoveryOf,
  now,
  type ProfileKit,
  RESOURCE,
  received,
  resourceKey,
  resourceOf,
  SERVER,
} from "./kit.ts";
import { TOY_DEMAND } from "./toy-profile.ts";

export interface Sent extends TransportRequest {
  readonly url: string;
}
type Answer = (request: Sent) => Promise<Response>;

/** An agent, a resource with a verifier and a challenger, and a server whose endpoints verify: over a transport in memory. */
export function worldOf(kit: ProfileKit) {
  const { profile } = kit;
  const sent: Sent[] = [];
  const { discovery } = discoveryOf(kit);
  const { verifier } = resourceOf(kit);
  const challenger = createChallenger({
    profile,
    key: resourceKey,
    resource: RESOURCE,
    authServer: SERVER,
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
    /** What stands before the resource, and before the server. */
    atResource: ((request) => resource(request)) as Answer,
    atServer: ((request) => server(request)) as Answer,
    resource,
    server,
    /** The caller that a request to the server is from. */
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
        profile,
        key: agentKey,
        signatureScheme: "jwks",
        ...(kit.agentToken && { agentToken: kit.agentToken }),
        trustedAuthServers: [SERVER],
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
      const challenge = await challenger.challengeFor(error, { requirement });
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

export async function failureOf(promise: Promise<unknown>): Promise<AAuthAgentError> {
  const error = await promise.then(
    () => new Error("nothing was refused"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AAuthAgentError)) throw error;
  return error;
}

const URL_DATA = `${RESOURCE}/data`;
const USER = { cacheKey: "user" };

export function agentSuite(kit: ProfileKit): void {
  const { profile } = kit;
  const callOf = (world: World, more: Partial<AgentOptions> = {}, init: RequestInit = {}) =>
    world.agent(more).fetchFor(USER)(URL_DATA, init);

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

    it("gives up where the resource asks again for the same", async () => {
      const world = worldOf(kit);
      const scopes = ["data.write"];
      world.requirement = { ...world.requirement, scopes };
      expect((await failureOf(callOf(world))).code).toBe("challenge_repeated");
      // What did not help is not tried again.
      world.sent.length = 0;
      clock.advance(1);
      expect((await failureOf(callOf(world))).code).toBe("challenge_repeated");
      expect(world.story()[0]).toBe(kit.climb[0]);
    });

    it("sends nothing to a server that it does not trust", async () => {
      const world = worldOf(kit);
      const agent = { trustedAuthServers: ["https://other.example"] };
      const error = await failureOf(callOf(world, agent));
      expect(["challenge_untrusted", "discovery_failed"]).toContain(error.code);
      expect(world.story().filter((step) => step.startsWith("/"))).toEqual([]);
    });

    it("follows no resource token that is another's", async () => {
      const { verifier } = resourceOf(kit);
      const challengers = [
        { resource: "https://other.example", authServer: SERVER },
        { resource: RESOURCE, authServer: "https://other.example" },
      ];
      for (const party of challengers) {
        const world = worldOf(kit);
        const challenger = createChallenger({ profile, key: resourceKey, ...party, now });
        world.atResource = async ({ url, method, headers, body }) => {
          const { requirement } = world;
          const error: unknown = await verifier
            .verifyRequest(received(url, method, headers, body), requirement)
            .then(
              () => undefined,
              (thrown) => thrown,
            );
          if (!(error instanceof AAuthVerificationError)) throw error;
          const { body: text, ...challenge } = await challenger.challengeFor(error, { requirement });
          return new Response(text, challenge);
        };
        const error = await failureOf(callOf(world));
        expect([error.code, world.story().at(-1)]).toEqual(["challenge_untrusted", kit.climb.at(-3)]);
      }
    });

    it("reports a refusal of the server without a status of its own", async () => {
      const world = worldOf(kit);
      world.atServer = async () => Response.json({ error: "access_denied" }, { status: 403 });
      const error = await failureOf(callOf(world));
      expect([error.code, "status" in error]).toEqual(["token_request_refused", false]);
    });

    it("presents no token that is bound to another key", async () => {
      const world = worldOf(kit);
      const { key, ...other } = { key: resourceKey, grant: kit.grant };
      world.atServer = async (request) => {
        const answer = await other.grant(
          request.url,
          new TextDecoder().decode(request.body),
          await world.callerAtServer(request),
        );
        const token = await kit.token({ boundTo: key });
        return Response.json(
          Object.fromEntries(Object.keys(answer).map((name) => [name, name === "expires_in" ? 300 : token])),
        );
      };
      expect((await failureOf(callOf(world))).code).toBe("token_request_failed");
      expect(world.story()).toEqual(kit.climb.slice(0, 2));
    });
  });
}

/** What an agent does where the profile has answers that come later. */
export function deferredSuite(kit: ProfileKit): void {
  const { profile } = kit;
  const callOf = (world: World, more: Partial<AgentOptions> = {}, init: RequestInit = {}) =>
    world.agent(more).fetchFor(USER)(URL_DATA, init);
  const WAIT = "0.03";

  /** Answers 202 `looks` times: first for the request, then at its `Location`. */
  function deferring(answer: Answer, looks: number, headers: Record<string, string> = {}): Answer {
    const first: Sent[] = [];
    let left = looks;
    return async (request) => {
      const isLook = new URL(request.url).pathname === "/pending/1";
      if (!isLook) first.unshift(request);
      if (left-- > 0) {
        return new Response(null, {
          status: 202,
          headers: { location: "/pending/1", "retry-after": WAIT, ...headers },
        });
      }
      left = looks;
      return answer(isLook ? first[0]! : request);
    };
  }

  describe(`${profile.name}: an answer of a server that comes later`, () => {
    it("is looked for at its Location with a fresh signature, no sooner than it is said to come", async () => {
      const world = worldOf(kit);
      const at: number[] = [];
      const deferred = deferring(world.server, 2);
      world.atServer = async (request) => {
        at.push(performance.now());
        if (request.method === "GET") {
          expect((await world.callerAtServer(request)).thumbprint).toBe(agentKey.thumbprint);
        }
        return deferred(request);
      };
      expect((await callOf(world)).status).toBe(200);
      const steps = world.story().filter((step) => step.startsWith("/"));
      expect(steps).toEqual(["/person", "/pending/1", "/pending/1", "/grant", "/pending/1", "/pending/1"]);
      expect(
        world.sent
          .filter(({ url }) => url.endsWith("/pending/1"))
          .every(({ method, body }) => method === "GET" && !body),
      ).toBe(true);
      // A timer may be a millisecond early.
      expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(Number(WAIT) * 1000 - 2);
    });

    it("is not looked for at another origin", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, 1, { location: "https://other.example/pending/1" });
      expect((await failureOf(callOf(world))).code).toBe("token_request_failed");
      expect(world.sent.some(({ url }) => url.includes("other.example"))).toBe(false);
    });

    it("is waited for as long as the agent says", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY);
      expect((await failureOf(callOf(world, { timeouts: { pendingMs: 100 } }))).code).toBe("grant_pending");
      expect(world.story().filter((step) => step === "/pending/1").length).toBeGreaterThanOrEqual(1);
      const pendingMs = Number.NaN;
      expect((await failureOf(callOf(world, { timeouts: { pendingMs } }))).code).toBe("grant_pending");
    });

    it.each(["0", "-1", "soon", "1e99"])("makes no agent spin or hang with Retry-After %s", async (value) => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY, { "retry-after": value });
      expect((await failureOf(callOf(world, { timeouts: { pendingMs: 100 } }))).code).toBe("grant_pending");
      expect(world.sent.length).toBeLessThan(10);
    });

    it("is waited for until the caller gives up", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY, { "retry-after": "30" });
      const controller = new AbortController();
      const reason = new Error("the caller gave up");
      setTimeout(() => controller.abort(reason), 30);
      await expect(callOf(world, {}, { signal: controller.signal })).rejects.toBe(reason);
    });
  });

  describe(`${profile.name}: an answer of the resource that comes later`, () => {
    it("is looked for at its Location", async () => {
      const world = worldOf(kit);
      world.requirement = kit.requirements[0]!;
      world.atResource = deferring(world.resource, 2);
      const response = await callOf(world, {}, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([200, kit.requirements[0]!.level]);
      expect(world.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
        "POST /data",
        "GET /pending/1",
        "GET /pending/1",
      ]);
    });

    it("is looked for with the grant that a held request wants, and not sent again", async () => {
      const world = worldOf(kit);
      world.atResource = async (request) => {
        const answer = await world.resource(request);
        if (answer.status !== 401) return answer;
        const headers: Record<string, string> = {
          ...Object.fromEntries(answer.headers),
          location: "/pending/1",
          "retry-after": WAIT,
        };
        const isHeld = headers[TOY_DEMAND]?.startsWith("requirement=grant");
        return isHeld ? new Response(null, { status: 202, headers }) : answer;
      };
      expect((await callOf(world, {}, { method: "POST", body: "{}" })).status).toBe(200);
      const toResource = world.sent.filter(({ url }) => url.startsWith(RESOURCE));
      expect(toResource.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
        "POST /data",
        "POST /data",
        "GET /pending/1",
      ]);
      expect(world.story()).toEqual(kit.climb);
    });

    it("is neither looked for elsewhere nor forever", async () => {
      for (const [headers, code] of [
        [{ location: "https://other.example/" }, "challenge_untrusted"],
        [{}, "grant_pending"],
      ] as const) {
        const world = worldOf(kit);
        world.atResource = deferring(world.resource, Number.POSITIVE_INFINITY, headers);
        expect((await failureOf(callOf(world, { timeouts: { pendingMs: 80 } }))).code).toBe(code);
      }
    });
  });
}

/** The consent of a person, where the profile asks for one by a page and a code. */
export function consentSuite(kit: ProfileKit): void {
  describe(`${kit.profile.name}: a person's consent`, () => {
    it("is asked for at the server's page, and its code is redeemed", async () => {
      const world = worldOf(kit);
      world.atServer = async (request) => {
        const form = new URLSearchParams(new TextDecoder().decode(request.body));
        if (form.has("code")) return world.server(request);
        return Response.json({ request_token: "r-1", expires_in: 60 });
      };
      const agent = februaryAgent(world.agent({ redirectUri: "https://agent.example/callback" }));
      const error = await failureOf(agent.fetchFor({ ...USER, state: "s-1" })(URL_DATA));
      if (!(error instanceof ConsentRequiredError)) throw error;
      expect([error.code, "status" in error, error.authServer]).toEqual(["consent_required", false, SERVER]);
      const page = new URL(error.consentUrl);
      expect([page.origin, page.searchParams.get("state")]).toEqual([SERVER, "s-1"]);
      await agent.redeemCode({ authServer: SERVER, code: "c-1", ...USER });
      expect((await agent.fetchFor(USER)(URL_DATA)).status).toBe(200);
      expect(world.story()).toEqual(["jwks", "/token", "/token", "jwt"]);
    });
  });
}
