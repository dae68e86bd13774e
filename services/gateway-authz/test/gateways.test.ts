import { request } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { lingeringTunnels } from "../../../packages/agent-kit/test/service/support/lingering-tunnels.ts";
import { sendRaw } from "../../gateway/test/support/http-client.ts";
import { check, checkHeaders, setUp } from "./parties.ts";

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
  test.each(["application/json", "application/x-www-form-urlencoded", "nonsense", ""])(
    "a forwarded content-type %j is not answered with 400 or 415",
    async (contentType) => {
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
      // A body does not change that, should a gateway send one.
      expect(
        await checkOverHttp(app, { headers: [...headers, "content-length", "5"], body: "{oops" }),
      ).toMatchObject({ status: 200 });
    },
  );

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

describe("bytes that a client library would not send", () => {
  const BASE = { ...checkHeaders("POST", "/"), "content-length": "0", host: "127.0.0.1:7070" };

  /**
   * A check as Agentgateway writes it; what comes back, and nothing but the end of the connection
   * after it.
   */
  async function answerTo(
    change: Record<string, string | string[] | undefined>,
    line = "POST /check HTTP/1.1",
  ) {
    const { app } = await setUp();
    await app.listen({ host: "127.0.0.1", port: 0 });
    cleanUps.push(() => app.close());
    const fields = Object.entries({ ...BASE, connection: "close", ...change }).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((text) => `${name}: ${text}\r\n`),
    );
    const { port } = app.server.address() as AddressInfo;
    return sendRaw(port, `${line}\r\n${fields.join("")}\r\n`);
  }

  test.each<[string, Parameters<typeof answerTo>, string]>([
    ["nothing odd", [{}], "200"],
    ["a method of bytes", [{ "x-aauth-method": "G\xc3\x89T" }], "400"],
    ["a path of bytes", [{ "x-aauth-uri": "http://a/\xc3\xa9" }], "400"],
    ["two lines with a URI", [{ "x-aauth-uri": ["/", "/"] }], "400"],
    ["a path over the bound of a head", [{ "x-aauth-uri": `/${"a".repeat(70_000)}` }], "431"],
    ["two authorities", [{ "x-aauth-authority": ["supply-chain-agent.localhost:3000", "x"] }], "421"],
    [
      "a signature of bytes",
      [{ signature: "\xff", "signature-input": "\xff", "signature-key": "\xff" }],
      "401",
    ],
    [
      "a long signature",
      [{ signature: "a".repeat(20_000), "signature-input": "a", "signature-key": "a" }],
      "431",
    ],
    ["a malformed trace", [{ traceparent: ["a", "b"], tracestate: "=,;\x80" }], "200"],
    ["a body that does not come", [{ "content-length": "10" }], "200"],
    ["an expectation that is not met", [{ expect: "x" }], "417"],
  ])("%s", async (_name, given, status) => {
    const answer = await answerTo(...given);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toMatch(/\bat \S+(?: \(|:\d)/);
  });

  test("CONNECT is answered, with a code, and no caller that is gone or stays ends anything", async () => {
    const { app, lines } = await setUp();
    await app.listen({ host: "127.0.0.1", port: 0 });
    cleanUps.push(() => app.close());
    const { port } = app.server.address() as AddressInfo;
    const tunnel = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n";
    for (const text of [tunnel, tunnel.replace("a.test:443", "/check"), `${tunnel}more`]) {
      const answer = await sendRaw(port, text);
      expect(answer).toMatch(
        /^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\nAAuth failure: unusable_request: .* requests a tunnel$/s,
      );
      expect(answer).toMatch(/\r\nconnection: close\r\n/);
    }
    expect(lines.filter((line) => line.includes("unusable_request"))).toHaveLength(3);
    expect(await lingeringTunnels(port, tunnel)).toMatchObject({
      code: expect.stringMatching(/^(?:EPIPE|ECONNRESET)$/),
    });
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  test.each(["websocket", "h2c"])("a check that asks for %s is a check", async (protocol) => {
    const { app, signed, schemes } = await setUp();
    const headers = flat(await signed(schemes.jwks));
    expect(
      await checkOverHttp(app, { headers: [...headers, "connection", "upgrade", "upgrade", protocol] }),
    ).toMatchObject({ status: 200 });
  });
});

describe("other gateways (README)", () => {
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
    // Fields that the caller could send instead are ignored.
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

  test("x-forwarded-* is ignored unless configured", async () => {
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
      // Nothing that Fastify knows of by itself.
      ["PROPFIND", "/x"],
    ] as const) {
      const headers = await signed(schemes.jwks, {
        method,
        url: `http://supply-chain-agent.localhost:3000${target}`,
      });
      // Fields that a caller could send are ignored.
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

  test("nothing is served below /check unless configured", async () => {
    const { app, signed, schemes } = await setUp();
    expect(
      await checkOverHttp(app, { path: "/check/health", headers: flat(await signed(schemes.jwks)) }),
    ).toMatchObject({ status: 404 });
  });
});
