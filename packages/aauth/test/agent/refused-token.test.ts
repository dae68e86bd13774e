import { describe, expect, it } from "vitest";
import type { TokenRejectedError } from "../../src/errors.ts";
import type { FebruaryToken } from "../../src/february-2026/renewal.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { ObtainedToken } from "../../src/profile/token-requests.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { inStores } from "../store/outside-store.ts";
import { createWorld, errorOf } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

describe("a held token that the resource refuses without naming a requirement", () => {
  /**
   * The resource no longer knows the key that signed the token, as after a restart of the auth
   * server.
   */
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

  it("is dropped, and the call continues without it", async () => {
    const world = await createWorld();
    const agent = world.agent();
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    const working = world.resource;
    const before = world.sent.length;
    world.resource = (request) => (world.sent.length === before + 1 ? refusing("httpsig") : working(request));
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

  it("ends the call where it is a new one, and is not presented again", async () => {
    const world = await worldThatForgets();
    const agent = world.agent();
    const error = await errorOf<TokenRejectedError>(agent.fetchFor()(URL_ROOT));
    expect([error.code, error.httpStatus, error.refusal?.code]).toEqual([
      "auth_token_rejected",
      401,
      "invalid_token_signature",
    ]);
    expect(error.message).toMatch(/rejected the auth token: Valid AAuth signature required/);
    const before = world.sent.length;
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("ends the call if the caller supplied it, and cached tokens stay", async () => {
    const world = await createWorld();
    const agent = world.agent();
    await agent.fetchFor()(URL_ROOT);
    const unknown = tokenSignerOf(await generateSigningKey({ kid: "realm-1" }));
    const authToken = await world.parties.issueAuthToken({ signer: unknown });
    const before = world.sent.length;
    expect((await errorOf(agent.fetchFor({ authToken })(URL_ROOT))).code).toBe("auth_token_rejected");
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual(["resource jwt", "resource jwt"]);
  });
});

/** A 401 in the form of published agents. */
const refusing = (
  agentAuth: string,
  body: string | ReadableStream = "Authorization required",
  more: Record<string, string> = {},
) => new Response(body, { status: 401, headers: { "agent-auth": agentAuth, ...more } });
const BARE = 'httpsig; auth-token; auth_server="http://localhost:8080/realms/aauth-test"';

describe("a token that is answered with a requirement for a token, without a resource token", () => {
  /** A resource with a given answer to requests with a token, and the usual one to all others. */
  async function worldThatRejects(answer: () => Response, times = Number.POSITIVE_INFINITY) {
    const world = await createWorld();
    const agent = world.agent();
    const call = () => agent.fetchFor()(URL_ROOT);
    const working = world.resource;
    let left = times;
    const reject = () => {
      world.resource = (request) => (request.scheme === "jwt" && left-- > 0 ? answer() : working(request));
    };
    return { world, call, reject };
  }
  const rejection = async (answer: () => Response) => {
    const { call, reject } = await worldThatRejects(answer);
    reject();
    return errorOf<TokenRejectedError>(call());
  };

  it.each([BARE, "httpsig; auth-token", "httpsig", "httpsig; identity=?1"])(
    "is dropped, and a new one is asked for: %s",
    async (agentAuth) => {
      const { world, call, reject } = await worldThatRejects(() => refusing(agentAuth), 1);
      await call();
      reject();
      const before = world.sent.length;
      expect((await call()).status).toBe(200);
      expect(world.story().slice(before)).toEqual([
        "resource jwt",
        "resource jwks",
        "token auth jwks",
        "resource jwt",
      ]);
    },
  );

  it("a new one that is rejected, too, ends the call after three requests, with the resource's words", async () => {
    const { world, call, reject } = await worldThatRejects(() => refusing(BARE));
    await call();
    reject();
    const before = world.sent.length;
    const error = await errorOf<TokenRejectedError>(call());
    expect(error).toMatchObject({
      name: "TokenRejectedError",
      code: "auth_token_rejected",
      httpStatus: 401,
      description: "Authorization required",
      message: "the resource rejected the auth token: Authorization required",
    });
    expect(error.refusal).toBeUndefined();
    const story = ["resource jwks", "token auth jwks", "resource jwt"];
    expect(world.story().slice(before)).toEqual(["resource jwt", ...story]);
    // Neither of them is presented again.
    await errorOf(call());
    expect(world.story().slice(before + 4)).toEqual(story);
  });

  it("a renewed one that is rejected, too, is dropped with its refresh token", async () => {
    const world = await createWorld();
    const working = world.tokenEndpoint;
    world.tokenEndpoint = async (request) => {
      const answer: unknown = await (await working(request)).json();
      return Response.json({ ...(answer as object), refresh_token: "r-1" });
    };
    const renewing = world.tokenEndpoint;
    const agent = world.agent();
    await agent.fetchFor()(URL_ROOT);
    const auth_token = await world.parties.issueAuthToken({ scope: "supply-chain:optimize" });
    world.tokenEndpoint = (request) =>
      request.form.request_type === "refresh" ? Response.json({ auth_token }) : renewing(request);
    const usual = world.resource;
    world.resource = (request) => (request.scheme === "jwt" ? refusing(BARE) : usual(request));
    const before = world.sent.length;
    expect((await errorOf(agent.fetchFor()(URL_ROOT))).code).toBe("auth_token_rejected");
    expect(world.story().slice(before)).toEqual(["resource jwt", "token refresh jwks", "resource jwt"]);
    world.resource = usual;
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story()[before + 3]).toBe("resource jwks");
  });

  it("is not dropped if the refusal names another check: the answer is returned", async () => {
    const refusal = { "aauth-refusal": "code=nonce_replayed, check=replay" };
    const { call, reject } = await worldThatRejects(() => refusing("httpsig", "", refusal));
    reject();
    expect((await call()).status).toBe(401);
  });

  it("a 429 is answered by waiting", async () => {
    const { world, call, reject } = await worldThatRejects(() => {
      const { body, headers } = refusing(BARE);
      return new Response(body, { status: 429, headers });
    });
    await call();
    reject();
    const before = world.sent.length;
    expect((await call()).status).toBe(429);
    expect(world.sent.length - before).toBe(1);
  });

  it.each([BARE, "httpsig; auth-token"])(
    "a pseudonymous agent presents its identity instead, once: %s",
    async (agentAuth) => {
      const world = await createWorld();
      world.resource = () => refusing(agentAuth);
      const agent = world.agent({}, { signatureScheme: "hwk" });
      expect((await errorOf(agent.fetchFor()(URL_ROOT))).code).toBe("malformed_challenge");
      expect(world.story()).toEqual(["resource hwk", "resource jwks"]);
    },
  );

  it.each([
    ["a line of text", "Authorization required", "text/plain", "Authorization required"],
    ["FastAPI's JSON", '{"detail":"token expired"}', "application/json", "token expired"],
    ["an OAuth error", '{"error":"x","error_description":"no"}', "application/json", "no"],
    ["JSON without a sentence", '{"detail":[1]}', "application/json", ""],
    ["several lines and control characters", "a\r\n\u001b[31mb\u202e", "text/plain", "a [31mb"],
    ["a token that it quotes", "bad eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.c2ln!", "text/plain", "bad …!"],
    ["a long text", "x".repeat(400), "text/plain", `${"x".repeat(300)}…`],
    ["too much", "x".repeat(20_000), "text/plain", ""],
    ["a page", "<html>no</html>", "text/html", ""],
    ["nothing", "", "text/plain", ""],
  ])("shows %s", async (_name, body, type, shown) => {
    const error = await rejection(() => refusing(BARE, body, { "content-type": type }));
    expect(error.description).toBe(shown);
    expect(error.message).toBe(`the resource rejected the auth token: ${shown || "status 401"}`);
  });

  it("waits for the body no longer than the call, and then cancels it", async () => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>();
    const caller = new AbortController();
    const pull = () => caller.abort(new DOMException("too late", "TimeoutError"));
    const words = () => new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    const { world, reject } = await worldThatRejects(() => refusing(BARE, words()));
    reject();
    const { signal } = caller;
    const error = await errorOf<DOMException>(world.agent().fetchFor({ signal })(URL_ROOT));
    expect(error.name).toBe("TimeoutError");
    await cancelled;
  });
});

describe("a refused token that came with a refresh token", () => {
  /** A cache that records its values, and an agent with a user's grant in it. */
  async function worldWithKept() {
    const world = await createWorld();
    const { agent, resource, authServer, clock } = world.parties;
    const written: ObtainedToken[] = [];
    const entries = createMemoryRecordStore<ObtainedToken>();
    const stores = inStores<ObtainedToken>({
      ...entries,
      put(key, grant, terms) {
        written.push(grant);
        return entries.put(key, grant, terms);
      },
      update: (key, change) =>
        entries.update(key, (kept) => {
          const changed = change(kept);
          if (changed !== undefined) written.push(changed.value);
          return changed;
        }),
    });
    const grant: FebruaryToken = {
      token: await world.parties.issueAuthToken({ subject: "alice" }),
      server: authServer.issuer,
      resource: resource.id,
      scope: "supply-chain:optimize",
      subject: "alice",
      thumbprint: agent.key.thumbprint,
      continuation: { refreshToken: "r-1" },
      expiresAt: clock.now() + 300,
      renewAt: clock.now() + 270,
    };
    const caller = world.agent({ stores });
    await caller.cacheToken({ obtained: grant, cacheKey: "alice" });
    const working = world.resource;
    /** The resource accepts any token except the cached one, and names no requirement. */
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

  it("is renewed, and marked meanwhile without a change of its times", async () => {
    const { world, grant, written, call } = await worldWithKept();
    expect((await call()).status).toBe(200);
    expect(world.story()).toEqual(["resource jwt", "token refresh jwks", "resource jwt"]);
    expect(written[0]).toEqual(grant);
    expect(written[1]).toEqual({ ...grant, isRefused: true });
    expect(written[2]).toEqual({
      ...grant,
      isRefused: true,
      continuation: { refreshToken: "r-1", claim: expect.any(String) },
    });
    expect(written[3]).toMatchObject({ subject: "alice", continuation: { refreshToken: "r-1" } });
    expect(written[3]).not.toHaveProperty("isRefused");
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
