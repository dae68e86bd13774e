import { describe, expect, it, vi } from "vitest";
import { resourceMetadata } from "../../src/draft-11/documents.ts";
import { createKeyRing } from "../../src/keys/key-ring.ts";
import { createRevocations } from "../../src/profile/revocations.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import {
  accepted,
  createWorld,
  DATA,
  failureOf,
  OFFERING,
  problem,
  requirement,
  resourceTokenIn,
  type Sent,
  type World,
} from "./agent-world.ts";
import { A_PERSON, ACCESS_SERVER, ANY_AGENT, keys, PERSON_SERVER, RESOURCE, TO_READ } from "./kit.ts";

const call = (world: World, ...context: Parameters<ReturnType<World["agent"]>["fetchFor"]>) =>
  world.agent().fetchFor(...context)(DATA);

describe("one fetch", () => {
  it("climbs to the authorization of the person server", async () => {
    const world = createWorld();
    const response = await world.agent().fetchFor()(DATA, { method: "POST", body: '{"a":1}' });
    expect(await response.text()).toBe("auth-token");
    expect(world.story()).toEqual([
      "POST data A",
      "POST person A",
      "POST data P",
      "POST token A",
      "POST data T",
    ]);
    const [asked] = world.asked("/token");
    const presented = world.sent[2]!.jwt;
    expect(asked).toEqual({ resource_token: expect.any(String), presented_token: presented });
    expect(decodeJwt(String(asked?.resource_token)).claims.presented_jti).toBe(
      decodeJwt(presented).claims.jti,
    );
  });

  it("climbs to the authorization of an access server, and speaks with its own person server only", async () => {
    const world = createWorld({ accessServer: ACCESS_SERVER });
    expect(await (await call(world)).text()).toBe("auth-token");
    expect(new Set(world.sent.map(({ url }) => new URL(url).origin))).toEqual(
      new Set([RESOURCE, PERSON_SERVER]),
    );
    expect(world.seen[0]?.grant?.claims.iss).toBe(ACCESS_SERVER);
  });

  it("finds its person server in its agent token", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const agentToken = (key: typeof keys.agent) => world.agentTokenOf(key, { personServer: PERSON_SERVER });
    const agent = world.agent({ personServer: undefined, agentToken });
    expect((await agent.fetchFor()(DATA)).status).toBe(200);
  });

  it("covers additional components of the resource from then on", async () => {
    const world = createWorld();
    world.resource = (request) =>
      request.headers["signature-input"]?.includes('"@query" "x-a"')
        ? world.usual.resource(request)
        : problem(401, undefined, {
            "signature-error": 'error=invalid_input, required_input=("@method" "@query" "x-a" "x-b")',
          });
    const response = await world.agent().fetchFor()(`${DATA}?a=b`, { headers: { "x-a": "1" } });
    expect(await response.text()).toBe("auth-token");
    expect(world.story().slice(0, 2)).toEqual(["GET data A", "GET data A"]);
    expect(world.sent.length).toBe(6);
  });

  it("covers a query where the resource's document lists it, from the first request on", async () => {
    const listed = { additional_signature_components: ["content-digest", "content-type", "@query"] };
    const published = {
      [`${RESOURCE}/.well-known/aauth-resource.json`]: resourceMetadata({ issuer: RESOURCE, ...listed }),
    };
    const world = createWorld({ published });
    expect((await world.agent().fetchFor()(`${DATA}?a=b`)).status).toBe(200);
    const covering = ({ headers }: Sent) => headers["signature-input"]?.includes('"@query"');
    expect(new Set(world.sent.filter(covering).map(({ url }) => url))).toEqual(new Set([`${DATA}?a=b`]));
    expect(world.sent.filter(({ url }) => url.startsWith(DATA)).every(covering)).toBe(true);
  });

  it.each([
    ["lists no query", {}],
    ["is missing", { [`${RESOURCE}/.well-known/aauth-resource.json`]: undefined }],
    ["is malformed", { [`${RESOURCE}/.well-known/aauth-resource.json`]: [] }],
  ])("leaves a query uncovered where the resource's document %s", async (_, published) => {
    const world = createWorld({ published });
    world.requirement = ANY_AGENT;
    expect((await world.agent().fetchFor()(`${DATA}?a=b`)).status).toBe(200);
    expect(world.sent.map(({ headers }) => headers["signature-input"]?.includes('"@query"'))).toEqual([
      false,
    ]);
  });

  it("fails without a trusted person server", async () => {
    const world = createWorld();
    const error = await failureOf(world.agent({ personServer: undefined }).fetchFor()(DATA));
    expect([error.code, error.hop]).toEqual(["person_required", RESOURCE]);
  });

  it("covers a body to the person server", async () => {
    const world = createWorld();
    await call(world);
    for (const { headers } of world.sent.filter(({ url }) => url.startsWith(PERSON_SERVER))) {
      expect(headers["signature-input"]).toContain('"content-digest" "content-type"');
      expect(headers.prefer).toBe("wait=1");
    }
  });

  it("sends a known requirement to the authorization endpoint", async () => {
    const world = createWorld({ published: OFFERING });
    world.resource = async (request) => {
      if (!request.url.endsWith("/authorize")) return world.usual.resource(request);
      expect(request.json).toEqual({ scope: "data.read" });
      return Response.json({ resource_token: resourceTokenIn(await world.usual.resource(request)) });
    };
    expect(await (await call(world, { scope: "data.read" })).text()).toBe("auth-token");
    const climb = ["POST person A", "POST authorize P", "POST token A", "GET data T"];
    expect(world.story()).toEqual(climb);
    for (const error of ["invalid_scope", "invalid_account", "invalid_request"]) {
      world.resource = () => problem(400, error);
      const refused = await failureOf(world.agent().fetchFor({ scope: "data.read" })(DATA));
      expect(refused).toMatchObject({ code: "token_request_refused", oauthError: error, hop: RESOURCE });
    }
    // The resource token must not contain more than was requested.
    world.requirement = { ...TO_READ, scopes: ["data.read", "data.write"] };
    world.resource = async (request) => {
      return Response.json({ resource_token: resourceTokenIn(await world.usual.resource(request)) });
    };
    const more = await failureOf(world.agent().fetchFor({ scope: "data.read" })(DATA));
    expect(more.code).toBe("challenge_untrusted");
    world.requirement = TO_READ;
    // If the endpoint fails, the agent climbs by calling the resource.
    world.resource = (request) =>
      request.url.endsWith("/authorize") ? problem(500) : world.usual.resource(request);
    expect(await (await world.agent().fetchFor({ scope: "data.read" })(DATA)).text()).toBe("auth-token");
  });
});

