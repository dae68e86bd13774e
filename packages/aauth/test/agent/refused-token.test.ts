import { describe, expect, it } from "vitest";
import { createTokenCache, type Grant, type TokenCache } from "../../src/agent/grant-cache.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { createWorld, errorOf } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

describe("a held token that the resource refuses without saying what would help", () => {
  /** The resource no longer knows the key that signed the token, as after a restart of the auth server. */
  async function worldThatForgets() {
    const world = await createWorld();
    const working = world.tokenEndpoint;
    const unknown = tokenSignerOf(await generateSigningKey({ kid: "realm-1" }));
    let forged = true;
    world.tokenEndpoint = async (request) => {
      if (!forged) return working(request);
      forged = false;
      return Response.json({
        auth_token: await world.parties.issueAuthToken({ signer: unknown }),
        expires_in: 300,
      });
    };
    return world;
  }

  it("is dropped, and the call goes on as if it had never been", async () => {
    const world = await worldThatForgets();
    const agent = world.agent();
    // The first call ends with a token that the resource refuses, and keeps it.
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(401);
    const before = world.sent.length;
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual([
      "resource jwt",
      "resource jwks",
      "token auth jwks",
      "resource jwt",
    ]);
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: "request_retried", reason: "token_refused" }),
    );
  });

  it("comes back as the answer where the caller brought the token itself", async () => {
    const world = await createWorld();
    const unknown = tokenSignerOf(await generateSigningKey({ kid: "realm-1" }));
    const authToken = await world.parties.issueAuthToken({ signer: unknown });
    expect((await world.agent().fetchFor({ authToken })(URL_ROOT)).status).toBe(401);
    expect(world.story()).toEqual(["resource jwt"]);
  });
});

describe("a refused token that came with a refresh token", () => {
  /** A cache that remembers all it was given, and an agent that keeps a grant of a user in it. */
  async function worldWithKept() {
    const world = await createWorld();
    const { agent, resource, authServer, clock } = world.parties;
    const entries = createTokenCache();
    const written: Grant[] = [];
    const tokenCache: TokenCache = {
      ...entries,
      set(key, grant) {
        written.push(grant);
        entries.set(key, grant);
      },
    };
    const grant: Grant = {
      ...{ token: await world.parties.issueAuthToken({ subject: "alice" }), server: authServer.issuer },
      ...{ resource: resource.id, scope: "supply-chain:optimize", subject: "alice" },
      ...{ thumbprint: agent.key.thumbprint, refreshToken: "r-1" },
      ...{ expiresAt: clock.now() + 300, renewAt: clock.now() + 270 },
    };
    const caller = world.agent({ tokenCache });
    await caller.keep({ grant, cacheKey: "alice" });
    const working = world.resource;
    /** The resource takes any token but the one that was kept, and does not say what would help. */
    world.resource = (request) =>
      request.headers["signature-key"]?.includes(grant.token)
        ? new Response("", { status: 401, headers: { "agent-auth": "httpsig" } })
        : working(request);
    const renewed = await world.parties.issueAuthToken({ subject: "alice", scope: "supply-chain:optimize" });
    const asked = world.tokenEndpoint;
    world.tokenEndpoint = (request) =>
      request.form.request_type === "refresh" ? Response.json({ auth_token: renewed }) : asked(request);
    const call = () => caller.fetchFor({ cacheKey: "alice" })(URL_ROOT);
    return { world, grant, written, call };
  }

  it("is renewed, and marked meanwhile: its times stay what they are", async () => {
    const { world, grant, written, call } = await worldWithKept();
    expect((await call()).status).toBe(200);
    expect(world.story()).toEqual(["resource jwt", "token refresh jwks", "resource jwt"]);
    expect(written[0]).toEqual(grant);
    expect(written[1]).toEqual({ ...grant, isRefused: true });
    expect(written[2]).toMatchObject({ subject: "alice", refreshToken: "r-1" });
    expect(written[2]).not.toHaveProperty("isRefused");
    await call();
    expect(world.story().slice(3)).toEqual(["resource jwt"]);
    for (const { expiresAt, renewAt } of written) {
      expect([expiresAt > world.parties.clock.now(), renewAt > world.parties.clock.now()]).toEqual([
        true,
        true,
      ]);
    }
  });

  it("is not presented again while its issuer is away, and renewed once it is back", async () => {
    const { world, grant, written, call } = await worldWithKept();
    const back = world.tokenEndpoint;
    world.tokenEndpoint = () => Promise.reject(new Error("away"));
    await errorOf(call());
    expect(world.story().slice(0, 3)).toEqual(["resource jwt", "token refresh jwks", "resource jwks"]);
    const before = world.sent.length;
    await errorOf(call());
    expect(world.story()[before]).toBe("token refresh jwks");
    expect(world.sent.slice(1).every(({ headers }) => !headers["signature-key"]?.includes(grant.token))).toBe(
      true,
    );
    world.tokenEndpoint = back;
    expect((await call()).status).toBe(200);
    expect(world.story().slice(-2)).toEqual(["token refresh jwks", "resource jwt"]);
    for (const { expiresAt, renewAt } of written) expect([expiresAt, renewAt]).not.toContain(0);
  });
});

describe("tokens in events", () => {
  const tokensIn = (events: readonly object[]) => JSON.stringify(events).match(/"token":"eyJ/g)?.length ?? 0;

  it("are there with revealTokens: the resource token and the auth token", async () => {
    const world = await createWorld();
    await world.agent({ revealTokens: true }).fetchFor()(URL_ROOT);
    expect(tokensIn(world.events)).toBe(2);
  });
});
