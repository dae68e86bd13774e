import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { AAuthError } from "../../src/errors.ts";
import { formatAgentAuth, parseAgentAuth } from "../../src/february-2026/agent-auth.ts";
import { ConsentRequiredError } from "../../src/february-2026/errors.ts";
import { issueAgentToken } from "../../src/february-2026/issue-tokens.ts";
import {
  type FebruaryDialect,
  february2026,
  february2026Published,
} from "../../src/february-2026/profile.ts";
import { createKeyRing } from "../../src/keys/key-ring.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { signJwt } from "../../src/tokens/jwt.ts";
import { challenge, createWorld, errorOf, type World } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";
const POST = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };

describe("a signed fetch", () => {
  it("signs with the identity, and hands the response through", async () => {
    const world = await createWorld();
    world.requirement = { level: "identified" };
    const response = await world.agent().fetchFor()(`${URL_ROOT}path?x=1#fragment`, POST);
    expect([response.status, await response.text()]).toEqual([200, "hello identified"]);
    expect(world.story()).toEqual(["resource jwks"]);
    expect(world.sent[0]?.url).toBe(`${URL_ROOT}path?x=1`);
    expect(world.seen[0]?.report.coveredComponents).toEqual(
      "@method @authority @path @query content-type content-digest nonce signature-key".split(" "),
    );
  });

  it.each([
    ["a string", "text", "text/plain;charset=UTF-8"],
    ["bytes", new TextEncoder().encode("text"), "application/octet-stream"],
    ["a form", new URLSearchParams({ a: "b" }), "application/x-www-form-urlencoded;charset=UTF-8"],
    ["a stream", new Blob(["text"]).stream(), "application/octet-stream"],
  ])("accepts %s as a body", async (_name, body, contentType) => {
    const world = await createWorld();
    world.requirement = { level: "identified" };
    const response = await world.agent().fetchFor()(URL_ROOT, {
      method: "POST",
      body,
      duplex: "half",
    } as RequestInit);
    expect(response.status).toBe(200);
    expect(world.sent[0]?.headers["content-type"]).toBe(contentType);
    expect(new TextDecoder().decode(world.sent[0]?.body)).toMatch(/^(text|a=b)$/);
  });

  it("sends the bytes that it was called with, also after a challenge", async () => {
    const world = await createWorld();
    const body = new TextEncoder().encode("text");
    const response = world.agent().fetchFor()(URL_ROOT, { method: "POST", body });
    body.fill(0);
    expect((await response).status).toBe(200);
    const texts = world.sent.map(({ url, body }) => url === URL_ROOT && new TextDecoder().decode(body));
    expect(texts).toEqual(["text", false, "text"]);
  });

  it("reports a body that has already been read", async () => {
    const fetch = (await createWorld()).agent().fetchFor();
    const request = new Request(URL_ROOT, POST);
    await fetch(request);
    const error: Error = await fetch(request).then(String, (reason) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("the body has already been read");
  });

  it("replaces signature headers of the caller, and never sends its Host", async () => {
    const world = await createWorld();
    world.requirement = { level: "identified" };
    const headers = { host: "evil.example", signature: "x", nonce: "y", "Signature-Key": "z", "x-mine": "1" };
    expect((await world.agent().fetchFor()(URL_ROOT, { headers })).status).toBe(200);
    expect(world.sent[0]?.headers).toMatchObject({ "x-mine": "1" });
    expect(world.sent[0]?.headers).not.toHaveProperty("host");
    expect(world.sent[0]?.headers).not.toHaveProperty("nonce");
  });

  it.each([
    ["a URL with credentials", "http://user:pass@supply-chain-agent.localhost:3000/", {}, TypeError],
    ["another protocol", "ftp://supply-chain-agent.localhost/", {}, TypeError],
    ["a relative URL", "/path", {}, TypeError],
    ["a GET with a body", URL_ROOT, { body: "x" }, TypeError],
    ["a body over the limit", URL_ROOT, { method: "POST", body: "x".repeat(101) }, RangeError],
    ["a stream over the limit", URL_ROOT, { method: "POST", body: new Blob(["x".repeat(101)]) }, RangeError],
  ])("refuses %s before anything is sent", async (_name, url, init, type) => {
    const world = await createWorld();
    const fetch = world.agent({ maxRequestBodyBytes: 100 }).fetchFor();
    // Challenged addresses are remembered, but refused ones are not.
    const refused = errorOf<Error>(fetch(url, init));
    expect((await refused) instanceof RangeError && (await refused).message).toBe(
      type === RangeError && "the request body exceeds 100 bytes, the agent's maxRequestBodyBytes",
    );
    await expect(fetch(url, init)).rejects.toThrow(type);
    await expect(fetch(url, init)).rejects.toThrow(type);
    expect(world.sent).toEqual([]);
  });

  it("signs for agents of the published demo in their profile", async () => {
    const world = await createWorld();
    world.resource = () => new Response("ok");
    await world.agent({}, { dialect: february2026Published }).fetchFor()(URL_ROOT, POST);
    expect(world.sent[0]?.headers["signature-key"]).not.toContain("well-known");
    expect(world.sent[0]?.headers).not.toHaveProperty("nonce");
    expect(world.events[0]).toMatchObject({ type: "request_signed", profile: "february-2026-published" });
  });

  it("uses another variant with auth servers, and shares their tokens with agents that do the same", async () => {
    const world = await createWorld();
    world.resource = async ({ scheme }) =>
      scheme === "jwt"
        ? new Response("hello")
        : new Response("", { status: 401, headers: { "agent-auth": await challenge(world) } });
    const stores = createMemoryStores();
    const call = (dialect: FebruaryDialect) =>
      world.agent({ stores }, { dialect }).fetchFor({ cacheKey: "user" })(URL_ROOT, POST);
    await call(february2026Published);
    const isCovered = (value?: string) => value?.includes('"content-digest"');
    const [first, token, again] = world.sent.map(({ headers }) => isCovered(headers["signature-input"]));
    expect([first, token, again]).toEqual([false, true, false]);
    await call(february2026);
    expect(world.story().slice(3)).toEqual(["resource jwt"]);
  });

  it("returns a 401 without a challenge unchanged, and one that requires a person, too", async () => {
    const world = await createWorld();
    const answers = [undefined, "httpsig", 'httpsig; user_interaction="https://r.example/visit"'];
    for (const agentAuth of answers) {
      const headers: Record<string, string> = agentAuth === undefined ? {} : { "agent-auth": agentAuth };
      world.resource = () => new Response("no", { status: 401, headers });
      expect((await world.agent().fetchFor()(URL_ROOT)).status).toBe(401);
    }
    expect(world.sent).toHaveLength(3);
  });

  it("does not read a header of another status as a challenge", async () => {
    const world = await createWorld();
    world.resource = () => new Response("ok", { headers: { "agent-auth": "httpsig; identity=?1" } });
    expect((await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.sent).toHaveLength(1);
  });

  it("P9: refuses to read a challenge out of another scheme's text", async () => {
    const world = await createWorld();
    world.resource = () =>
      new Response("", { status: 401, headers: { "agent-auth": 'Bearer realm="httpsig"' } });
    expect((await errorOf(world.agent().fetchFor()(URL_ROOT))).code).toBe("malformed_challenge");
    expect(world.sent).toHaveLength(1);
  });
});

describe("an identity challenge", () => {
  it("raises hwk to jwks, once", async () => {
    const world = await createWorld();
    world.requirement = { level: "identified" };
    const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT, POST);
    expect(await response.text()).toBe("hello identified");
    expect(world.story()).toEqual(["resource hwk", "resource jwks"]);
  });

  it("continues to an auth token if the route requires one", async () => {
    const world = await createWorld();
    const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT, POST);
    expect(await response.text()).toBe("hello authorized");
    expect(world.story()).toEqual(["resource hwk", "resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("follows from a challenge for a token that was made for a key without a name", async () => {
    const world = await createWorld();
    const nobodys = { "agent-auth": await challenge(world, { agent: "https://unknown-agent" }) };
    world.resource = async ({ scheme }) =>
      scheme === "hwk"
        ? new Response("", { status: 401, headers: nobodys })
        : scheme === "jwt"
          ? new Response("hello")
          : new Response("", { status: 401, headers: { "agent-auth": await challenge(world) } });
    const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT, POST);
    expect(await response.text()).toBe("hello");
    expect(world.story()).toEqual(["resource hwk", "resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("is an error for an agent that wants to stay anonymous", async () => {
    const world = await createWorld();
    const agent = world.agent({}, { signatureScheme: "hwk", mayIdentify: false });
    expect((await errorOf(agent.fetchFor()(URL_ROOT))).code).toBe("identity_required");
    expect(world.story()).toEqual(["resource hwk"]);
  });

  it("that never ends is returned, not followed forever", async () => {
    const world = await createWorld();
    const headers = { "agent-auth": "httpsig; identity=?1" };
    world.resource = () => new Response("", { status: 401, headers });
    const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT);
    expect(response.status).toBe(401);
    expect(world.story()).toEqual(["resource hwk", "resource jwks"]);
  });
});

describe("an authorization challenge", () => {
  it("is answered with a token and one retry, freshly signed, with the same body", async () => {
    const world = await createWorld();
    const response = await world.agent().fetchFor({ state: "s-1" })(URL_ROOT, POST);
    expect(await response.text()).toBe("hello authorized");
    expect(world.story()).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
    const [first, token, retry] = world.sent;
    expect(Object.keys(token?.form ?? {})).toEqual([
      "request_type",
      "resource_token",
      "redirect_uri",
      "state",
    ]);
    expect(token?.form).toMatchObject({
      redirect_uri: "http://backend.localhost:8000/auth/aauth/callback",
      state: "s-1",
    });
    expect(retry?.body).toEqual(first?.body);
    expect(retry?.headers.nonce).not.toBe(first?.headers.nonce);
    expect(retry?.headers.signature).not.toBe(first?.headers.signature);
  });

  it("signs with the delegate's agent token if there is one", async () => {
    const world = await createWorld();
    const { agent, clock } = world.parties;
    const delegate = await generateSigningKey({ kid: "delegate" });
    const agentToken = () =>
      issueAgentToken({
        key: agent.key,
        agent: agent.id,
        delegate: "worker-1",
        confirmationKey: delegate.publicJwk,
        now: clock.now,
      });
    const response = await world.agent({ key: delegate, agentToken }).fetchFor()(URL_ROOT, POST);
    expect(await response.text()).toBe("hello authorized");
    expect(world.story()).toEqual(["resource jwt", "token auth jwt", "resource jwt"]);
    expect(world.seen[0]?.caller.thumbprint).toBe(delegate.thumbprint);
  });

  it("uses the token from then on, until 30 s before it expires", async () => {
    const world = await createWorld();
    const agent = world.agent();
    await agent.fetchFor()(URL_ROOT, POST);
    world.parties.clock.advance(269);
    await agent.fetchFor()(URL_ROOT, POST);
    expect(world.story().slice(3)).toEqual(["resource jwt"]);
    world.parties.clock.advance(1);
    await agent.fetchFor()(URL_ROOT, POST);
    expect(world.story().slice(4)).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
  });

  it("asks again when the resource refuses a token that was kept", async () => {
    const world = await createWorld();
    const agent = world.agent();
    await agent.fetchFor()(URL_ROOT, POST);
    world.requirement = { level: "authorized", scopes: ["other"] };
    const response = await agent.fetchFor()(URL_ROOT, POST);
    expect(await response.text()).toBe("hello authorized");
    expect(world.story().slice(3)).toEqual(["resource jwt", "token auth jwks", "resource jwt"]);
    // Both tokens are still cached, and the challenge selects the one for the first scope.
    world.requirement = { level: "authorized", scopes: ["supply-chain:optimize"] };
    expect((await agent.fetchFor()(URL_ROOT, POST)).status).toBe(200);
    expect(world.story().slice(6)).toEqual(["resource jwt", "resource jwt"]);
  });

  it("starts with the given token, and requests another when it has expired", async () => {
    const world = await createWorld();
    const authToken = await world.parties.issueAuthToken();
    expect((await world.agent().fetchFor({ authToken })(URL_ROOT, POST)).status).toBe(200);
    expect(world.story()).toEqual(["resource jwt"]);
    world.parties.clock.advance(300);
    expect((await world.agent().fetchFor({ authToken })(URL_ROOT, POST)).status).toBe(200);
    expect(world.story().slice(1)).toEqual(["resource jwt", "token auth jwks", "resource jwt"]);
  });

  it("keeps to one key although the agent's key is rotated meanwhile", async () => {
    const world = await createWorld();
    const { agent, resource } = world.parties;
    const keys = [agent.key, resource.key];
    const ring = createKeyRing({ key: agent.key, create: async () => resource.key });
    const key = {
      ...ring,
      current: () => keys.shift() ?? resource.key,
      usable: () => [agent.key, resource.key],
    };
    const response = await world.agent({ key }).fetchFor()(URL_ROOT, POST);
    expect(response.status).toBe(200);
    expect(world.seen[0]?.caller.thumbprint).toBe(agent.key.thumbprint);
  });
});

it("returns an authorization challenge that first requires a person's action to the caller", async () => {
  const world = await createWorld();
  const agentAuth = `${(await challenge(world)).replace("auth-token; ", "")}; user_interaction="https://r.example/visit"`;
  world.resource = () => new Response("", { status: 401, headers: { "agent-auth": agentAuth } });
  const response = await world.agent().fetchFor()(URL_ROOT);
  expect([response.status, response.headers.get("agent-auth")]).toEqual([401, agentAuth]);
  expect(world.sent).toHaveLength(1);
});

describe("B6: a challenge that is not followed", () => {
  const refused = async (agentAuth: (world: World) => Promise<string> | string) => {
    const world = await createWorld();
    const value = await agentAuth(world);
    world.resource = () => new Response("", { status: 401, headers: { "agent-auth": value } });
    const error = await errorOf(world.agent().fetchFor()(URL_ROOT, POST));
    expect(world.sent).toHaveLength(1);
    expect(world.parties.discovery.requests).toEqual([]);
    return error.code;
  };

  it.each([
    ["for another agent", { agent: "http://other.localhost:1" }],
    ["for another key", { agentJkt: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }],
    ["that has expired", { now: () => 0 }],
  ])("has a resource token %s", async (_name, change) => {
    expect(await refused((world) => challenge(world, change))).toBe("challenge_untrusted");
  });

  it.each([
    ["no resource token", 'httpsig; auth-token; auth_server="http://localhost:8080/realms/aauth-test"'],
    [
      "a resource token that is none",
      'httpsig; auth-token; resource_token="x.y.z"; auth_server="http://localhost:8080/realms/aauth-test"',
    ],
  ])("has %s", async (_name, value) => {
    expect(await refused(() => value)).toBe("malformed_challenge");
  });

  it("has a token of another type for a resource token", async () => {
    const code = await refused(async (world) => {
      const { resource, authServer } = world.parties;
      const { claims } = decodeToken(parseAgentAuth(await challenge(world)).resourceToken!);
      const header = { alg: "EdDSA", kid: resource.key.kid, typ: "auth+jwt" };
      const resourceToken = await signJwt(header, claims, (data) => resource.key.sign(data));
      return formatAgentAuth({ level: "authorized", resourceToken, authServer: authServer.issuer });
    });
    expect(code).toBe("malformed_challenge");
  });

  it("may come from a resource that is called by another address, if its identifier is given", async () => {
    const world = await createWorld();
    const { resource } = world.parties;
    world.resource = async (request) =>
      request.scheme === "jwt"
        ? new Response("in")
        : new Response("", { status: 401, headers: { "agent-auth": await challenge(world) } });
    expect((await errorOf(world.agent().fetchFor()("http://localhost:9999/"))).code).toBe(
      "challenge_untrusted",
    );
    const response = await world.agent().fetchFor({ resource: resource.id })("http://localhost:9999/");
    expect(await response.text()).toBe("in");
  });
});

describe("events", () => {
  it("describe every step, and contain no secret", async () => {
    const world = await createWorld();
    const local: string[] = [];
    const agent = world.agent();
    await agent.fetchFor({ observer: ({ type }) => void local.push(type) })(URL_ROOT, POST);
    await agent.fetchFor()(URL_ROOT, POST);
    expect(world.events.map(({ type }) => type)).toEqual([
      "request_signed",
      "response_received",
      "challenge_received",
      "token_requested",
      "request_signed",
      "response_received",
      "token_received",
      "request_retried",
      "request_signed",
      "response_received",
      "token_cache_hit",
      "request_signed",
      "response_received",
    ]);
    expect(local).toEqual(world.events.slice(0, 10).map(({ type }) => type));
    const told = JSON.stringify(world.events);
    const secrets = world.sent.flatMap(({ headers, form }) => [
      headers.signature?.slice(6, -1) ?? "",
      form.resource_token ?? "",
      /jwt="([^"]+)"/.exec(headers["signature-key"] ?? "")?.[1] ?? "",
    ]);
    expect(secrets.filter((secret) => secret !== "")).toHaveLength(7);
    for (const secret of secrets.filter((text) => text !== "")) expect(told).not.toContain(secret);
  });

  it("are not affected by an observer that throws", async () => {
    const world = await createWorld();
    const observer = () => {
      throw new Error("observer");
    };
    expect((await world.agent({ observer }).fetchFor({ observer })(URL_ROOT, POST)).status).toBe(200);
  });
});