describe("a token that is held", () => {
  it("is stepped up, and kept beside the earlier one", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    const before = world.sent.length;
    world.requirement = { level: "auth-token", scopes: ["data.write"] };
    expect((await agent.fetchFor()(DATA)).status).toBe(200);
    expect(world.story().slice(before)).toEqual(["GET data T", "POST token A", "GET data T"]);
    const [first, second] = world.asked("/token");
    expect(decodeJwt(String(second?.presented_token)).header.typ).toBe("aa-auth+jwt");
    expect(second?.presented_token).not.toBe(first?.presented_token);
    // Both tokens are cached now, so no server is called.
    const asked = world.asked("/token").length;
    for (const scope of ["data.read", "data.write", "data.read"]) {
      world.requirement = { level: "auth-token", scopes: [scope] };
      expect((await agent.fetchFor()(DATA)).status).toBe(200);
    }
    expect(world.asked("/token").length).toBe(asked);
  });

  it("does not mix person, scope and account", async () => {
    const world = createWorld();
    const agent = world.agent();
    const requirements = [
      A_PERSON,
      TO_READ,
      { ...TO_READ, account: "one" },
      { ...TO_READ, account: "two" },
      { ...TO_READ, account: "one" },
    ];
    for (const wanted of requirements) {
      world.requirement = wanted;
      const response = await agent.fetchFor()(DATA);
      expect([wanted, response.status]).toEqual([wanted, 200]);
    }
    expect(world.asked("/person").length).toBe(1);
    expect(world.asked("/token").length).toBe(3);
  });

  it("is shared by calls at the same time", async () => {
    const world = createWorld();
    const agent = world.agent();
    await Promise.all([1, 2, 3].map(() => agent.fetchFor()(DATA)));
    expect([world.asked("/person").length, world.asked("/token").length]).toEqual([1, 1]);
  });

  it("is not used by another agent with the same key and cache, whose person differs", async () => {
    const world = createWorld();
    const ours = { stores: createMemoryStores() };
    await world.agent({ ...ours, id: "aauth:alice@agent.example" }).fetchFor()(DATA);
    const before = world.sent.length;
    await world.agent({ ...ours, id: "aauth:bob@agent.example" }).fetchFor()(DATA);
    const climb = ["GET data A", "POST person A", "GET data P", "POST token A", "GET data T"];
    expect(world.story().slice(before)).toEqual(climb);
  });

  it("is replaced from the top five minutes before it expires", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    world.clock.time += 3_299;
    const before = world.sent.length;
    await agent.fetchFor()(DATA);
    expect(world.story().slice(before)).toEqual(["GET data T"]);
    world.clock.time += 2;
    expect((await agent.fetchFor()(DATA)).status).toBe(200);
    const climb = ["GET data A", "POST person A", "GET data P", "POST token A", "GET data T"];
    expect(world.story().slice(before + 1)).toEqual(climb);
  });

  it("still works when no other can be had", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    world.clock.time += 3_400;
    world.server = () => {
      throw new TypeError("connection refused");
    };
    expect(await (await agent.fetchFor()(DATA)).text()).toBe("auth-token");
    world.clock.time += 200;
    const before = world.sent.length;
    expect((await failureOf(agent.fetchFor()(DATA))).code).toBe("token_request_failed");
    expect(world.story().slice(before)).toEqual(["GET data A", "POST person A"]);
  });

  it("works with less than five minutes to live", async () => {
    const world = createWorld();
    world.person = { lifetimeSeconds: 100 };
    world.auth = { lifetimeSeconds: 100 };
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    const before = world.sent.length;
    world.clock.time += 49;
    await agent.fetchFor()(DATA);
    expect(world.story().slice(before)).toEqual(["GET data T"]);
  });

  it("S7: is dropped if the resource has restarted since, and obtained again by the same call", async () => {
    const world = createWorld();
    const fetchData = world.agent().fetchFor();
    expect(await (await fetchData(DATA)).text()).toBe("auth-token");
    world.sent.length = 0;
    world.clock.time += 10;
    vi.spyOn(performance, "timeOrigin", "get").mockReturnValue(Date.now() - 5_000);
    world.isRevoked = createRevocations({ now: () => world.clock.time }).isRevoked;
    vi.restoreAllMocks();
    expect(await (await fetchData(DATA)).text()).toBe("auth-token");
    expect(world.story()).toEqual([
      "GET data T",
      "GET data A",
      "GET data P",
      "GET data A",
      "POST person A",
      "GET data P",
      "POST token A",
      "GET data T",
    ]);
  });

  it("S7: is got again for the poll of a resource that has restarted meanwhile", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    const old = new Set(world.sent.map(({ jwt }) => jwt));
    const refusedToken = { "signature-error": "error=invalid_jwt", ...requirement("agent-token") };
    world.resource = (request) => {
      if (!request.url.endsWith("/pending/1"))
        return old.has(request.jwt) ? accepted() : world.usual.resource(request);
      return old.has(request.jwt) ? problem(401, undefined, refusedToken) : new Response("done");
    };
    world.sent.length = 0;
    expect(await (await agent.fetchFor()(DATA)).text()).toBe("done");
    expect(world.story().filter((line) => line.includes("data"))).toEqual(["GET data T"]);
    expect(world.story().at(-1)).toBe("GET pending/1 P");
  });

  it("is dropped when its issuer has revoked it, together with the token it derives from", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    const revoked = new Set(world.sent.filter(({ token }) => token !== "aa-agent+jwt").map(({ jwt }) => jwt));
    world.resource = (request) =>
      revoked.has(request.jwt)
        ? problem(401, undefined, { "signature-error": "error=revoked_jwt", ...requirement("person-token") })
        : world.usual.resource(request);
    const before = world.sent.length;
    expect(await (await agent.fetchFor()(DATA)).text()).toBe("auth-token");
    expect(world.story().slice(before)).toEqual([
      "GET data T",
      "GET data A",
      "GET data P",
      "GET data A",
      "POST person A",
      "GET data P",
      "POST token A",
      "GET data T",
    ]);
  });

  it("is dropped after a refusal without a requirement, but not for a wrong clock", async () => {
    const world = createWorld();
    const agent = world.agent();
    await agent.fetchFor()(DATA);
    const refusing = (error: string) => {
      const [stale] = world.sent.slice(-1);
      world.resource = (request) =>
        request.jwt === stale?.jwt
          ? problem(401, undefined, { "signature-error": `error=${error}` })
          : world.usual.resource(request);
    };
    refusing("expired_jwt");
    expect((await agent.fetchFor()(DATA)).status).toBe(200);
    refusing("clock_skew");
    const before = world.sent.length;
    expect((await agent.fetchFor()(DATA)).status).toBe(401);
    expect(world.story().slice(before)).toEqual(["GET data T"]);
  });

  it("is dropped when a server finds it used up", async () => {
    const world = createWorld();
    const agent = world.agent();
    world.requirement = A_PERSON;
    await agent.fetchFor()(DATA);
    world.requirement = TO_READ;
    const stale = world.sent.at(-1)!.jwt;
    world.server = (request) =>
      request.json.presented_token === stale
        ? problem(400, "revoked_presented_token")
        : world.usual.server(request);
    expect(await (await agent.fetchFor()(DATA)).text()).toBe("auth-token");
  });

  it("is not used with another key, and not kept for a user of another name", async () => {
    const world = createWorld();
    const stores = createMemoryStores();
    await world.agent({ stores }).fetchFor()(DATA);
    const before = world.asked("/token").length;
    await world.agent({ stores, key: keys.other }).fetchFor()(DATA);
    expect(world.asked("/token").length).toBe(before + 1);
    await world.agent({ stores }).fetchFor({ cacheKey: "a" })(DATA);
    expect(world.asked("/token").length).toBe(before + 2);
  });

  it("is used with the key it is bound to after a rotation", async () => {
    const world = createWorld();
    const ring = createKeyRing({
      key: keys.agent,
      create: async () => keys.other,
      now: () => world.clock.time,
    });
    const agent = world.agent({ key: ring });
    await agent.fetchFor()(DATA);
    await ring.rotate();
    world.clock.time += 1;
    const before = world.sent.length;
    expect((await agent.fetchFor()(DATA)).status).toBe(200);
    expect(world.story().slice(before)).toEqual(["GET data T"]);
  });
});

describe("a resource that asks again", () => {
  it("for ever more ends the call", async () => {
    const world = createWorld();
    let count = 0;
    world.resource = (request) => {
      world.requirement = { level: "auth-token", scopes: [`data.${count++}`] };
      return world.usual.resource(request);
    };
    expect((await failureOf(call(world))).code).toBe("challenge_repeated");
    expect(world.asked("/token").length).toBe(5);
  });

  it("with an unknown requirement ends the call with its name", async () => {
    const world = createWorld();
    world.resource = () => problem(401, undefined, requirement("moon-phase"));
    expect(await failureOf(call(world))).toMatchObject({
      code: "unsupported_requirement",
      section: "draft -11, section 11.6.2",
      hop: RESOURCE,
      message: expect.stringContaining("moon-phase"),
    });
    world.resource = () => problem(402, undefined, requirement("moon-phase"));
    expect((await failureOf(call(world))).code).toBe("payment_required");
  });
});
