import { type AAuthEvent, generateSigningKey } from "aauth";
import { february2026, february2026Resource, february2026Tokens, parseAgentAuth } from "aauth/february-2026";
import { createResource } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { fastifyAAuth, type LevelLimits } from "../src/index.ts";

// The limiter reads the system's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
const apps: FastifyInstance[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const second = await generateSigningKey({ kid: "other-1" });
const parties = await createTestParties({
  agents: {
    "http://other.localhost:1": [second.publicJwk],
    "http://other.localhost:2": [second.publicJwk],
    "http://other.localhost:2/below": [second.publicJwk],
  },
});
const AUTHORITY = new URL(parties.resource.id).host;
const SCOPE = "supply-chain:optimize";
const LIMITS: LevelLimits = { pseudonymous: 2, identified: 3, authorized: 4, scopes: [SCOPE] };
const newResource = () =>
  createResource({
    profile: february2026Resource({ authServer: parties.authServer.issuer, algs: ["ed25519"] }),
    key: parties.resource.key,
    resource: parties.resource.id,
    discovery: parties.discovery,
    now: parties.clock.now,
  });

async function buildApp(limits: LevelLimits = LIMITS) {
  const app = Fastify();
  apps.push(app);
  const events: AAuthEvent[] = [];
  const state = { served: 0 };
  await app.register(fastifyAAuth, {
    resource: newResource(),
    observer: (event) => events.push(event),
  });
  for (const url of ["/catalogue", "/prices"]) {
    app.route({
      method: ["GET", "POST"],
      url,
      config: { aauth: { level: "pseudonymous" }, aauthLimits: limits },
      handler: () => ({ served: ++state.served }),
    });
  }
  const own = { ...limits };
  app.get("/other", { config: { aauth: { level: "pseudonymous" }, aauthLimits: own } }, () => ({}));
  return { app, events, state };
}

type Signing = Partial<Parameters<typeof signedRequest>[0]> & { path?: string };

async function call(app: FastifyInstance, { path = "/catalogue", ...options }: Signing = {}) {
  const request = await signedRequest({
    profile: february2026Resource({ authServer: parties.authServer.issuer, algs: ["ed25519"] }),
    key: parties.agent.key,
    signatureKey: { scheme: "hwk" },
    now: parties.clock.now,
    ...options,
    url: `http://${AUTHORITY}${path}`,
  });
  return app.inject({
    method: request.method as "GET",
    url: request.target,
    headers: request.headers,
    ...(request.body && { payload: Buffer.from(request.body) }),
  });
}

async function statuses(app: FastifyInstance, count: number, options: Signing = {}): Promise<number[]> {
  const answers: number[] = [];
  for (let index = 0; index < count; index++) answers.push((await call(app, options)).statusCode);
  return answers;
}

const jwks: Signing = { signatureKey: { scheme: "jwks", id: parties.agent.id } };
const worker = await generateSigningKey({ kid: "worker-1" });
const asDelegate = async (delegate: string): Promise<Signing> => ({
  key: worker,
  signatureKey: {
    scheme: "jwt",
    jwt: await february2026Tokens.issueAgentToken({
      key: parties.agent.key,
      agent: parties.agent.id,
      delegate,
      confirmationKey: worker.publicJwk,
      now: parties.clock.now,
    }),
  },
});
const jwt = async (options: Parameters<typeof parties.issueAuthToken>[0] = {}): Promise<Signing> => ({
  signatureKey: { scheme: "jwt", jwt: await parties.issueAuthToken(options) },
});

describe("each level has its own limit", () => {
  test("a key: 429 states how long to wait and that an identity would help", async () => {
    const { app, events, state } = await buildApp();
    expect(await statuses(app, 3)).toEqual([200, 200, 429]);
    vi.advanceTimersByTime(10_500);
    const reply = await call(app);
    expect(reply.headers).toMatchObject({
      "retry-after": "50",
      "agent-auth": 'httpsig; identity=?1; algs=("ed25519")',
      "cache-control": "no-store",
    });
    expect(state.served).toBe(2);
    expect(events.at(-1)).toMatchObject({
      type: "request_limited",
      limit: { level: "pseudonymous", retryAfterSeconds: 50 },
    });
  });

  test("an agent: 429 with a resource token for it, and the scopes that would help", async () => {
    const { app } = await buildApp();
    expect(await statuses(app, 4, jwks)).toEqual([200, 200, 200, 429]);
    const reply = await call(app, jwks);
    const challenge = parseAgentAuth(String(reply.headers["agent-auth"]));
    expect(challenge).toMatchObject({ level: "authorized", authServer: parties.authServer.issuer });
    const claims = JSON.parse(Buffer.from(challenge.resourceToken!.split(".")[1]!, "base64url").toString());
    expect(claims).toMatchObject({
      agent: parties.agent.id,
      agent_jkt: parties.agent.key.thumbprint,
      scope: SCOPE,
    });
  });
});

describe("a caller's identity for limits", () => {
  test("another key, another agent, another user are others", async () => {
    const { app } = await buildApp();
    await statuses(app, 3);
    expect((await call(app, { key: second })).statusCode).toBe(200);
    await statuses(app, 4, jwks);
    const other: Signing = { key: second, signatureKey: { scheme: "jwks", id: "http://other.localhost:1" } };
    expect((await call(app, other)).statusCode).toBe(200);
    await statuses(app, 5, await jwt({ subject: "anna" }));
    expect((await call(app, await jwt({ subject: "bert" }))).statusCode).toBe(200);
    expect((await call(app, await jwt({ subject: "anna" }))).statusCode).toBe(429);
  });

  test("X5: all agents of one host are one, whatever their ports and paths", async () => {
    const { app } = await buildApp();
    const as = (id: string): Signing => ({ key: second, signatureKey: { scheme: "jwks", id } });
    const ids = ["http://other.localhost:1", "http://other.localhost:2", "http://other.localhost:2/below"];
    for (const id of ids) expect((await call(app, as(id))).statusCode).toBe(200);
    expect((await call(app, as(ids[2]!))).statusCode).toBe(429);
    expect((await call(app, as(ids[0]!))).statusCode).toBe(429);
  });

  test("delegates share the limit of their agent, which makes them itself: identified", async () => {
    const { app } = await buildApp();
    const answers: number[] = [];
    for (let index = 0; index < 4; index++)
      answers.push((await call(app, await asDelegate(`delegate-${index}`))).statusCode);
    expect(answers).toEqual([200, 200, 200, 429]);
    expect((await call(app, jwks)).statusCode).toBe(429);
  });

  test("delegates share their agent's limit: authorized, without a user and for one user", async () => {
    for (const user of [{}, { subject: "anna" }]) {
      const { app } = await buildApp();
      const answers: number[] = [];
      for (let index = 0; index < 5; index++)
        answers.push(
          (await call(app, await jwt({ agentDelegate: `delegate-${index}`, ...user }))).statusCode,
        );
      expect(answers).toEqual([200, 200, 200, 200, 429]);
    }
  });

  test("an agent has a limit for all its users, too", async () => {
    const as = (index: number) => jwt({ subject: `user-${index}` });
    const few = await buildApp({ ...LIMITS, authorizedTogether: 5 });
    const answers: number[] = [];
    for (let index = 0; index < 7; index++) answers.push((await call(few.app, await as(index))).statusCode);
    expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429]);
    // Default: ten times the limit of one user.
    const { app } = await buildApp({ ...LIMITS, authorized: 1 });
    for (let index = 0; index < 10; index++) expect((await call(app, await as(index))).statusCode).toBe(200);
    expect((await call(app, await as(10))).statusCode).toBe(429);
  });

  test("a token without the scopes leaves a caller identified, as does any token if no scopes are configured", async () => {
    const { app } = await buildApp();
    const weak = await jwt({ scope: "supply-chain:read" });
    expect(await statuses(app, 4, weak)).toEqual([200, 200, 200, 429]);
    const { app: unnamed } = await buildApp({ identified: 1, authorized: 4 });
    expect(await statuses(unnamed, 2, await jwt())).toEqual([200, 429]);
  });

  test("routes with the same limits share their counts, others do not", async () => {
    const { app } = await buildApp();
    await statuses(app, 2);
    expect((await call(app, { path: "/prices" })).statusCode).toBe(429);
    expect((await call(app, { path: "/other" })).statusCode).toBe(200);
  });

  test("all keys together have a limit, too, so that new keys do not raise it", async () => {
    const { app } = await buildApp({ ...LIMITS, pseudonymousTogether: 5 });
    const answers: number[] = [];
    for (let index = 0; index < 8; index++) {
      const key = await generateSigningKey({ kid: `k-${index}` });
      answers.push((await call(app, { key })).statusCode);
    }
    expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect((await call(app, jwks)).statusCode).toBe(200);
  });
});