describe("giving up", () => {
  it("with the context's signal, and with the call's", async () => {
    const world = await createWorld();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(world.agent().fetchFor({ signal })(URL_ROOT)).rejects.toThrow("enough");
    await expect(world.agent().fetchFor()(URL_ROOT, { signal })).rejects.toThrow("enough");
  });

  it.each(["the context's", "the call's", "the Request's"])(
    "while a body is read that never ends, with %s signal",
    async (whose) => {
      const world = await createWorld();
      let isCancelled = false;
      const body = new ReadableStream({
        pull: () => new Promise(() => {}),
        cancel: () => {
          isCancelled = true;
        },
      });
      const signal = AbortSignal.timeout(20);
      const init = { method: "POST", body, duplex: "half", ...(whose !== "the context's" && { signal }) };
      const fetch = world.agent().fetchFor(whose === "the context's" ? { signal } : {});
      const call =
        whose === "the Request's"
          ? fetch(new Request(URL_ROOT, init as RequestInit))
          : fetch(URL_ROOT, init as RequestInit);
      await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
      expect([isCancelled, world.sent]).toEqual([true, []]);
    },
  );

  it("when a resource does not answer in time", async () => {
    const world = await createWorld();
    world.transport = (_url, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const agent = world.agent({ timeouts: { requestMs: 5 } });
    expect((await errorOf(agent.fetchFor()(URL_ROOT))).name).toBe("TimeoutError");
  });

  it("waits for a resource until the call's own signal aborts, if configured", async () => {
    const world = await createWorld();
    const { transport } = world;
    world.transport = async (url, request) => {
      await setTimeout(20, undefined, { signal: request.signal });
      return transport(url, request);
    };
    const agent = world.agent({ timeouts: { requestMs: Number.POSITIVE_INFINITY } });
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    const signal = AbortSignal.timeout(5);
    expect((await errorOf(agent.fetchFor()(URL_ROOT, { signal }))).name).toBe("AbortError");
  });

  it("passes the transport's own errors on", async () => {
    const world = await createWorld();
    const refusal = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    world.resource = () => Promise.reject(refusal);
    expect(await errorOf<Error>(world.agent().fetchFor()(URL_ROOT))).toBe(refusal);
  });
});

describe("an agent", () => {
  it.each<[string, object]>([
    ["id must be", { id: "http://backend.localhost:8000/" }],
    ["revealTokens must be true or false", { revealTokens: "false" }],
    ["observer must be a function", { observer: {} }],
    ["signatureScheme is not an option", { signatureScheme: "jwks" }],
    ["constructor is not an option", { constructor: Object }],
  ])("names the option it cannot be made with: %s: %j", async (message, options) => {
    const world = await createWorld();
    const making = () => world.agent(options as never);
    expect(making).toThrow(TypeError);
    expect(making).toThrow(message);
  });

  it.each<[string, object]>([
    ["authServers must be an array", { authServers: "https://a.example" }],
    ["signatureScheme must be hwk or jwks", { signatureScheme: "HWK" }],
    ["mayIdentify must be true or false", { mayIdentify: "false" }],
    ["redirectUri must be", { redirectUri: "/callback" }],
  ])("names the option its profile cannot be made with: %s: %j", async (message, options) => {
    const world = await createWorld();
    const making = () => world.agent({}, options as never);
    expect(making).toThrow(TypeError);
    expect(making).toThrow(message);
  });

  it.each([
    ["cacheKey must be a string", { cacheKey: null }],
    ["upstreamToken must be a compact token", { upstreamToken: { sub: "user-1" } }],
    ["authToken must be a compact token", { authToken: null }],
  ])("rejects a call that could be sent with another user's token: %s", async (message, context) => {
    const agent = (await createWorld()).agent();
    expect(() => agent.fetchFor(context as never)).toThrow(message);
  });

  it("rejects a call for a resource whose name no party has", async () => {
    const world = await createWorld();
    const making = () => world.agent().fetchFor({ resource: "http://supply-chain-agent.localhost:3000/" });
    expect(making).toThrow(TypeError);
    expect(making).toThrow("resource must be");
  });

  it("passes a demand for consent through as a typed error", async () => {
    const world = await createWorld();
    world.tokenEndpoint = () => Response.json({ expires_in: 600, request_token: "r t", token_type: "AAuth" });
    const error = await errorOf(world.agent().fetchFor({ state: "s&1" })(URL_ROOT, POST));
    expect(error).toBeInstanceOf(ConsentRequiredError);
    expect(error).toMatchObject({
      code: "consent_required",
      requestToken: "r t",
      expiresInSeconds: 600,
      authServer: world.parties.authServer.issuer,
      consentUrl:
        "http://localhost:8080/realms/aauth-test/protocol/aauth/agent/auth?request_token=r+t&redirect_uri=http%3A%2F%2Fbackend.localhost%3A8000%2Fauth%2Faauth%2Fcallback&state=s%261",
    } satisfies Partial<ConsentRequiredError & AAuthError>);
    expect(JSON.stringify(world.events)).not.toContain("r t");
  });
});
