import { describe, expect, it } from "vitest";
import { ConsentRequiredError, type UserInteractionRequiredError } from "../../src/february-2026/errors.ts";
import type { FebruaryToken } from "../../src/february-2026/renewal.ts";
import { createKeyRing } from "../../src/keys/key-ring.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { PublicJwk } from "../../src/types.ts";
import { createWorld, errorOf, type World } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

/**
 * The world with an agent that rotates its key; the verifiers fetch its key set for an unknown key
 * id.
 */
async function rotatingWorld(keepSeconds = 900) {
  const world = await createWorld();
  const { agent, clock, discovery } = world.parties;
  const ring = createKeyRing({
    key: agent.key,
    create: (sequence) => generateSigningKey({ kid: `backend-${sequence}` }),
    keepSeconds,
    now: clock.now,
  });
  const publish = () =>
    discovery.publish(`${agent.id}/jwks.json`, { keys: ring.published().map(({ publicJwk }) => publicJwk) });
  const rotate = async () => {
    await ring.rotate();
    publish();
    clock.advance(12);
  };
  return { world, ring, rotate, clock, agent: world.agent({ key: ring }) };
}

const keysUsed = (world: World) => world.seen.map(({ caller }) => caller.thumbprint);

describe("an agent whose key is rotated", () => {
  it("uses a token it holds with the key it is bound to, and gets the next one with the new key", async () => {
    const { world, ring, rotate, clock, agent } = await rotatingWorld();
    const old = ring.current();
    await agent.fetchFor()(URL_ROOT);
    await rotate();
    await agent.fetchFor()(URL_ROOT);
    expect(world.story().slice(3)).toEqual(["resource jwt"]);
    expect(keysUsed(world)).toEqual([old.thumbprint, old.thumbprint]);

    clock.advance(300);
    await agent.fetchFor()(URL_ROOT);
    expect(world.story().slice(4)).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
    expect(keysUsed(world)[2]).toBe(ring.current().thumbprint);
    expect(ring.current()).not.toBe(old);
  });

  it("starts again with the new key when a token of the old one is refused", async () => {
    const { world, rotate, ring, agent } = await rotatingWorld();
    await agent.fetchFor()(URL_ROOT);
    await rotate();
    world.requirement = { level: "authorized", scopes: ["supply-chain:optimize", "more"] };
    const before = world.story().length;
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual([
      "resource jwt",
      "resource jwks",
      "token auth jwks",
      "resource jwt",
    ]);
    expect(keysUsed(world).at(-1)).toBe(ring.current().thumbprint);
  });

  it("presents a given token with the key that it is bound to", async () => {
    const { world, ring, rotate, agent } = await rotatingWorld();
    const old = ring.current();
    const authToken = await world.parties.issueAuthToken({ confirmationKey: old.publicJwk });
    await rotate();
    expect((await agent.fetchFor({ authToken })(URL_ROOT)).status).toBe(200);
    expect(keysUsed(world)).toEqual([old.thumbprint]);
  });

  it("redeems a code with the key that asked for it", async () => {
    const { world, ring, rotate, agent } = await rotatingWorld();
    const old = ring.current();
    world.tokenEndpoint = () => Response.json({ request_token: "r", expires_in: 600 });
    const demand = await errorOf<ConsentRequiredError>(agent.fetchFor()(URL_ROOT));
    expect(demand).toBeInstanceOf(ConsentRequiredError);
    expect(demand.keyThumbprint).toBe(old.thumbprint);
    await rotate();
    const bound = await world.parties.issueAuthToken({ confirmationKey: old.publicJwk, subject: "alice" });
    world.tokenEndpoint = () => Response.json({ auth_token: bound, expires_in: 300 });
    const { authServer, keyThumbprint = "" } = demand;
    expect((await agent.redeemCode({ authServer, code: "c", keyThumbprint })).token).toBe(bound);
    // The token is not bound to the current key, which is the default.
    const refused = await errorOf(agent.redeemCode({ authServer, code: "c" }));
    expect(refused.code).toBe("token_request_failed");
  });
});

