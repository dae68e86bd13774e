import { describe, expect, it, vi } from "vitest";
import { ConsentRequiredError } from "../../src/february-2026/errors.ts";
import { february2026Published } from "../../src/february-2026/profile.ts";
import type { ObtainedToken } from "../../src/profile/token-requests.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { inStores, outsideStore } from "../store/outside-store.ts";
import { challenge, createWorld, errorOf } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";
const tokenRequests = (world: Awaited<ReturnType<typeof createWorld>>) =>
  world.story().filter((line) => line.startsWith("token")).length;

describe("tokens of the agent itself", () => {
  it("are asked for once by calls at the same time, whatever their state", async () => {
    const world = await createWorld();
    const agent = world.agent();
    const calls = Array.from({ length: 8 }, (_, n) => agent.fetchFor({ state: `s-${n}` })(URL_ROOT));
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(tokenRequests(world)).toBe(1);
  });

  it("still arrive for the others when the first caller aborts", async () => {
    const world = await createWorld();
    const working = world.tokenEndpoint;
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    world.tokenEndpoint = async (request) => {
      asked.resolve();
      await release.promise;
      return working(request);
    };
    const agent = world.agent();
    const first = new AbortController();
    const given = errorOf<Error>(agent.fetchFor({ signal: first.signal })(URL_ROOT));
    await asked.promise;
    const second = agent.fetchFor()(URL_ROOT);
    first.abort(new Error("enough"));
    expect((await given).message).toBe("enough");
    release.resolve();
    expect((await second).status).toBe(200);
    expect(tokenRequests(world)).toBe(1);
  });

  it("are not shared by two agents with one cache but different keys", async () => {
    const world = await createWorld();
    const { agent, resource } = world.parties;
    const stores = createMemoryStores();
    await world.agent({ stores }).fetchFor()(URL_ROOT);
    await world.agent({ stores }).fetchFor()(URL_ROOT);
    expect(world.story()).toHaveLength(4);
    const other = world.agent({ stores, key: { ...agent.key, thumbprint: resource.key.thumbprint } });
    await errorOf(other.fetchFor()(URL_ROOT));
    expect(world.sent[4]?.scheme).toBe("jwks");
  });
});

describe("a store outside of the process", () => {
  it("serves every process that has the agent's key", async () => {
    const world = await createWorld();
    const remote = outsideStore<ObtainedToken>();
    const put = vi.spyOn(remote, "put");
    for (let count = 0; count < 3; count++) {
      const agent = world.agent({ stores: inStores(remote) });
      expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    }
    expect(tokenRequests(world)).toBe(1);
    expect(put.mock.calls.every(([name]) => name.includes("13:february-2026,"))).toBe(true);
  });

  it("serves no agent of another profile", async () => {
    const world = await createWorld();
    const stores = createMemoryStores();
    await world.agent({ stores }).fetchFor()(URL_ROOT);
    const before = world.story().length;
    await world
      .agent({ stores }, { dialect: february2026Published, serverDialect: february2026Published })
      .fetchFor()(URL_ROOT)
      .catch(() => {});
    expect(world.story()[before]).toBe("resource jwks");
  });

  it("learns before the call ends that a token is not accepted", async () => {
    const world = await createWorld();
    const remote = outsideStore<ObtainedToken>();
    const put = vi.spyOn(remote, "put");
    const agent = world.agent({ stores: inStores(remote) });
    await agent.fetchFor()(URL_ROOT);
    const names = [...new Set(put.mock.calls.map(([name]) => name))];
    expect(names).toHaveLength(2);
    // The resource requires a scope that the auth server does not grant.
    world.requirement = { level: "authorized", scopes: ["other"] };
    world.tokenEndpoint = async () => Response.json({ auth_token: await world.parties.issueAuthToken() });
    expect((await errorOf(agent.fetchFor()(URL_ROOT))).code).toBe("challenge_repeated");
    // The token for the earlier scope remains.
    const kept = names.map(async (name) => (await remote.get(name)) !== undefined);
    expect(await Promise.all(kept)).toEqual(names.map((name) => name.includes("supply-chain:optimize")));
  });

  it("ignores an entry of an earlier version that is not a grant", async () => {
    const world = await createWorld();
    const kept = { authToken: "x", authServer: "y", scope: "z", expiresAt: 9e9, renewAt: 9e9 };
    const stores = inStores({ ...outsideStore<ObtainedToken>(), get: async () => kept as never });
    expect((await world.agent({ stores }).fetchFor()(URL_ROOT)).status).toBe(200);
  });

  it("ends the call with its own error when it is away", async () => {
    const world = await createWorld();
    const away = () => Promise.reject(new Error("the store is away"));
    const stores = inStores({ ...outsideStore<ObtainedToken>(), get: away, put: away, delete: away });
    expect((await errorOf<Error>(world.agent({ stores }).fetchFor()(URL_ROOT))).message).toBe(
      "the store is away",
    );
    expect(world.sent).toEqual([]);
  });
});

