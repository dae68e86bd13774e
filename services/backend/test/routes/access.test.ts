import { apiRoutes } from "backend-api";
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorReplies } from "../../src/plugins/error-replies.ts";
import { userAccess } from "../../src/plugins/user.ts";
import { closedAddress, type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
beforeAll(async () => {
  // Demo mode adds routes.
  stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" } });
});
afterAll(() => stack.close());

const TRACE_ID = "0123456789abcdef0123456789abcdef";
const PROTECTED = Object.values(apiRoutes).map(({ method, path }) => [method, path] as const);
const addressOf = (path: string) =>
  path
    .replace("{variant}", "replay")
    .replace("{traceId}", TRACE_ID)
    .replace(/\{\w+\}/, "some-id");

/** Not for users: its callers sign and present their own credential (delegate-token.test.ts). */
const SIGNED = ["/delegate/token"];

const PUBLIC = [
  "/",
  "/health",
  "/auth/health",
  "/.well-known/aauth-agent",
  "/jwks.json",
  "/auth/aauth/callback",
  "/auth/aauth/interaction",
];

describe("B8: every route but the public ones", () => {
  it("is in the table of the API", () => {
    const served = routesOf(stack.app.printRoutes({ commonPrefix: false }));
    const known = [...PROTECTED.map(([, path]) => path), ...PUBLIC, ...SIGNED];
    expect(new Set(served.map((url) => url.replace(/:(\w+)/g, "{$1}")))).toEqual(new Set(known));
  });

  it.each(PROTECTED)(
    "answers 403 without a token, 401 to an auth token of the same realm: %s %s",
    async (method, path) => {
      const request = { method, url: addressOf(path), ...(method === "POST" && { payload: {} }) };
      const anonymous = await stack.app.inject(request);
      expect([anonymous.statusCode, anonymous.json()]).toEqual([403, { detail: "Not authenticated" }]);
      const token = await stack.userToken("alice", { typ: undefined, cnf: { jwk: {} } });
      const response = await stack.app.inject({ ...request, headers: { authorization: `Bearer ${token}` } });
      expect([response.statusCode, response.json()]).toEqual([401, { detail: "Invalid or expired token" }]);
    },
  );

  it("does not read the body of an unknown caller", async () => {
    const response = await stack.app.inject({
      method: "POST",
      url: "/optimization/start",
      headers: { "content-type": "application/json" },
      payload: "{ not json",
    });
    expect(response.statusCode).toBe(403);
  });

  it.each([
    ["Basic", "Basic YTpi"],
    ["an empty Bearer", "Bearer "],
    ["a token without the word", "abc.def.ghi"],
  ])("answers 403 to %s", async (_name, authorization) => {
    const response = await stack.app.inject({ url: "/auth/me", headers: { authorization } });
    expect(response.statusCode).toBe(403);
  });

  it("ignores a token in the ID-token header or the query", async () => {
    const token = await stack.userToken("alice");
    const response = await stack.app.inject({
      url: `/auth/me?access_token=${token}`,
      headers: { "x-id-token": token },
    });
    expect(response.statusCode).toBe(403);
  });

  it("answers 503, not 401, while the auth server's keys cannot be had", async () => {
    const lonely = await startScriptedStack({ env: { KEYCLOAK_URL: await closedAddress() } });
    const response = await lonely.call("alice", "GET", "/auth/me");
    expect(response.status).toBe(503);
    expect(JSON.stringify(response.body)).not.toMatch(/127\.0\.0\.1|ECONN/);
    await lonely.close();
  });

  it("logs why a token was refused, but not the token", async () => {
    const token = await stack.userToken("alice", { azp: "other-ui" });
    await stack.app.inject({ url: "/auth/me", headers: { authorization: `Bearer ${token}` } });
    const log = stack.log.join("");
    expect(log).toContain("issued to another client");
    expect(log).not.toContain(token);
    expect(log).not.toContain(token.split(".")[2]!);
  });
});

it.each(PUBLIC)("the public route %s answers without a token", async (url) => {
  const response = await stack.app.inject({ url });
  expect(response.statusCode).toBeLessThan(400);
});

it("a route that declares no access does not register", async () => {
  const app = Fastify();
  await app.register(userAccess, { verifyUserToken: () => Promise.reject(new Error("unused")) });
  expect(() => app.get("/open", async () => "x")).toThrow("does not declare config.access");
});

it("an unexpected error shows neither its message nor a stack", async () => {
  const app = Fastify();
  await app.register(errorReplies);
  app.get("/", async () => {
    throw new Error("secret at /srv/app.ts:1");
  });
  const response = await app.inject({ url: "/" });
  expect(response.statusCode).toBe(500);
  expect(response.json()).toEqual({ detail: "Internal error; the backend's log has the reason." });
});

describe("pages of other origins", () => {
  const preflight = (origin: string) =>
    stack.app.inject({
      method: "OPTIONS",
      url: "/optimization/start",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });

  it("may call when their origin is listed", async () => {
    const response = await preflight("http://localhost:3050");
    expect(response.statusCode).toBe(204);
    expect(response.headers).toMatchObject({
      "access-control-allow-origin": "http://localhost:3050",
      "access-control-allow-headers": expect.stringContaining("Authorization"),
    });
    expect(response.headers["access-control-allow-credentials"]).toBeUndefined();
  });

  it.each(["http://evil.example", "http://localhost:3050.evil.example", "null"])(
    "may not when it is %s",
    async (origin) => {
      expect((await preflight(origin)).headers["access-control-allow-origin"]).toBeUndefined();
    },
  );
});

/** The paths in Fastify's route tree that answer anything but preflights. */
function routesOf(tree: string): string[] {
  const path: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent, part, methods] = /^(.*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indent === undefined) return [];
    path.splice(indent.length / 4, path.length, part!);
    return methods === undefined || methods === "OPTIONS" ? [] : [path.join("").replace("//", "/")];
  });
}