describe("a resource that requires an interaction with the user", () => {
  const returnUrl = "http://backend.localhost:8000/interaction?state=s";
  /**
   * A resource that serves callers after an interaction, which it remembers for the key that asked.
   */
  async function visitedWorld(requirement: World["requirement"]) {
    const rotating = await rotatingWorld();
    const { world } = rotating;
    world.requirement = requirement;
    const usual = world.resource;
    const visited = new Set<string>();
    world.resource = async (request) => {
      const answer = await usual(request);
      const caller = world.seen.at(-1)?.caller.thumbprint;
      if (answer.status !== 200 || visited.has(String(caller))) return answer;
      const headers = {
        "agent-auth": `httpsig; user_interaction="http://supply-chain-agent.localhost:3000/visit"`,
      };
      return new Response("", { status: 401, headers });
    };
    return { ...rotating, visited };
  }

  it.each([
    ["an identity", { level: "identified" }],
    ["a token", { level: "authorized", scopes: ["supply-chain:optimize"] }],
  ] as [string, World["requirement"]][])(
    "gets the request again with the key of the interaction, rotated or not; it requires %s",
    async (_what, requirement) => {
      const { ring, rotate, agent, visited } = await visitedWorld(requirement);
      const old = ring.current();
      const demand = await errorOf<UserInteractionRequiredError>(agent.fetchFor({ returnUrl })(URL_ROOT));
      expect(demand.keyThumbprint).toBe(old.thumbprint);
      visited.add(old.thumbprint);
      await rotate();
      // A token obtained with the new key meanwhile must not replace the old one.
      await errorOf(agent.fetchFor({ returnUrl, cacheKey: "x" })(URL_ROOT));
      const { keyThumbprint = "" } = demand;
      expect((await agent.fetchFor({ returnUrl, keyThumbprint })(URL_ROOT)).status).toBe(200);
    },
  );
});

