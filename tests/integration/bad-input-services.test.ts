import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import {
  type Answer,
  ForeignAgent,
  type Listener,
  listen,
  makeToken,
  readToken,
  send,
} from "../support/foreign-agent.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const MEBIBYTE = 1_048_576;

let stack: TestStack;
let agent: ForeignAgent;
/** Named in messages as an address to fetch; must stay silent. */
let canary: Listener;

beforeAll(async () => {
  [agent, canary] = await Promise.all([ForeignAgent.start(), listen(() => ({ status: 200, body: {} }))]);
  stack = await startStack({ env: { "auth-server": { AUTH_SERVER_SELF_AGENTS: agent.id } } });
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), canary?.stop()]));

describe("the backend's API", () => {
  let first: string;
  let second: string;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      userAccessToken(stack.urls),
      userAccessToken(stack.urls, { ...DEMO_USER, username: "second-user" }),
    ]);
  });

  function ask(
    path: string,
    token: string | undefined,
    rest: { method?: string; body?: string; type?: string } = {},
  ) {
    const { method = "GET", body, type = "application/json" } = rest;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { ...authorization, ...(body !== undefined && { "content-type": type }) };
    return send({
      method,
      url: `${stack.urls.backend}${path}`,
      headers,
      ...(body !== undefined && { body }),
    });
  }

  function expectDetail(answer: Answer, status: number, detail?: RegExp): void {
    expect({ status: answer.status, body: JSON.parse(answer.text) }).toEqual({
      status,
      body: { detail: expect.stringMatching(detail ?? /./) },
    });
  }

  const routes: [string, string][] = [
    ["GET", "/auth/me"],
    ["POST", "/optimization/start"],
    ["GET", "/optimization/progress/x"],
    ["GET", "/optimization/progress/x/events"],
    ["GET", "/optimization/results/x"],
    ["GET", "/optimization/all"],
    ["DELETE", "/optimization/clear"],
    ["GET", "/optimization/test-a2a-connection"],
    ["GET", "/agents/status"],
    ["GET", "/agents/status/x"],
    ["GET", "/agents/activities"],
    ["DELETE", "/agents/activities"],
  ];
  test.each(routes)("%s %s: no token, no good token", async (method, path) => {
    const body = method === "POST" ? { body: "{" } : {};
    expectDetail(await ask(path, undefined, { method, ...body }), 403, /^Not authenticated$/);
    expectDetail(await ask(path, "a.b.c", { method, ...body }), 401, /^Invalid or expired token$/);
  });

  test("a token of another issuer, algorithm, type or client", async () => {
    const { header, claims } = readToken(first);
    const soon = { exp: Math.floor(Date.now() / 1000) + 60 };
    const agentsOwn = await agent.askAuthServer(stack.urls.issuer, {
      request_type: "auth",
      scope: "supply-chain:optimize",
    });
    const [head = "", , signature = ""] = first.split(".");
    for (const token of [
      makeToken({ ...header, alg: "none" }, { ...claims, ...soon }),
      makeToken({ ...header, alg: "HS256" }, { ...claims, ...soon }, agent.key),
      makeToken({ ...header, alg: "EdDSA" }, { ...claims, ...soon }, agent.key),
      makeToken(
        { ...header, alg: "EdDSA", jku: canary.url, x5u: canary.url },
        { ...claims, iss: canary.url },
        agent.key,
      ),
      `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: "somebody" })).toString("base64url")}.${signature}`,
      JSON.parse(agentsOwn.text).auth_token as string,
    ]) {
      expectDetail(await ask("/auth/me", token), 401, /^Invalid or expired token$/);
    }
  });

  test("an unknown id, and another user's", async () => {
    const started = await ask("/optimization/start", first, { method: "POST", body: "{}" });
    expect(started.status).toBe(200);
    const { request_id } = JSON.parse(started.text) as { request_id: string };
    expect((await ask(`/optimization/progress/${request_id}`, first)).status).toBe(200);
    for (const [id, token] of [
      [request_id, second],
      ["unknown", first],
      ["..%2f..%2fetc", first],
      ["constructor", first],
    ] as const) {
      for (const path of [`progress/${id}`, `progress/${id}/events`, `results/${id}`]) {
        expectDetail(await ask(`/optimization/${path}`, token), 404, /^No such optimization$/);
      }
    }
    expect(JSON.parse((await ask("/optimization/all", second)).text)).toEqual([]);
    expect(JSON.parse((await ask("/agents/activities", second)).text)).toEqual([]);
    await ask("/optimization/clear", second, { method: "DELETE" });
    expect((await ask(`/optimization/progress/${request_id}`, first)).status).toBe(200);
    expectDetail(await ask("/agents/status/nobody", first), 404);
  });

  test.each<[string, string, string, number]>([
    ["no JSON", "{", "application/json", 400],
    ["nothing at all", "", "application/json", 400],
    ["another type", "a=b", "application/x-www-form-urlencoded", 415],
    ["a list", "[]", "application/json", 422],
    ["a wrong member", '{"custom_prompt":7}', "application/json", 422],
    ["an endless prompt", JSON.stringify({ custom_prompt: "a".repeat(200_000) }), "application/json", 422],
    ["a poisoned prototype", '{"__proto__":{"a":1}}', "application/json", 400],
    ["too much", `"${"a".repeat(MEBIBYTE)}"`, "application/json", 413],
  ])("%s", async (_what, body, type, status) => {
    expectDetail(await ask("/optimization/start", first, { method: "POST", body, type }), status);
  });

  test("a limit that is none, an id that is too long, a path nobody serves", async () => {
    expectDetail(await ask("/agents/activities?limit=-1", first), 422, /limit/);
    for (const path of [`/optimization/progress/${"a".repeat(101)}`, "/optimization/progress/%zz"]) {
      const answer = await ask(path, first);
      expect(JSON.parse(answer.text)).toMatchObject({ status: answer.status, detail: expect.any(String) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    const answer = await ask("/nothing", first);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ detail: "Nothing is served at GET /nothing" });
  });

  test("a consent answer that nobody waits for goes to the page, wherever it says", async () => {
    const query = new URLSearchParams({
      code: "x",
      state: "unknown",
      redirect_uri: canary.url,
      iss: canary.url,
    });
    const answer = await ask(`/auth/aauth/callback?${query}`, undefined);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toMatch(`${stack.urls.ui}/?aauth_error=1`);
  });
});

describe("whatever came", () => {
  test("no address of a message was asked", () => {
    expect(canary.requests).toEqual([]);
  });

  test("nothing has crashed, everything answers, no stack was shown", async () => {
    expect(stack.processes.filter(({ pid }) => !isAlive(pid!))).toEqual([]);
    for (const key of [
      "authServer",
      "gatewayAuthz",
      "marketAnalysisAgent",
      "supplyChainAgent",
      "backend",
    ] as const) {
      expect(await send({ url: `http://127.0.0.1:${stack.ports[key]}/health` })).toMatchObject({
        status: 200,
      });
    }
    expect(stack.log()).not.toMatch(/^.*\|\s+at .+:\d+:\d+\)?$/m);
    expect(stack.log()).not.toMatch(/ERROR|FATAL/);
  });
});
