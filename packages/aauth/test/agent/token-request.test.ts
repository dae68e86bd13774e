import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { DiscoveryKind, PartyDocument } from "../../src/discovery/discovery.ts";
import { AAuthAgentError, AAuthVerificationError, TokenRequestError } from "../../src/errors.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { signJwt } from "../../src/tokens/jwt.ts";
import { createWorld, errorOf, type World } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";
const SERVER = "http://localhost:8080";

const failing = async (answer: (world: World) => Response | Promise<Response>) => {
  const world = await createWorld();
  world.tokenEndpoint = () => answer(world);
  return errorOf(world.agent().fetchFor()(URL_ROOT));
};

describe("the answer of a token endpoint", () => {
  it("names the failed check with an OAuth error, if it states one", async () => {
    const refused = (headers: Record<string, string>) =>
      failing(() => Response.json({ error: "invalid_grant" }, { status: 400, headers }));
    const refusal = { code: "discovery_failed", section: "profile 6.2" };
    const header = `code=${refusal.code}, section="${refusal.section}"`;
    expect(await refused({ "aauth-refusal": header })).toMatchObject({
      oauthError: "invalid_grant",
      refusal,
    });
    for (const headers of [{}, { "aauth-refusal": "discovery_failed" }])
      expect(await refused(headers)).toMatchObject({ refusal: undefined });
  });

  it("is a typed error with its text on one line for an OAuth error", async () => {
    const error = await failing(() =>
      Response.json({ error: "access_denied", error_description: "no\nINFO: \u2028forged" }, { status: 403 }),
    );
    expect(error).toBeInstanceOf(TokenRequestError);
    expect(error).toMatchObject({
      code: "token_request_refused",
      oauthError: "access_denied",
      httpStatus: 403,
    });
    expect(error.message).toBe("auth server refused: access_denied: no INFO:  forged");
  });

  it.each([
    ["no JSON", () => new Response("<html>")],
    ["nothing", () => new Response(null, { status: 204 })],
    ["neither token", () => Response.json({ token_type: "AAuth" })],
    ["a malformed error code", () => Response.json({ error: 'x"y' }, { status: 400 })],
    ["a redirect", () => new Response("", { status: 307, headers: { location: "http://evil.localhost/" } })],
    ["a malformed token", () => Response.json({ auth_token: "opaque" })],
    ["an answer over 64 KiB", () => Response.json({ auth_token: "x".repeat(70_000) })],
  ])("%s is refused", async (_name, answer) => {
    expect((await failing(answer)).code).toBe("token_request_failed");
  });

  it.each([
    ["another resource", { audience: "http://other.localhost:1" }],
    [
      "another key",
      { confirmationKey: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } },
    ],
    ["another issuer's name", { issuer: "http://other.localhost:1" }],
    ["the past", { now: () => 0 }],
  ] as const)("a token for %s is not presented", async (_name, change) => {
    const error = await failing(async (world) =>
      Response.json({ auth_token: await world.parties.issueAuthToken(change), expires_in: 300 }),
    );
    expect(error.code).toBe("token_request_failed");
  });

  it("a token of another type is not presented", async () => {
    const error = await failing(async (world) => {
      const { key } = world.parties.authServer;
      const { claims, header } = decodeToken(await world.parties.issueAuthToken());
      const typ = "refresh+jwt";
      return Response.json({
        auth_token: await signJwt({ ...header, typ }, claims, (data) => key.sign(data)),
      });
    });
    expect(error.code).toBe("token_request_failed");
  });

  it("is missing if the auth server cannot be reached, or does not respond in time", async () => {
    const unreachable = await failing(() => Promise.reject(new Error("ECONNREFUSED")));
    expect([unreachable.code, unreachable.message, (unreachable.cause as Error).message]).toEqual([
      "token_request_failed",
      `${SERVER} could not be reached`,
      "ECONNREFUSED",
    ]);
    const slow = Object.assign(new Error("x"), { code: "UND_ERR_CONNECT_TIMEOUT" });
    expect((await failing(() => Promise.reject(slow))).message).toBe(
      `${SERVER} did not answer in time (UND_ERR_CONNECT_TIMEOUT)`,
    );

    const world = await createWorld();
    const { transport } = world;
    world.transport = (url, request) =>
      url.includes("/agent/token")
        ? new Promise((_resolve, reject) =>
            request.signal?.addEventListener("abort", () => reject(request.signal?.reason)),
          )
        : transport(url, request);
    const agent = world.agent({ timeouts: { tokenRequestMs: 5 } });
    const { code, message } = await errorOf(agent.fetchFor()(URL_ROOT));
    expect([code, message]).toEqual([
      "token_request_failed",
      `${SERVER} did not answer within 0.005 seconds`,
    ]);
  });

  it("is not quoted if it is not JSON", async () => {
    const error = await failing(() => new Response("eyJ.secret"));
    expect([error.message, error.cause]).toEqual([
      "the auth server answered with status 200 and no JSON object",
      undefined,
    ]);
  });

  /** Headers, the beginning of a body, and then `next`. */
  const stalling = async (
    next: (controller: ReadableStreamDefaultController) => void,
    tokenRequestMs: number,
  ) => {
    const world = await createWorld();
    world.tokenEndpoint = ({ signal }) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("{"));
            signal?.addEventListener("abort", () => controller.error(signal.reason));
            next(controller);
          },
        }),
      );
    return world.agent({ timeouts: { tokenRequestMs } });
  };

  it("can be aborted while it is read", async () => {
    const controller = new AbortController();
    const giveUp = () => controller.abort(new Error("enough"));
    const agent = await stalling(() => setTimeout(giveUp, 5), 5_000);
    const { issuer: authServer } = (await createWorld()).parties.authServer;
    const input = { authServer, code: "c", signal: controller.signal };
    await expect(agent.redeemCode(input)).rejects.toThrow("enough");
  });

  it("is rejected if it requires consent without a page for it", async () => {
    const world = await createWorld();
    const discovery = {
      ...world.parties.discovery,
      async metadata<T extends PartyDocument>(kind: DiscoveryKind<T>, id: string) {
        const metadata = await world.parties.discovery.metadata(kind, id);
        return { ...metadata, agent_auth_endpoint: undefined };
      },
    };
    world.tokenEndpoint = () => Response.json({ request_token: "r" });
    expect((await errorOf(world.agent({ discovery }).fetchFor()(URL_ROOT))).code).toBe(
      "token_request_failed",
    );
  });
});