describe("a grant that is kept for a user", () => {
  /** The user's grant at the auth server: a refresh token and the answers to it. */
  async function keptGrant() {
    const { world, ring, rotate, clock, agent } = await rotatingWorld();
    const { issuer: authServer } = world.parties.authServer;
    const issue = (key: PublicJwk) =>
      world.parties.issueAuthToken({ confirmationKey: key, subject: "alice", now: clock.now });
    let revoked = false;
    const asked = world.tokenEndpoint;
    world.tokenEndpoint = async (request) => {
      if (request.url.endsWith("/revoke")) {
        revoked = true;
        return Response.json({});
      }
      if (request.form.request_type !== "refresh") return asked(request);
      if (revoked) return Response.json({ error: "invalid_grant" }, { status: 400 });
      const kid = /kid="([^"]+)"/.exec(request.headers["signature-key"] ?? "")?.[1];
      const key = ring.published().find((candidate) => candidate.kid === kid);
      return Response.json({ auth_token: await issue(key!.publicJwk), expires_in: 300 });
    };
    const grant: FebruaryToken = {
      token: await issue(ring.current().publicJwk),
      server: authServer,
      resource: world.parties.resource.id,
      scope: "supply-chain:optimize",
      subject: "alice",
      thumbprint: ring.current().thumbprint,
      expiresAt: clock.now() + 300,
      renewAt: clock.now() + 270,
      continuation: { refreshToken: "r-1" },
    };
    await agent.cacheToken({ obtained: grant, cacheKey: "alice" });
    const call = (cacheKey = "alice") => agent.fetchFor({ cacheKey })(URL_ROOT);
    const subjects = () => world.seen.map(({ caller }) => caller.person?.sub);
    return { world, ring, rotate, clock, agent, authServer, grant, call, subjects };
  }

  it("is presented for this user and no other", async () => {
    const { world, call, subjects } = await keptGrant();
    await call();
    expect(world.story()).toEqual(["resource jwt"]);
    await call("bob");
    expect(world.story().slice(1)).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
    expect(subjects()).toEqual(["alice", undefined]);
  });

  it("is renewed by its refresh token, with the key of after the rotation, and keeps its user", async () => {
    const { world, ring, rotate, clock, call, subjects } = await keptGrant();
    await call();
    await rotate();
    clock.advance(280);
    await call();
    expect(world.story()).toEqual(["resource jwt", "token refresh jwks", "resource jwt"]);
    expect(subjects()).toEqual(["alice", "alice"]);
    expect(keysUsed(world)[1]).toBe(ring.current().thumbprint);
    // Rotates again: the refresh token is now bound to the new key.
    await rotate();
    clock.advance(280);
    await call();
    expect(world.story().slice(3)).toEqual(["token refresh jwks", "resource jwt"]);
  });

  it("is not renewed for a scope it has not: that has to be asked for", async () => {
    const { world, call } = await keptGrant();
    world.requirement = { level: "authorized", scopes: ["supply-chain:optimize", "more"] };
    await call();
    expect(world.story()).toEqual(["resource jwt", "token auth jwks", "resource jwt"]);
  });

  it("is gone once it is revoked, the token included", async () => {
    const { world, agent, authServer, call } = await keptGrant();
    const cached = { resource: "http://supply-chain-agent.localhost:3000", cacheKey: "alice" };
    await agent.revoke({ authServer, refreshToken: "r-1", cached });
    expect(world.sent[0]).toMatchObject({ scheme: "jwks", form: { token: "r-1" } });
    expect(world.sent[0]?.url).toBe(`${authServer}/protocol/aauth/agent/revoke`);
    await call();
    expect(world.story().slice(1)).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("is dropped when its renewal speaks for another user", async () => {
    const { world, ring, clock, call, subjects } = await keptGrant();
    const asked = world.tokenEndpoint;
    world.tokenEndpoint = async (request) => {
      if (request.form.request_type !== "refresh") return asked(request);
      const confirmationKey = ring.current().publicJwk;
      const auth_token = await world.parties.issueAuthToken({ confirmationKey, subject: "mallory" });
      return Response.json({ auth_token, expires_in: 300 });
    };
    clock.advance(280);
    await call();
    expect(subjects()).toEqual([undefined]);
    expect(world.story()).toEqual(["token refresh jwks", "resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("is not kept when it is bound to a key that is gone", async () => {
    const { world, agent, grant } = await keptGrant();
    const { publicJwk, thumbprint } = await generateSigningKey({ kid: "gone" });
    const token = await world.parties.issueAuthToken({ confirmationKey: publicJwk });
    await agent.cacheToken({ obtained: { ...grant, token, thumbprint }, cacheKey: "carol" });
    await agent.fetchFor({ cacheKey: "carol" })(URL_ROOT);
    expect(world.story()[0]).toBe("resource jwks");
  });
});

describe("a revocation", () => {
  it("is sent to trusted auth servers only, and reports a refusal", async () => {
    const world = await createWorld();
    const agent = world.agent();
    const { issuer: authServer } = world.parties.authServer;
    const untrusted = await errorOf(
      agent.revoke({ authServer: "http://other.localhost:1", refreshToken: "r" }),
    );
    expect(untrusted.code).toBe("challenge_untrusted");
    expect(world.sent).toEqual([]);
    world.tokenEndpoint = () => Response.json({ error: "invalid_signature" }, { status: 401 });
    const refused = await errorOf(agent.revoke({ authServer, refreshToken: "r" }));
    expect(refused).toMatchObject({ code: "token_request_refused", oauthError: "invalid_signature" });
    world.tokenEndpoint = () => new Response("<html>", { status: 502 });
    expect((await errorOf(agent.revoke({ authServer, refreshToken: "r" }))).code).toBe(
      "token_request_failed",
    );
  });
});