describe("unproven messages are not counted", () => {
  test("messages in another agent's name do not use up its requests", async () => {
    const { app } = await buildApp();
    const forged: Signing = { ...jwks, key: second };
    expect(await statuses(app, 5, forged)).toEqual([401, 401, 401, 401, 401]);
    const badHwk = await signedRequest({
      profile: february2026,
      url: `http://${AUTHORITY}/catalogue`,
      key: parties.agent.key,
      signatureKey: { scheme: "hwk" },
      now: parties.clock.now,
    });
    for (let index = 0; index < 5; index++) {
      const headers = {
        ...badHwk.headers,
        signature: badHwk.headers.signature!.replace(/:[^:]{4}/, ":AAAA"),
      };
      expect((await app.inject({ url: "/catalogue", headers })).statusCode).toBe(401);
    }
    expect(await statuses(app, 1)).toEqual([200]);
    expect(await statuses(app, 1, jwks)).toEqual([200]);
  });

  test("a body that does not belong to its signature is not counted either", async () => {
    const { app } = await buildApp();
    for (let index = 0; index < 4; index++) {
      const { headers, target } = await signedRequest({
        profile: february2026,
        url: `http://${AUTHORITY}/catalogue`,
        key: parties.agent.key,
        signatureKey: { scheme: "hwk" },
        now: parties.clock.now,
        body: "{}",
      });
      const reply = await app.inject({ method: "POST", url: target, headers, payload: "[]" });
      expect(reply.statusCode).toBe(401);
    }
    expect(await statuses(app, 2)).toEqual([200, 200]);
  });
});