describe("redeeming a code", () => {
  it("sends code and redirect_uri, signed, and returns the grant", async () => {
    const world = await createWorld();
    const { issuer } = world.parties.authServer;
    const authToken = await world.parties.issueAuthToken({ subject: "user-1" });
    world.tokenEndpoint = () =>
      Response.json({ auth_token: authToken, expires_in: 300, refresh_token: "r-1", token_type: "AAuth" });
    const grant = await world.agent().redeemCode({ authServer: issuer, code: "c-1" });
    const { clock, resource, agent } = world.parties;
    expect(grant).toEqual({
      token: authToken,
      server: issuer,
      resource: resource.id,
      scope: "supply-chain:optimize",
      subject: "user-1",
      thumbprint: agent.key.thumbprint,
      continuation: { refreshToken: "r-1" },
      expiresAt: clock.now() + 300,
      renewAt: clock.now() + 270,
    });
    expect(world.story()).toEqual(["token code jwks"]);
    expect(world.sent[0]?.form).toEqual({
      request_type: "code",
      code: "c-1",
      redirect_uri: "http://backend.localhost:8000/auth/aauth/callback",
    });
    expect(world.sent[0]?.headers["content-digest"]).toBeDefined();
  });

  it("asks only an auth server that is trusted", async () => {
    const world = await createWorld();
    const input = { authServer: "http://evil.localhost:1", code: "c" };
    expect((await errorOf(world.agent().redeemCode(input))).code).toBe("challenge_untrusted");
    expect([world.sent, world.parties.discovery.requests]).toEqual([[], []]);
  });

  it("can be aborted by the caller", async () => {
    const world = await createWorld();
    const signal = AbortSignal.abort(new Error("enough"));
    const input = { authServer: world.parties.authServer.issuer, code: "c", signal };
    await expect(world.agent().redeemCode(input)).rejects.toThrow("enough");
  });

  it("can be aborted during discovery of the auth server", async () => {
    const world = await createWorld();
    const { authServer } = world.parties;
    const discovery = { ...world.parties.discovery, metadata: () => new Promise<never>(() => {}) };
    const agent = world.agent({ discovery });
    const input = () => ({ authServer: authServer.issuer, signal: AbortSignal.timeout(20) });
    for (const call of [
      agent.redeemCode({ ...input(), code: "c" }),
      agent.requestOwnToken({ ...input(), scope: "openid" }),
      agent.revoke({ ...input(), refreshToken: "r" }),
    ]) {
      await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
    }
    expect(world.sent).toEqual([]);
  });

  it("leaves no listener on a signal that outlives it", async () => {
    const world = await createWorld();
    const authToken = await world.parties.issueAuthToken();
    world.tokenEndpoint = () => Response.json({ auth_token: authToken });
    const { signal } = new AbortController();
    const input = { authServer: world.parties.authServer.issuer, code: "c", signal };
    await world.agent().redeemCode(input);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a revocation that has been accepted", () => {
  it.each([
    ["more than it should", () => new Response("x".repeat(70_000))],
    ["a body without an end", () => new Response(new ReadableStream({}))],
  ])("is accepted with %s, too, because its answer has no content", async (_what, answer) => {
    const world = await createWorld();
    world.tokenEndpoint = answer;
    const { issuer: authServer } = world.parties.authServer;
    await world.agent({ timeouts: { tokenRequestMs: 2_000 } }).revoke({ authServer, refreshToken: "r" });
    expect(world.sent).toHaveLength(1);
  });
});

describe("errors of a call", () => {
  it("are agent errors without a status, and keep their cause", async () => {
    const world = await createWorld();
    const { issuer: authServer } = world.parties.authServer;
    const discovery = {
      ...world.parties.discovery,
      metadata: () =>
        Promise.reject(new AAuthVerificationError("discovery_failed", "no document", { claim: "issuer" })),
    };
    const agent = world.agent({ discovery });
    const input = { authServer, code: "c", refreshToken: "r", scope: "openid" };
    for (const call of [
      agent.redeemCode(input),
      agent.revoke(input),
      agent.requestOwnToken(input),
      agent.fetchFor()(URL_ROOT),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(AAuthAgentError);
      expect([error.code, error.message, error.claim]).toEqual(["discovery_failed", "no document", "issuer"]);
      expect(error).not.toHaveProperty("status");
      expect(error.cause).toMatchObject({ code: "discovery_failed", status: 401 });
    }
  });
});

it.each([undefined, 0, -300, "30", null])("ignores an expires_in of %j", async (expires_in) => {
  const world = await createWorld();
  const authToken = await world.parties.issueAuthToken({ lifetimeSeconds: 77 });
  world.tokenEndpoint = () => Response.json({ auth_token: authToken, expires_in });
  const { issuer: authServer } = world.parties.authServer;
  const grant = await world.agent().redeemCode({ authServer, code: "c" });
  const { clock } = world.parties;
  expect([grant.expiresAt, grant.renewAt]).toEqual([clock.now() + 77, clock.now() + 47]);
});