describe("tokens that speak for a user", () => {
  const delegated = async () => {
    const world = await createWorld();
    let count = 0;
    world.tokenEndpoint = async () => {
      const subject = `user-${++count}`;
      return Response.json({ auth_token: await world.parties.issueAuthToken({ subject }), expires_in: 300 });
    };
    const subjects = () => world.seen.map(({ caller }) => caller.person?.sub);
    return { world, agent: world.agent(), subjects };
  };

  it("are never cached if the caller does not name the user", async () => {
    const { world, agent, subjects } = await delegated();
    await agent.fetchFor()(URL_ROOT);
    await agent.fetchFor()(URL_ROOT);
    expect(subjects()).toEqual(["user-1", "user-2"]);
    expect(tokenRequests(world)).toBe(2);
  });

  it("are never shared by calls at the same time when no call names its user", async () => {
    const { agent, subjects } = await delegated();
    await Promise.all([1, 2, 3].map(() => agent.fetchFor()(URL_ROOT)));
    expect(new Set(subjects()).size).toBe(3);
  });

  it("are kept for the user named by cacheKey, and for no other", async () => {
    const { world, agent, subjects } = await delegated();
    for (const cacheKey of ["alice", "bob", "alice", "bob"]) await agent.fetchFor({ cacheKey })(URL_ROOT);
    expect(subjects()).toEqual(["user-1", "user-2", "user-1", "user-2"]);
    await agent.fetchFor()(URL_ROOT);
    expect(subjects()[4]).toBe("user-3");
    expect(tokenRequests(world)).toBe(3);
  });

  it("from a code are cached under cacheKey, renewed by their refresh token, and dropped when that fails", async () => {
    const world = await createWorld();
    const { clock, authServer } = world.parties;
    const agent = world.agent();
    let refreshes = 0;
    const issue = async (refresh?: object) => {
      const auth_token = await world.parties.issueAuthToken({ subject: "alice" });
      return Response.json({ auth_token, expires_in: 300, ...refresh });
    };
    const working = world.tokenEndpoint;
    world.tokenEndpoint = ({ form }) => {
      if (form.request_type === "refresh") refreshes++;
      return issue(form.request_type === "code" ? { refresh_token: "r-1" } : {});
    };
    await agent.redeemCode({ authServer: authServer.issuer, code: "c", cacheKey: "alice" });
    await agent.fetchFor({ cacheKey: "alice" })(URL_ROOT);
    expect(world.story()).toEqual(["token code jwks", "resource jwt"]);

    clock.advance(270);
    await Promise.all([1, 2, 3].map(() => agent.fetchFor({ cacheKey: "alice" })(URL_ROOT)));
    expect(world.story().slice(2)).toEqual([
      "token refresh jwks",
      "resource jwt",
      "resource jwt",
      "resource jwt",
    ]);
    expect([refreshes, world.sent[2]?.form.refresh_token]).toEqual([1, "r-1"]);

    // The auth server is unavailable for a moment: the token is used until it expires.
    clock.advance(280);
    world.tokenEndpoint = () => Promise.reject(new Error("away"));
    expect((await agent.fetchFor({ cacheKey: "alice" })(URL_ROOT)).status).toBe(200);

    // A refused refresh token: the agent starts with a new challenge.
    world.tokenEndpoint = (request) =>
      request.form.request_type === "refresh"
        ? Response.json({ error: "invalid_grant" }, { status: 400 })
        : working(request);
    const before = world.story().length;
    expect((await agent.fetchFor({ cacheKey: "alice" })(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual([
      "token refresh jwks",
      "resource jwks",
      "token auth jwks",
      "resource jwt",
    ]);
  });
});

describe("consent", () => {
  it("is asked for under each run's own state, also at the same time", async () => {
    const world = await createWorld();
    world.tokenEndpoint = ({ form }) =>
      Response.json({ request_token: `for-${form.state}`, expires_in: 600 });
    const agent = world.agent();
    const ask = (state: string) => errorOf<ConsentRequiredError>(agent.fetchFor({ state })(URL_ROOT));
    const errors = await Promise.all([ask("a"), ask("b"), ask("c")]);
    for (const error of errors) expect(error).toBeInstanceOf(ConsentRequiredError);
    expect(errors.map(({ requestToken }) => requestToken)).toEqual(["for-a", "for-b", "for-c"]);
    for (const { consentUrl, requestToken } of errors) {
      expect(consentUrl).toContain(`state=${requestToken.slice(4)}`);
    }
  });
});

describe("token exchange", () => {
  /** The supply-chain agent as caller: it holds upstream tokens that were issued for it. */
  const createSupplyChainWorld = async () => {
    const world = await createWorld({
      challenger: { resource: "http://market-analysis-agent.localhost:3000" },
    });
    const { agent, resource, discovery } = world.parties;
    // The market-analysis agent only challenges and accepts tokens; the auth server checks the
    // chain.
    const market = "http://market-analysis-agent.localhost:3000";
    world.resource = async ({ scheme, headers }) => {
      if (scheme === "jwt") {
        const jwt = /jwt="([^"]+)"/.exec(headers["signature-key"] ?? "")?.[1] ?? "";
        return Response.json(decodeToken(jwt).claims);
      }
      const own = { key: agent.key, resource: market, scope: "market-analysis:analyze" };
      const asked = { agent: resource.id, agentJkt: resource.key.thumbprint };
      const agentAuth = await challenge(world, { ...own, ...asked });
      return new Response("", { status: 401, headers: { "agent-auth": agentAuth } });
    };
    let count = 0;
    world.tokenEndpoint = async () => {
      const subject = `user-${++count}`;
      const auth_token = await world.parties.issueAuthToken({
        audience: market,
        agent: resource.id,
        confirmationKey: resource.key.publicJwk,
        act: { agent: agent.id, sub: subject },
        subject,
      });
      return Response.json({ auth_token, expires_in: 300, token_type: "AAuth" });
    };
    const caller = world.agent({ id: resource.id, key: resource.key, discovery });
    return { world, caller, market };
  };

  it("sends the upstream token in Signature-Key and signs with its own key (section 7.6)", async () => {
    const { world, caller, market } = await createSupplyChainWorld();
    const upstreamToken = await world.parties.issueAuthToken();
    const response = await caller.fetchFor({ upstreamToken, state: "unused" })(`${market}/`);
    expect(await response.json()).toMatchObject({ act: { agent: "http://backend.localhost:8000" } });
    expect(world.story()).toEqual(["resource jwks", "token exchange jwt", "resource jwt"]);
    const exchange = world.sent[1];
    expect(exchange?.headers["signature-key"]).toBe(`sig1=(scheme=jwt jwt="${upstreamToken}")`);
    expect(Object.keys(exchange?.form ?? {})).toEqual(["request_type", "resource_token"]);
    expect(exchange?.headers["content-digest"]).toBeDefined();
  });

  it("keeps the result for the same upstream token only", async () => {
    const { world, caller, market } = await createSupplyChainWorld();
    const [alice, bob] = [await world.parties.issueAuthToken(), await world.parties.issueAuthToken()];
    const subjectFor = async (upstreamToken: string) =>
      ((await (await caller.fetchFor({ upstreamToken })(`${market}/`)).json()) as { sub: string }).sub;
    expect([await subjectFor(alice), await subjectFor(bob), await subjectFor(alice)]).toEqual([
      "user-1",
      "user-2",
      "user-1",
    ]);
    const together = await Promise.all([subjectFor(alice), subjectFor(bob)]);
    expect(together).toEqual(["user-1", "user-2"]);
  });
});