describe("limits that cannot be meant do not register", () => {
  const register = async (
    limits: LevelLimits,
    options: { level?: "public"; withResource?: boolean } = {},
  ) => {
    const app = Fastify();
    apps.push(app);
    app.register(async (scope) => {
      await scope.register(
        fastifyAAuth,
        options.withResource === false
          ? { verifier: parties.createVerifier(), authority: AUTHORITY }
          : { resource: newResource() },
      );
      scope.get(
        "/x",
        { config: { aauth: options.level ?? { level: "pseudonymous" }, aauthLimits: limits } },
        () => "x",
      );
    });
    await app.ready();
  };

  test.each([
    ["no number", { pseudonymous: Number.NaN }],
    ["a fraction", { authorized: 1.5 }],
    ["nothing", { identified: 0 }],
    ["more keys than are remembered", { pseudonymousTogether: 5_001 }],
    ["a misspelled name", { identifed: 3 }],
  ])("%s", async (_name, limits) => {
    await expect(register(limits as never)).rejects.toThrow(TypeError);
  });

  test("on a public route, or with a verifier alone", async () => {
    await expect(register(LIMITS, { level: "public" })).rejects.toThrow("limits by level");
    await expect(register(LIMITS, { withResource: false })).rejects.toThrow("limits by level");
    const { app } = await buildApp();
    const open = { config: { aauth: "public", aauthLimits: LIMITS } } as const;
    expect(() => app.get("/open", open, () => "x")).toThrow("limits by level");
  });
});
