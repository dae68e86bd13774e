import { request } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { check, setUp } from "./parties.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** One check over a real connection, header lines as given. */
async function checkOverHttp(
  app: FastifyInstance,
  options: { method?: string; path?: string; headers: readonly string[]; body?: string },
): Promise<{ status: number | undefined; claims: unknown; body: string }> {
  if (app.server.address() === null) {
    await app.listen({ host: "127.0.0.1", port: 0 });
    cleanUps.push(() => app.close());
  }
  const { port } = app.server.address() as AddressInfo;
  const { method = "POST", path = "/check", body } = options;
  const headers = ["host", `127.0.0.1:${port}`, ...options.headers];
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, method, path, headers, agent: false }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode, claims: incoming.headers["x-aauth-claims"], body: text }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const flat = (headers: Record<string, string | string[]>) =>
  Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((text) => [name, text]));

describe("traps of a check without a body (Agentgateway v1.4.1)", () => {
  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/x-unknown",
    "multipart/form-data; boundary=x",
    "nonsense",
    ";;;",
    "application/json;",
    "",
  ])("a forwarded content-type %j is not answered with 400 or 415", async (contentType) => {
    const { app } = await setUp();
    const headers = [
      "x-aauth-method",
      "POST",
      "x-aauth-uri",
      "/",
      "x-aauth-authority",
      "supply-chain-agent.localhost:3000",
      "x-aauth-mode",
      "optional",
      "content-type",
      contentType,
    ];
    const result = await checkOverHttp(app, { headers: [...headers, "content-length", "0"] });
    expect(result).toEqual({ status: 200, claims: "{}", body: "" });
    // And neither with a body, should a gateway send one.
    expect(
      await checkOverHttp(app, { headers: [...headers, "content-length", "5"], body: "{oops" }),
    ).toMatchObject({ status: 200 });
  });

  test("a long signature-key is not answered with 431", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = { ...(await signed(schemes.jwks)), "x-long": "x".repeat(40_000) };
    expect(await checkOverHttp(app, { headers: flat(headers) })).toMatchObject({ status: 200 });
  });

  test("a doubled field is one broken field", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = flat(await signed(schemes.jwks));
    for (const name of [
      "signature",
      "signature-input",
      "signature-key",
      "nonce",
      "x-aauth-authority",
      "x-aauth-mode",
      "x-aauth-method",
    ]) {
      const value = headers[headers.indexOf(name) + 1]!;
      const { status } = await checkOverHttp(app, { headers: [...headers, name, value] });
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe("other gateways (README)", () => {
  test("nginx auth_request: a GET with the same headers", async () => {
    const { app, signed, schemes } = await setUp();
    const headers = flat({ ...(await signed(schemes.jwks)), "x-aauth-uri": "/" });
    const result = await checkOverHttp(app, { method: "GET", headers });
    expect(result.status).toBe(200);
    expect(result.claims).toContain("http://backend.localhost:8000");
  });

  test("Traefik forwardAuth: method and path from x-forwarded-*", async () => {
    const { app, signed, schemes } = await setUp({ config: { requestFrom: "forwarded" } });
    const {
      "x-aauth-method": _,
      "x-aauth-uri": __,
      ...headers
    } = await signed(schemes.jwks, { url: "http://supply-chain-agent.localhost:3000/a?x=1" });
    const forwarded = {
      "x-forwarded-method": "POST",
      "x-forwarded-uri": "/a?x=1",
      "x-forwarded-host": "evil.test",
    };
    expect(
      await checkOverHttp(app, { method: "GET", headers: flat({ ...headers, ...forwarded }) }),
    ).toMatchObject({ status: 200 });
    // What the caller could send instead is not looked at.
    const forged = {
      "x-aauth-method": "POST",
      "x-aauth-uri": "/a?x=1",
      "x-forwarded-method": "DELETE",
      "x-forwarded-uri": "/a?x=1",
    };
    expect(
      await checkOverHttp(app, { method: "GET", headers: flat({ ...headers, ...forged }) }),
    ).toMatchObject({ status: 401 });
  });

  test("x-forwarded-* does not count unless configured", async () => {
    const { app, signed, schemes } = await setUp();
    const { "x-aauth-method": _, "x-aauth-uri": __, ...headers } = await signed(schemes.jwks);
    expect(
      await check(app, { ...headers, "x-forwarded-method": "POST", "x-forwarded-uri": "/" }),
    ).toMatchObject({ status: 500 });
  });

  test("Envoy ext_authz: the request's own method, its path below /check", async () => {
    const { app, signed, schemes } = await setUp({ config: { requestFrom: "path" } });
    for (const [method, target] of [
      ["POST", "/a%2Fb/../c?x=%20"],
      ["DELETE", "/"],
      ["PUT", "/x?y"],
    ] as const) {
      const headers = await signed(schemes.jwks, {
        method,
        url: `http://supply-chain-agent.localhost:3000${target}`,
      });
      // What a caller could send is not looked at.
      const forged = { ...headers, "x-aauth-method": "GET", "x-aauth-uri": "/health" };
      expect(
        await checkOverHttp(app, { method, path: `/check${target}`, headers: flat(forged) }),
      ).toMatchObject({ status: 200 });
    }
    const headers = await signed(schemes.jwks, { method: "PUT" });
    expect(
      await checkOverHttp(app, { method: "POST", path: "/check/", headers: flat(headers) }),
    ).toMatchObject({ status: 401 });
    expect(
      await checkOverHttp(app, { method: "PUT", path: "/check/other", headers: flat(headers) }),
    ).toMatchObject({ status: 401 });
  });

  test("below /check there is nothing unless configured", async () => {
    const { app, signed, schemes } = await setUp();
    expect(
      await checkOverHttp(app, { path: "/check/health", headers: flat(await signed(schemes.jwks)) }),
    ).toMatchObject({ status: 404 });
  });
});
