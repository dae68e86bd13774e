import { once } from "node:events";
import { request, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type FakeAnswer, type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  CHECK,
  extAuthz,
  type GatewayUnderTest,
  isRealGateway,
  oneRoute,
  startGateway,
} from "../support/gateway-under-test.ts";
import { send, type TestCall } from "../support/http-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Stage {
  readonly agent: FakeServer;
  readonly authz: FakeServer;
  readonly gateway: GatewayUnderTest;
  call(call?: Omit<TestCall, "port">): ReturnType<typeof send>;
}

/** @param policies in addition to the check, whose own members are `http` and `check` */
async function setUp(
  answer: FakeAnswer,
  { http, check, ...policies }: { http?: object; check?: object; [policy: string]: unknown } = {},
): Promise<Stage> {
  const agent = await startFakeServer();
  const authz = await startFakeServer(answer);
  const gateway = await startGateway(
    oneRoute(agent.address, { extAuthz: extAuthz(authz.address, http, check), ...policies }),
  );
  cleanUps.push(agent.close, authz.close, gateway.close);
  return { agent, authz, gateway, call: (call = {}) => send({ port: gateway.port, ...call }) };
}

const allow: FakeAnswer = (_, response) => response.writeHead(200).end();
const soon = { policies: { http: { requestTimeout: "100ms" } } };

describe("the check request (Agentgateway v1.4.1)", () => {
  test("as in the repository's files: POST /check with method, raw URI and a fixed authority", async () => {
    const { authz, call } = await setUp(allow);
    const headers = { authorization: "Bearer x", "x-other": "1" };
    await call({ method: "DELETE", path: "/a%2Fb/../c?x=%20", host: "evil.test:1", headers, body: "{}" });
    expect(authz.seen[0]).toMatchObject({ method: "POST", url: "/check", body: "" });
    expect(authz.seen[0]!.headers).toMatchObject({
      host: authz.address,
      authorization: "Bearer x",
      "x-aauth-method": "DELETE",
      "x-aauth-uri": "http://evil.test:1/a%2Fb/../c?x=%20",
      "x-aauth-authority": "agent.localhost:3000",
    });
    expect(authz.seen[0]!.headers["x-other"]).toBeUndefined();
  });

  test("a client cannot supply the gateway's own fields", async () => {
    const addRequestHeaders = {
      ...CHECK.addRequestHeaders,
      "x-failing": "jwt.sub",
      "x-number": "1",
      "x-lines": "'a\\nb'",
    };
    const { authz, call } = await setUp(allow, {
      http: { addRequestHeaders },
      check: {
        includeRequestHeaders: ["x-aauth-authority", "x-aauth-mode", "x-failing", "x-number", "x-lines"],
      },
    });
    const response = await call({
      headers: {
        "X-AAuth-Authority": "evil.test",
        "x-aauth-uri": "http://evil.test/",
        "X-Failing": "mine",
        "x-number": "2",
        "x-lines": "3",
        "x-aauth-required-scheme": "hwk",
      },
    });
    expect(response.status).toBe(200);
    const { headers } = authz.seen[0]!;
    expect(headers["x-aauth-authority"]).toBe("agent.localhost:3000");
    expect(headers["x-aauth-uri"]).toBe("http://agent.test/");
    // An expression without a sendable value removes the field instead of leaving the client's.
    for (const name of ["x-failing", "x-number", "x-lines", "x-aauth-required-scheme"]) {
      expect(headers[name]).toBeUndefined();
    }
  });

  test("of a repeated field only the first value is sent", async () => {
    const { authz, call } = await setUp(allow, { check: { includeRequestHeaders: ["signature-key"] } });
    await call({ headers: ["Signature-Key", "one", "signature-key", "two"] });
    expect(authz.seen[0]!.headers["signature-key"]).toBe("one");
  });

  test("check and agent receive the same fields: one named by Connection is removed for both", async () => {
    const { authz, agent, call } = await setUp(allow, {
      check: { includeRequestHeaders: ["signature-key"] },
    });
    await call({ headers: { connection: "close, signature-key", "signature-key": "x" } });
    expect(authz.seen[0]!.headers["signature-key"]).toBeUndefined();
    expect(agent.seen[0]!.headers["signature-key"]).toBeUndefined();
  });
});

