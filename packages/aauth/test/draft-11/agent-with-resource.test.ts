/** The agent with the library's own resource: neither would understand a deviation of the other. */

import { describe, expect, it } from "vitest";
import type { InteractionRequest } from "../../src/agent/index.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { StillWaitingError } from "../../src/errors.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createResource } from "../../src/resource/create-resource.ts";
import { createDeferred } from "../../src/resource/deferred.ts";
import type { Endpoint } from "../../src/resource/endpoint.ts";
import { createSessions } from "../../src/resource/sessions.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createWorld, DATA, failureOf, OFFERING, problem, received, type Sent } from "./agent-world.ts";
import {
  A_PERSON,
  ACCESS_SERVER,
  ANY_AGENT,
  AUTHORITY,
  keys,
  PERSON_SERVER,
  RESOURCE,
  TO_READ,
} from "./kit.ts";

function worldWith(accessServer?: string) {
  const world = createWorld({ published: OFFERING });
  const now = () => world.clock.time;
  const ours = { profile: draft11, discovery: world.discovery, now };
  const personServers = [PERSON_SERVER, ACCESS_SERVER];
  const verifier = createVerifier({
    ...ours,
    authorities: [AUTHORITY],
    audience: RESOURCE,
    personServers,
  });
  const challenger = createChallenger({
    profile: draft11,
    key: keys.resource,
    resource: RESOURCE,
    accessServer,
    now,
  });
  const own = { verifier, challenger, resource: RESOURCE, now };
  const serve = (endpoint: Endpoint) => async (request: Sent) => {
    const answer = await endpoint.handle(received(request));
    return new Response(answer.body === "" ? null : answer.body, answer);
  };
  const to = (answer: { status: number; headers: Readonly<Record<string, string>>; body: string }) =>
    new Response(answer.body, answer);
  return { world, verifier, own, serve, to };
}

describe("an agent and a resource of this library", () => {
  it.each([undefined, ACCESS_SERVER])(
    "hold a request until it is authorized, and execute it once (%s)",
    async (as) => {
      const { world, verifier, own, serve, to } = worldWith(as);
      const executed: string[] = [];
      const held = createDeferred<string>({
        ...own,
        retryAfterSeconds: 1,
        async execute(order, { level }) {
          executed.push(`${order} ${level}`);
          return { status: 201, headers: { "content-type": "text/plain" }, body: "placed" };
        },
      });
      world.resource = async (request) => {
        if (request.url.includes(held.endpoint.path)) return serve(held.endpoint)(request);
        world.requirement = A_PERSON;
        if (request.token === "aa-agent+jwt") return world.usual.resource(request);
        const { caller } = await verifier.verifyRequest(received(request), A_PERSON);
        return to(await held.hold("order 1")(caller, TO_READ));
      };
      const response = await world.agent({ timeouts: { waitingMs: 9_000 } }).fetchFor()(DATA, {
        method: "POST",
        body: "{}",
      });
      expect([response.status, await response.text()]).toEqual([201, "placed"]);
      expect(executed).toEqual(["order 1 auth-token"]);
      expect(world.story().slice(0, 4)).toEqual([
        "POST data A",
        "POST person A",
        "POST data P",
        "POST token A",
      ]);
    },
  );

  it("send a person to the resource's page, and keep its session", async () => {
    const { world, verifier, own, serve, to } = worldWith();
    world.requirement = ANY_AGENT;
    const sessions = createSessions<string>({ now: own.now });
    const deferred = createDeferred<string>({
      ...own,
      interactionUrl: `${RESOURCE}/login`,
      retryAfterSeconds: 1,
    });
    const sessionsSeen: unknown[] = [];
    world.resource = async (request) => {
      if (request.url.includes(deferred.endpoint.path)) return serve(deferred.endpoint)(request);
      const { caller } = await verifier.verifyRequest(received(request), ANY_AGENT);
      const session = await sessions.find(request.headers, caller);
      sessionsSeen.push(session);
      if (session !== undefined) return new Response("hello");
      return to((await deferred.begin(caller, { requirement: "interaction", data: "x" })).answer);
    };
    world.server = () => problem(424, "interaction_unavailable");
    const pages: string[] = [];
    const onInteraction = async ({ page, code }: InteractionRequest) => {
      pages.push(page);
      const opened = await deferred.open(code, "127.0.0.1");
      if (typeof opened === "string") throw new Error(opened);
      const headers = await sessions.start(opened, "dana");
      await deferred.finish(opened.id, { status: 200, headers, body: "welcome" });
    };
    const agent = world.agent({ timeouts: { waitingMs: 9_000 } });
    expect(await (await agent.fetchFor({ onInteraction })(DATA)).text()).toBe("welcome");
    expect(pages).toEqual([expect.stringMatching(/^https:\/\/resource\.example\/login\?code=[\w-]+$/)]);
    expect(await (await agent.fetchFor()(DATA)).text()).toBe("hello");
    expect(sessionsSeen).toEqual([undefined, "dana"]);
    // An interaction that cannot be handled here ends the call with everything needed to resume it.
    const left = await failureOf<StillWaitingError>(world.agent().fetchFor()(DATA));
    expect([left instanceof StillWaitingError, left.waiting.party]).toEqual([true, RESOURCE]);
  });

  it("agree on the authorization before the call", async () => {
    const { world, own, serve } = worldWith();
    const { endpoints } = createResource({
      resource: RESOURCE,
      key: keys.resource,
      personServers: [PERSON_SERVER],
      accessServer: ACCESS_SERVER,
      discovery: world.discovery,
      now: own.now,
      scopes: ["data.read"],
      scopeDescriptions: { "data.read": "Read the data" },
    });
    const endpoint = endpoints.find(({ path }) => path.endsWith("/authorize"))!;
    world.resource = (request) =>
      request.url.endsWith("/authorize") ? serve(endpoint)(request) : world.usual.resource(request);
    expect(await (await world.agent().fetchFor({ scope: "data.read" })(DATA)).text()).toBe("auth-token");
    expect(world.story()).toEqual(["POST person A", "POST authorize P", "POST token A", "GET data T"]);
    const error = await failureOf(world.agent().fetchFor({ scope: "data.all" })(DATA));
    expect(error).toMatchObject({ oauthError: "invalid_scope", hop: RESOURCE });
  });
});
