import { type AddressInfo, connect } from "node:net";
import type { AAuthEvent, ProvenCaller } from "aauth";
import { february2026Resource } from "aauth/february-2026";
import { createResource, parseRefusal, REFUSAL_FIELD, type ResourceOptions } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { type FastifyAAuthOptions, fastifyAAuth } from "../src/index.ts";

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const parties = await createTestParties();
const AUTHORITY = new URL(parties.resource.id).host;
const JWKS = { scheme: "jwks", id: parties.agent.id } as const;
const newResource = (options: Partial<ResourceOptions> = {}) =>
  createResource({
    profile: february2026Resource({ authServer: parties.authServer.issuer }),
    key: parties.resource.key,
    resource: parties.resource.id,
    discovery: parties.discovery,
    now: parties.clock.now,
    ...options,
  });

async function buildApp(options: Partial<FastifyAAuthOptions> = {}) {
  const app = Fastify({ bodyLimit: 1024 });
  const events: AAuthEvent[] = [];
  const handled: (ProvenCaller | null)[] = [];
  app.get("/health", () => ({ status: "healthy" }));
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      resource: newResource(),
      observer: (event) => events.push(event),
      ...options,
    } as FastifyAAuthOptions);
    for (const requirement of [{ level: "pseudonymous" }, { level: "identified" }] as const) {
      scope.route({
        method: ["GET", "POST"],
        url: `/${requirement.level}`,
        config: { aauth: requirement },
        handler: (request) => {
          handled.push(request.caller);
          return {
            agent: request.caller?.level,
            body: request.body ?? null,
            raw: request.rawBody?.toString(),
          };
        },
      });
    }
    scope.post(
      "/authorized",
      { config: { aauth: { level: "authorized", scopes: ["data:read"] } } },
      (request) => {
        handled.push(request.caller);
        return request.caller;
      },
    );
    scope.get("/open", { config: { aauth: "public" } }, (request) => ({ agent: request.caller }));
  });
  apps.push(app);
  return { app, events, handled };
}

/** Signs for the configured authority and sends through Fastify's own injection. */
async function send(
  app: FastifyInstance,
  options: Omit<Parameters<typeof signedRequest>[0], "key" | "url"> & { path: string },
) {
  const request = await signedRequest({
    profile: february2026Resource({ authServer: parties.authServer.issuer }),
    key: parties.agent.key,
    now: parties.clock.now,
    ...options,
    url: `http://${AUTHORITY}${options.path}`,
  });
  return {
    request,
    inject: (changes: { headers?: Record<string, string>; payload?: string } = {}) =>
      app.inject({
        method: request.method as "GET",
        url: request.target,
        headers: { ...request.headers, ...changes.headers },
        ...(request.body === undefined ? {} : { payload: Buffer.from(request.body) }),
        ...(changes.payload === undefined ? {} : { payload: changes.payload }),
      }),
  };
}

describe("a signed request", () => {
  test("reaches the handler with the proven caller and exactly the signed bytes", async () => {
    const { app, events } = await buildApp();
    const body = '{"a": 1 }';
    const { inject } = await send(app, { path: "/identified", body, signatureKey: JWKS });
    const answer = await inject();
    expect(answer.json()).toEqual({ agent: "identified", body: { a: 1 }, raw: body });
    expect(events.map((event) => event.type)).toEqual(["request_received", "request_verified"]);
  });

  test.each([
    [JWKS, 200],
    [{ scheme: "hwk" }, 401],
  ] as const)("with %j is answered %i, whatever an observer throws", async (signatureKey, status) => {
    const { app } = await buildApp({
      observer: () => {
        throw new Error("the observer's own");
      },
    });
    const { inject } = await send(app, {
      path: "/identified",
      body: "{}",
      signatureKey,
    });
    expect((await inject()).statusCode).toBe(status);
  });

  test("is accepted without a body, too", async () => {
    const { app } = await buildApp();
    const { inject } = await send(app, { path: "/pseudonymous", signatureKey: { scheme: "hwk" } });
    expect((await inject()).json()).toEqual({ agent: "pseudonymous", body: null, raw: "" });
  });
});