describe("the decision", () => {
  test.each([200, 204])("%i allows the request", async (status) => {
    const { agent, call } = await setUp((_, response) => response.writeHead(status).end());
    expect((await call()).body).toBe("ok");
    expect(agent.seen).toHaveLength(1);
  });

  test.each([302, 401, 503])("%i is passed on to the caller", async (status) => {
    const { agent, call } = await setUp((_, response) => {
      const fields = [
        ["agent-auth", "httpsig; identity=?1"],
        ["content-type", "text/x-odd"],
        ["set-cookie", "a"],
        ["set-cookie", "b"],
        ["keep-alive", "timeout=9"],
      ];
      response.writeHead(status, fields.flat()).end("refused\n\0\xff");
    });
    const response = await call({ method: "POST", body: "{}" });
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({
      "agent-auth": "httpsig; identity=?1",
      "content-type": "text/x-odd",
      "set-cookie": ["a", "b"],
    });
    if (!isRealGateway) expect(response.headers["keep-alive"]).not.toBe("timeout=9");
    expect(response.body).toBe("refused\n\0\xff");
    expect(agent.seen).toEqual([]);
  });

  test("an empty refusal stays empty, and a HEAD gets no body", async () => {
    const { call } = await setUp((_, response) => response.writeHead(401, { "agent-auth": "httpsig" }).end());
    expect(await call()).toMatchObject({ status: 401, body: "" });
    expect(await call({ method: "HEAD" })).toMatchObject({ status: 401, body: "" });
  });

  test("includeResponseHeaders replaces the client's field, for rules too; the rest of the answer is dropped", async () => {
    const { agent, call } = await setUp(
      (_, response) => response.writeHead(200, { "x-user": "proven", "x-private": "1" }).end("body"),
      {
        http: { includeResponseHeaders: ["x-user", "x-absent"] },
        authorization: { rules: ['request.headers["x-user"] == "proven"'] },
      },
    );
    const response = await call({ headers: ["X-User", "forged", "x-user", "again", "X-Absent", "client's"] });
    expect(agent.seen[0]!.headers["x-user"]).toBe("proven");
    expect(agent.seen[0]!.headers["x-private"]).toBeUndefined();
    // A client's field survives if the service omits it (Agentgateway v1.4.1), so services must
    // always send all of them.
    expect(agent.seen[0]!.headers["x-absent"]).toBe("client's");
    expect(response.body).toBe("ok");
  });

  test("metadata becomes extauthz for the rules; a failing entry is left out and reported", async () => {
    const { gateway, call } = await setUp(
      (request, response) => response.writeHead(200, { "x-claims": String(request.headers["x-want"]) }).end(),
      {
        check: { includeRequestHeaders: ["x-want"] },
        http: { metadata: { aauth: 'json(response.headers["x-claims"])', code: "response.code" } },
        authorization: { rules: ['extauthz.aauth.agent == "a" && extauthz.code == 200'] },
      },
    );
    expect((await call({ headers: { "x-want": '{"agent":"a"}' } })).status).toBe(200);
    const refused = { status: 403, body: "authorization failed" };
    for (const claims of ['{"agent":"b"}', "{}", "nonsense"]) {
      expect(await call({ headers: { "x-want": claims } })).toMatchObject(refused);
    }
    if (isRealGateway) return;
    const reported = gateway.lines.filter((line) =>
      line.startsWith("extAuthz metadata aauth could not be evaluated"),
    );
    expect(reported).toHaveLength(1);
  });

  test.skipIf(isRealGateway).each([
    ["two lines", ["x-claims", '{"agent":"a"}', "x-claims", '{"agent":"a"}']],
    ["a line that is not ASCII", ["x-claims", '{"agent":"a","name":"\xff"}']],
  ])("claims that can be read in two ways are not read: %s", async (_name, fields) => {
    const { agent, call } = await setUp((_, response) => response.writeHead(200, fields).end(), {
      http: { metadata: { aauth: 'json(response.headers["x-claims"])' } },
      authorization: { rules: ['extauthz.aauth.agent == "a"'] },
    });
    expect((await call()).status).toBe(403);
    expect(agent.seen).toEqual([]);
  });

  test("a refusal stays a refusal when its page fails", async () => {
    for (const answer of [
      (_: unknown, response: ServerResponse) => void response.writeHead(401).end("x".repeat(300_000)),
      (_: unknown, response: ServerResponse) => {
        response.writeHead(401);
        response.write("half of it", () => setTimeout(() => response.destroy(), 50));
      },
    ]) {
      const { agent, call } = await setUp(answer);
      const status = await call().then(
        (response) => response.status,
        // Agentgateway breaks off while it forwards the page.
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect([401, "ECONNRESET"]).toContain(status);
      expect(agent.seen).toEqual([]);
    }
  });
});

describe("a missing answer allows no request", () => {
  test("a refused connection, and a timeout: the answer and the log say which, and no address", async () => {
    const slow = await setUp(() => {}, { check: soon });
    const down = await setUp(allow);
    await down.authz.close();
    for (const [{ agent, gateway, call }, error] of [
      [slow, "timeout"],
      [down, "ECONNREFUSED"],
    ] as const) {
      const { status, body, headers } = await call();
      expect(status).toBe(503);
      expect(agent.seen).toEqual([]);
      expect(body).not.toContain("127.0.0.1");
      if (isRealGateway) continue;
      expect(body).toBe(`external authorization failed: ${error}`);
      expect(headers["proxy-status"]).toBe("gateway; error=proxy_internal_error");
      const line = new RegExp(`http.status=503 protocol=http error=".*: ${error}" reason=DirectResponse `);
      await vi.waitFor(() => expect(gateway.lines.at(-1)).toMatch(line));
    }
  });

  test.skipIf(isRealGateway).each(["its time is over", "the caller has left"])(
    "a check is broken off when %s",
    async (when) => {
      let closed: Promise<unknown> | undefined;
      const answer: FakeAnswer = (_, response) => {
        closed = once(response, "close");
      };
      const { agent, gateway, call } = await setUp(
        answer,
        when === "its time is over" ? { check: soon } : {},
      );
      if (when === "its time is over") {
        expect((await call()).status).toBe(503);
      } else {
        const headers = { host: "a" };
        const outgoing = request({ host: "127.0.0.1", port: gateway.port, headers, agent: false });
        outgoing.on("error", () => {});
        outgoing.end();
        await vi.waitFor(() => expect(closed).toBeDefined());
        outgoing.destroy();
      }
      await closed;
      expect(agent.seen).toEqual([]);
    },
  );

  test("a connection that breaks off, and an answer without end", async () => {
    const broken = await setUp((_, response) => response.destroy());
    expect((await broken.call()).status).toBe(503);
    // Agentgateway takes the status as the answer and reads no further.
    if (isRealGateway) return;
    const answer = (bytes: number) =>
      setUp((_, response) => response.writeHead(200).end("x".repeat(bytes)), {
        check: { policies: { http: { requestTimeout: "60s" } } },
      });
    expect((await (await answer(262_144)).call()).status).toBe(200);
    const { agent, call } = await answer(262_145);
    expect(await call()).toMatchObject({
      status: 503,
      body: "external authorization failed: RESPONSE_TOO_LARGE",
    });
    expect(agent.seen).toEqual([]);
  });
});

test("cors before the check: a preflight needs no signature, a refusal carries the CORS fields", async () => {
  const { authz, call } = await setUp(
    (_, response) => response.writeHead(401, { "access-control-allow-origin": "*" }).end(),
    { cors: { allowOrigins: ["*"], allowHeaders: ["*"] } },
  );
  const preflight = await call({
    method: "OPTIONS",
    headers: { origin: "http://ui.test", "access-control-request-method": "POST" },
  });
  expect(preflight.status).toBe(200);
  expect(authz.seen).toEqual([]);
  const refused = await call({ headers: { origin: "http://ui.test" } });
  expect(refused.status).toBe(401);
  expect(refused.headers["access-control-allow-origin"]).toBe("http://ui.test");
});