describe("a refused request", () => {
  test("never reaches the handler and states the requirement", async () => {
    const { app, handled, events } = await buildApp();
    const answer = await app.inject({ method: "POST", url: "/identified", payload: "{}" });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers["agent-auth"]).toBe("httpsig");
    expect(handled).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "request_refused", error: { code: "missing_signature" } });
  });

  test("P4: a changed body is refused before any parser sees it", async () => {
    const { app, handled, events } = await buildApp();
    const { inject } = await send(app, { path: "/identified", body: '{"pay":1}', signatureKey: JWKS });
    const answer = await inject({ payload: '{"pay":9}' });
    expect(answer.statusCode).toBe(401);
    expect(events.at(-1)).toMatchObject({ error: { code: "digest_mismatch" } });
    expect(handled).toEqual([]);
  });

  test("a failure inside the verifier is a 500 that tells nothing", async () => {
    const { app, handled } = await buildApp({
      resource: { ...newResource(), admit: () => Promise.reject(new Error("store at 10.0.0.7 down")) },
    });
    const answer = await app.inject({ method: "POST", url: "/identified", payload: "{}" });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("10.0.0.7");
    expect(handled).toEqual([]);
  });

  test("keeps a half-sent body from holding the handler", async () => {
    const { app, handled } = await buildApp();
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { request } = await send(app, { path: "/identified", body: '{"a":1}', signatureKey: JWKS });
    const socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1");
    const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST /identified HTTP/1.1\r\nhost: x\r\n${lines.join("\r\n")}\r\n\r\n{"a"`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(handled).toEqual([]);
  });
});

test("what was signed is the address as it came, whatever rewriteUrl makes of it", async () => {
  const app = Fastify({ rewriteUrl: ({ url = "" }) => url.replace(/^\/v1\//, "/") });
  apps.push(app);
  await app.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
  app.get("/x", { config: { aauth: { level: "identified" } } }, ({ caller }) => ({ agent: caller?.level }));
  const { inject } = await send(app, { path: "/v1/x?a=1", method: "GET", signatureKey: JWKS });
  expect((await inject()).json()).toEqual({ agent: "identified" });
  const { request } = await send(app, { path: "/v2/x", method: "GET", signatureKey: JWKS });
  const moved = await app.inject({
    method: "GET",
    url: "/v1/x",
    headers: request.headers as Record<string, string>,
  });
  expect([moved.statusCode, parseRefusal(moved.headers[REFUSAL_FIELD] as string)?.code]).toEqual([
    401,
    "invalid_signature",
  ]);
});

test("behind a proxy that takes a prefix off, what was signed is with it", async () => {
  const { app } = await buildApp({ target: (request) => `/reports${request.originalUrl}` });
  const { request } = await send(app, { path: "/reports/identified?a=1", method: "GET", signatureKey: JWKS });
  const headers = request.headers as Record<string, string>;
  const answer = await app.inject({ method: "GET", url: "/identified?a=1", headers });
  expect(answer.json()).toMatchObject({ agent: "identified" });
  expect((await app.inject({ method: "GET", url: "/identified?a=2", headers })).statusCode).toBe(401);
});

describe("closed by default", () => {
  test("a route without a requirement does not register", async () => {
    const app = Fastify();
    apps.push(app);
    app.register(async (scope) => {
      await scope.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
      scope.get("/forgotten", () => "secret");
    });
    await expect(app.ready()).rejects.toThrow("GET /forgotten does not declare config.aauth");
  });

  test.each([
    ["private", 'config.aauth of route GET /x must be "public" or'],
    [{ level: "authorized", scopes: [] }, "requirement.scopes must name at least one scope"],
    [{ level: "identified", scopes: ["a"] }, "apply to level authorized only, not identified"],
  ])("a route that demands %j does not register", async (aauth, message) => {
    const app = Fastify();
    apps.push(app);
    app.register(async (scope) => {
      await scope.register(fastifyAAuth, { resource: newResource() });
      scope.get("/x", { config: { aauth: aauth as never } }, () => "secret");
    });
    const ready = (async () => app.ready())();
    await expect(ready).rejects.toThrow(TypeError);
    await expect(ready).rejects.toThrow(message);
    await expect(ready).rejects.toThrow('config.aauth of route GET /x must be "public" or a requirement');
  });

  test.each(["Resource.example", "http://resource.example", "other.localhost:3000"])(
    "the plugin does not register with the authority %s, which its verifier does not serve",
    async (authority) => {
      const verifier = parties.createVerifier();
      const registered = buildApp({ resource: undefined, verifier, authority });
      await expect(registered).rejects.toThrow(TypeError);
      await expect(registered).rejects.toThrow(
        `authority must be one that the verifier serves (${AUTHORITY})`,
      );
    },
  );

  test.each([Number.NaN, "1mb"])("the plugin does not register for bodies of %j bytes", async (bytes) => {
    await expect(buildApp({ maxBodyBytes: bytes as number })).rejects.toThrow(RangeError);
  });

  test("a second plugin does not register, neither in the same scope nor in one inside", async () => {
    const options = { verifier: parties.createVerifier(), authority: AUTHORITY };
    const same = Fastify();
    const inside = Fastify();
    apps.push(same, inside);
    await same.register(fastifyAAuth, options);
    await inside.register(fastifyAAuth, options);
    for (const registered of [
      (async () => same.register(fastifyAAuth, options))(),
      (async () => inside.register(async (scope) => void (await scope.register(fastifyAAuth, options))))(),
    ]) {
      await expect(registered).rejects.toThrow(TypeError);
      await expect(registered).rejects.toThrow("fastifyAAuth is registered already");
    }
  });

  test("scopes beside each other have a verifier each", async () => {
    const app = Fastify();
    apps.push(app);
    for (const prefix of ["/a", "/b"]) {
      app.register(
        async (scope) => {
          await scope.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
          scope.get("/x", { config: { aauth: "public" } }, () => "open");
        },
        { prefix },
      );
    }
    expect((await app.inject("/b/x")).body).toBe("open");
  });

  test("a route registered before the plugin is refused at run time", async () => {
    const app = Fastify();
    apps.push(app);
    app.get("/earlier", () => "secret");
    await app.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
    const answer = await app.inject("/earlier");
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("secret");
  });

  test("level authorized with a verifier alone does not register", async () => {
    const app = Fastify();
    apps.push(app);
    app.register(async (scope) => {
      await scope.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
      scope.get("/x", { config: { aauth: { level: "authorized", scopes: ["a"] } } }, () => "secret");
    });
    await expect(app.ready()).rejects.toThrow("a verifier alone has no resource token");
  });

  test("with a verifier alone a refusal still says what is wanted", async () => {
    const app = Fastify();
    apps.push(app);
    await app.register(async (scope) => {
      await scope.register(fastifyAAuth, { verifier: parties.createVerifier(), authority: AUTHORITY });
      scope.get("/x", { config: { aauth: { level: "identified" } } }, () => "secret");
    });
    const unsigned = await app.inject("/x");
    expect([unsigned.statusCode, unsigned.headers["agent-auth"]]).toEqual([401, "httpsig"]);
    const { inject } = await send(app, { path: "/x", signatureKey: { scheme: "hwk" } });
    const pseudonymous = await inject();
    expect([pseudonymous.statusCode, pseudonymous.headers["agent-auth"]]).toEqual([
      401,
      "httpsig; identity=?1",
    ]);
  });
});

describe("what stays open", () => {
  test("public routes, other scopes and unknown paths", async () => {
    const { app } = await buildApp();
    expect((await app.inject("/open")).json()).toEqual({ agent: null });
    expect((await app.inject("/health")).json()).toEqual({ status: "healthy" });
    expect((await app.inject("/nothing")).statusCode).toBe(404);
  });

  test("G11: well-known documents, by exact path and safe method only", async () => {
    const { app } = await buildApp({ resource: newResource({ agent: {} }) });
    expect((await app.inject("/.well-known/aauth-agent")).json()).toMatchObject({
      agent: parties.resource.id,
    });
    expect((await app.inject("/.well-known/aauth-resource")).json()).toMatchObject({
      resource: parties.resource.id,
    });
    expect((await app.inject("/jwks.json")).json().keys[0].x).toBe(parties.resource.key.publicJwk.x);
    expect((await app.inject({ method: "POST", url: "/jwks.json" })).statusCode).toBe(404);
    expect((await app.inject("/identified/jwks.json")).statusCode).toBe(404);
  });
});
