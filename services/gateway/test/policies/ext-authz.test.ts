import { once } from "node:events";
import { request, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type FakeAnswer, type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  CHECK,
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

async function setUp(answer: FakeAnswer, extAuthz: object = {}, policies: object = {}): Promise<Stage> {
  const agent = await startFakeServer();
  const authz = await startFakeServer(answer);
  const gateway = await startGateway(
    oneRoute(agent.address, {
      extAuthz: { host: authz.address, protocol: { http: {} }, ...extAuthz },
      ...policies,
    }),
  );
  cleanUps.push(agent.close, authz.close, gateway.close);
  return { agent, authz, gateway, call: (call = {}) => send({ port: gateway.port, ...call }) };
}

const allow: FakeAnswer = (_, response) => response.writeHead(200).end();

describe("the check request (Agentgateway v1.4.1)", () => {
  test("by default: the client's method, path and query, the check's own Host, authorization only, no body", async () => {
    const { authz, call } = await setUp(allow);
    await call({
      method: "PUT",
      path: "/a%2Fb?x=1",
      headers: { authorization: "Bearer x", "x-other": "1" },
      body: "{}",
    });
    const [check] = authz.seen;
    expect(check).toMatchObject({ method: "PUT", url: "/a%2Fb?x=1", body: "" });
    expect(check!.headers.host).toBe(authz.address);
    expect(check!.headers.authorization).toBe("Bearer x");
    expect(check!.headers["x-other"]).toBeUndefined();
  });

  test("as the repository's files want it: POST /check with method, raw URI and a fixed authority", async () => {
    const { authz, call } = await setUp(allow, { protocol: { http: CHECK } });
    await call({ method: "DELETE", path: "/a%2Fb/../c?x=%20", host: "evil.test:1" });
    expect(authz.seen[0]).toMatchObject({ method: "POST", url: "/check", body: "" });
    expect(authz.seen[0]!.headers).toMatchObject({
      "x-aauth-method": "DELETE",
      "x-aauth-uri": "http://evil.test:1/a%2Fb/../c?x=%20",
      "x-aauth-authority": "agent.localhost:3000",
    });
  });

  test("a client cannot supply the gateway's own fields", async () => {
    const { authz, call } = await setUp(allow, {
      includeRequestHeaders: ["x-aauth-authority", "x-aauth-mode", "x-late"],
      protocol: {
        http: { ...CHECK, addRequestHeaders: { ...CHECK.addRequestHeaders, "x-late": "jwt.sub" } },
      },
    });
    await call({
      headers: {
        "X-AAuth-Authority": "evil.test",
        "x-aauth-uri": "http://evil.test/",
        "X-Late": "mine",
        "x-aauth-required-scheme": "hwk",
      },
    });
    const { headers } = authz.seen[0]!;
    expect(headers["x-aauth-authority"]).toBe("agent.localhost:3000");
    expect(headers["x-aauth-uri"]).toBe("http://agent.test/");
    // An expression that fails takes the field away rather than leaving the client's.
    expect(headers["x-late"]).toBeUndefined();
    expect(headers["x-aauth-required-scheme"]).toBeUndefined();
  });

  test("a text beyond ASCII is sent as UTF-8, and one that no field can hold is not", async () => {
    const addRequestHeaders = { ...CHECK.addRequestHeaders, "x-name": "'Zoë 中'", "x-lines": "'a\\nb'" };
    const { authz, call } = await setUp(allow, { protocol: { http: { ...CHECK, addRequestHeaders } } });
    expect((await call()).status).toBe(200);
    const { headers } = authz.seen[0]!;
    expect(Buffer.from(headers["x-name"] as string, "latin1").toString()).toBe("Zoë 中");
    expect(headers["x-lines"]).toBeUndefined();
  });

  test("a value that is no text is not sent, and the client's own is not either", async () => {
    const addRequestHeaders = { "x-number": "1", "x-list": "request.headers", ":method": "jwt.sub" };
    const { authz, call } = await setUp(allow, {
      includeRequestHeaders: ["x-number", "x-list"],
      protocol: { http: { addRequestHeaders } },
    });
    const response = await call({ method: "PUT", headers: { "x-number": "2", "x-list": "3" } });
    expect(response.status).toBe(200);
    expect(authz.seen[0]!.headers["x-number"]).toBeUndefined();
    expect(authz.seen[0]!.headers["x-list"]).toBeUndefined();
    expect(authz.seen[0]!.method).toBe("PUT");
  });

  test.skipIf(isRealGateway).each(["a b", "", "CONNECT", "GET/"])(
    "a method that no check can have refuses, also with failureMode allow: %j",
    async (method) => {
      const { authz, agent, call } = await setUp(allow, {
        failureMode: "allow",
        protocol: { http: { addRequestHeaders: { ":method": 'request.headers["x-method"]' } } },
      });
      expect((await call({ headers: { "x-method": "QUERY" } })).status).toBe(200);
      expect(await call({ headers: { "x-method": method } })).toMatchObject({
        status: 403,
        body: "external authorization failed",
      });
      expect([authz.seen.length, agent.seen.length]).toEqual([1, 1]);
    },
  );

  test("of a repeated field only the first value is sent", async () => {
    const { authz, call } = await setUp(allow, { includeRequestHeaders: ["signature-key", "signature"] });
    await call({ headers: ["Signature-Key", "one", "signature-key", "two", "Signature", "s"] });
    expect(authz.seen[0]!.headers["signature-key"]).toBe("one");
    expect(authz.seen[0]!.headers.signature).toBe("s");
  });

  test("the check sees what the agent sees: a field named by Connection is gone for both", async () => {
    const { authz, agent, call } = await setUp(allow, { includeRequestHeaders: ["signature-key"] });
    await call({ headers: { connection: "close, signature-key", "signature-key": "x" } });
    expect(authz.seen[0]!.headers["signature-key"]).toBeUndefined();
    expect(agent.seen[0]!.headers["signature-key"]).toBeUndefined();
  });

  test(":authority is sent when listed", async () => {
    const { authz, call } = await setUp(allow, { includeRequestHeaders: [":authority"] });
    await call({ host: "caller.test:3000" });
    expect(authz.seen[0]!.headers.host).toBe("caller.test:3000");
  });

  // Agentgateway takes an address for a path. It asks its own service all the same.
  const addresses = isRealGateway ? [] : ["'http://evil.test/'"];
  test.each(["'no path'", "request.headers.missing", "1", ...addresses])(
    "a path expression that gives no path refuses: %s",
    async (path) => {
      const { agent, call } = await setUp(allow, { protocol: { http: { path } } });
      expect((await call()).status).toBe(403);
      expect(agent.seen).toEqual([]);
    },
  );
});

describe("the decision (section 2.2)", () => {
  test.each([200, 201, 204, 299])("%i lets through", async (status) => {
    const { agent, call } = await setUp((_, response) => response.writeHead(status).end());
    expect((await call()).body).toBe("ok");
    expect(agent.seen).toHaveLength(1);
  });

  test.each([302, 400, 401, 403, 404, 415, 421, 429, 431, 500, 503])(
    "%i goes to the caller as it is",
    async (status) => {
      const { agent, call } = await setUp((_, response) => {
        response.writeHead(status, [
          "agent-auth",
          "httpsig; identity=?1",
          "content-type",
          "text/x-odd",
          "set-cookie",
          "a",
          "set-cookie",
          "b",
          "location",
          "/x",
          "keep-alive",
          "timeout=9",
        ]);
        response.end("refused\n\0\xff");
      });
      const response = await call({ method: "POST", body: "{}" });
      expect(response.status).toBe(status);
      expect(response.headers).toMatchObject({
        "agent-auth": "httpsig; identity=?1",
        "content-type": "text/x-odd",
        "set-cookie": ["a", "b"],
        location: "/x",
      });
      if (!isRealGateway) expect(response.headers["keep-alive"]).not.toBe("timeout=9");
      expect(response.body).toBe("refused\n\0\xff");
      expect(agent.seen).toEqual([]);
    },
  );

  test("an empty refusal stays empty, and a HEAD gets no body", async () => {
    const { call } = await setUp((_, response) => response.writeHead(401, { "agent-auth": "httpsig" }).end());
    expect(await call()).toMatchObject({ status: 401, body: "" });
    expect(await call({ method: "HEAD" })).toMatchObject({ status: 401, body: "" });
  });

  test("includeResponseHeaders replaces the client's field; the rest of the answer is dropped", async () => {
    const { agent, call } = await setUp(
      (_, response) => response.writeHead(200, { "x-user": "proven", "x-private": "1" }).end("body"),
      { protocol: { http: { includeResponseHeaders: ["x-user", "x-absent"] } } },
    );
    const response = await call({ headers: ["X-User", "forged", "x-user", "again", "X-Absent", "client's"] });
    expect(agent.seen[0]!.headers["x-user"]).toBe("proven");
    expect(agent.seen[0]!.headers["x-private"]).toBeUndefined();
    // What the service leaves out, the client's own survives (Agentgateway v1.4.1): services must always send all of them.
    expect(agent.seen[0]!.headers["x-absent"]).toBe("client's");
    expect(response.body).toBe("ok");
  });

  test("rules read the request as the check service has left it", async () => {
    const { call } = await setUp(
      (_, response) => response.writeHead(200, { "x-user": "proven" }).end(),
      { protocol: { http: { includeResponseHeaders: ["x-user"] } } },
      { authorization: { rules: ['request.headers["x-user"] == "proven"'] } },
    );
    expect((await call({ headers: { "x-user": "forged" } })).status).toBe(200);
  });

  test("metadata becomes extauthz for the rules; a failing entry is left out and reported", async () => {
    const { gateway, call } = await setUp(
      (request, response) => response.writeHead(200, { "x-claims": String(request.headers["x-want"]) }).end(),
      {
        includeRequestHeaders: ["x-want"],
        protocol: {
          http: { metadata: { aauth: 'json(response.headers["x-claims"])', code: "response.code" } },
        },
      },
      { authorization: { rules: ['extauthz.aauth.agent == "a" && extauthz.code == 200'] } },
    );
    expect((await call({ headers: { "x-want": '{"agent":"a"}' } })).status).toBe(200);
    expect(await call({ headers: { "x-want": '{"agent":"b"}' } })).toMatchObject({
      status: 403,
      body: "authorization failed",
    });
    expect((await call({ headers: { "x-want": "{}" } })).status).toBe(403);
    expect((await call({ headers: { "x-want": "nonsense" } })).status).toBe(403);
    if (!isRealGateway) {
      expect(
        gateway.lines.filter((line) => line.startsWith("extAuthz metadata aauth could not be evaluated")),
      ).toHaveLength(1);
    }
  });
});

describe.skipIf(isRealGateway)("claims that two could read differently are none", () => {
  test.each([
    ["two lines", ["x-claims", '{"agent":"a"}', "x-claims", '{"agent":"a"}']],
    ["three lines", ["x-claims", '{"agent":"a"}', "x-claims", '{"agent":"b"}', "x-claims", '{"agent":"a"}']],
    ["a line that is not UTF-8", ["x-claims", '{"agent":"a","name":"\xff"}']],
    ["a second line that is not UTF-8", ["x-claims", '{"agent":"a"}', "x-claims", "\xff"]],
  ])("%s", async (_name, fields) => {
    const { agent, call } = await setUp(
      (_, response) => response.writeHead(200, fields).end(),
      { protocol: { http: { metadata: { aauth: 'json(response.headers["x-claims"])' } } } },
      { authorization: { rules: ['extauthz.aauth.agent == "a"'] } },
    );
    expect((await call()).status).toBe(403);
    expect(agent.seen).toEqual([]);
  });

  test("the lines of a field are a list", async () => {
    const { call } = await setUp(
      (_, response) => response.writeHead(200, ["x-a", "1", "x-a", "2", "x-a", "3", "x-b", "4"]).end(),
      { protocol: { http: { metadata: { a: 'response.headers["x-a"]', b: 'response.headers["x-b"]' } } } },
      { authorization: { rules: ['extauthz.a == ["1", "2", "3"] && extauthz.b == "4"'] } },
    );
    expect((await call()).status).toBe(200);
  });
});

describe("no answer", () => {
  const modes: [name: string, failureMode: unknown, status: number, body: RegExp][] = [
    ["unset", undefined, 403, /^external authorization failed$/],
    ["deny", "deny", 403, /^external authorization failed$/],
    ["denyWithStatus", { denyWithStatus: 503 }, 503, /^(?:external authorization failed: |upstream call )/],
    ["allow", "allow", 200, /^ok$/],
  ];
  const withMode = (failureMode: unknown) => (failureMode === undefined ? {} : { failureMode });

  test.each(modes)("refused connection, failureMode %s", async (_name, failureMode, status, body) => {
    const { authz, agent, call } = await setUp(allow, withMode(failureMode));
    await authz.close();
    const response = await call();
    expect(response.status).toBe(status);
    expect(response.body).toMatch(body);
    expect(response.body).not.toContain("127.0.0.1");
    expect(agent.seen).toHaveLength(status === 200 ? 1 : 0);
  });

  test.each(modes)("timeout, failureMode %s", async (_name, failureMode, status, body) => {
    const { agent, call } = await setUp(() => {}, {
      ...withMode(failureMode),
      policies: { http: { requestTimeout: "100ms" } },
    });
    const response = await call();
    expect(response.status).toBe(status);
    expect(response.body).toMatch(body);
    expect(agent.seen).toHaveLength(status === 200 ? 1 : 0);
  });

  test.skipIf(isRealGateway).each(["its time is over", "the caller has left"])(
    "a check is broken off when %s",
    async (when) => {
      let closed: Promise<unknown> | undefined;
      const { agent, gateway, call } = await setUp(
        (_, response) => {
          closed = once(response, "close");
        },
        {
          failureMode: "allow",
          policies: { http: { requestTimeout: when === "its time is over" ? "100ms" : "1m" } },
        },
      );
      if (when === "its time is over") {
        expect((await call()).status).toBe(200);
      } else {
        const outgoing = request({
          host: "127.0.0.1",
          port: gateway.port,
          headers: { host: "a" },
          agent: false,
        });
        outgoing.on("error", () => {});
        outgoing.end();
        await vi.waitFor(() => expect(closed).toBeDefined());
        outgoing.destroy();
      }
      await closed;
      expect(agent.seen).toHaveLength(when === "its time is over" ? 1 : 0);
    },
  );

  test.skipIf(isRealGateway)("a 503 says what was wrong, in the answer and in the log", async () => {
    const denyWithStatus = { failureMode: { denyWithStatus: 503 } };
    const slow = await setUp(() => {}, {
      ...denyWithStatus,
      policies: { http: { requestTimeout: "100ms" } },
    });
    expect((await slow.call()).body).toBe("external authorization failed: timeout");
    const down = await setUp(allow, denyWithStatus);
    await down.authz.close();
    expect(await down.call()).toMatchObject({
      body: "external authorization failed: ECONNREFUSED",
      headers: { "proxy-status": "gateway; error=proxy_internal_error" },
    });
    for (const [{ gateway }, error] of [
      [slow, "timeout"],
      [down, "ECONNREFUSED"],
    ] as const) {
      await vi.waitFor(() =>
        expect(gateway.lines.at(-1)).toMatch(
          new RegExp(`http.status=503 protocol=http error=".*: ${error}" reason=DirectResponse `),
        ),
      );
    }
  });

  test("a slow check inside its time decides as a quick one", async () => {
    const yes = await setUp((request, response) => void setTimeout(() => allow(request, response), 150));
    expect((await yes.call()).status).toBe(200);
    const no = await setUp((_, response) => void setTimeout(() => response.writeHead(401).end(), 150));
    expect((await no.call()).status).toBe(401);
    expect(no.agent.seen).toEqual([]);
  });

  test("a refusal stays one whatever becomes of its page, also with failureMode allow", async () => {
    const page = "x".repeat(300_000);
    for (const answer of [
      (_: unknown, response: ServerResponse) => void response.writeHead(401, { "agent-auth": "a" }).end(page),
      (_: unknown, response: ServerResponse) => {
        response.writeHead(401, { "agent-auth": "a" });
        response.write("half of it", () => setTimeout(() => response.destroy(), 50));
      },
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(401, { "transfer-encoding": "gzip, chunked" }).end(page),
    ]) {
      const { agent, call } = await setUp(answer, { failureMode: "allow" });
      const status = await call().then(
        (response) => response.status,
        // Agentgateway is passing the page on when it breaks off.
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect([401, "ECONNRESET"]).toContain(status);
      expect(agent.seen).toEqual([]);
    }
  });

  test("a connection that breaks off, and an answer without end, are no answers", async () => {
    const broken = await setUp((_, response) => response.destroy());
    expect((await broken.call()).status).toBe(403);
    // Agentgateway takes the status for the answer and looks no further.
    if (isRealGateway) return;
    const endless = await setUp((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    expect((await endless.call()).status).toBe(403);
    expect(endless.agent.seen).toEqual([]);
  });
});

describe.skipIf(isRealGateway)("an answer that cannot be taken lets nobody through", () => {
  const deny = { failureMode: { denyWithStatus: 503 }, policies: { http: { requestTimeout: "1m" } } };

  test("one of more than 256 KiB, long before its time is over", async () => {
    const answer =
      (bytes: number): FakeAnswer =>
      (_, response) =>
        response.writeHead(200).end("x".repeat(bytes));
    expect((await (await setUp(answer(262_144), deny)).call()).status).toBe(200);
    const { agent, call } = await setUp(answer(262_145), deny);
    expect(await call()).toMatchObject({
      status: 503,
      body: "external authorization failed: RESPONSE_TOO_LARGE",
    });
    expect(agent.seen).toEqual([]);
  });
});

describe("order of the policies", () => {
  test("cors before the check: a preflight needs no signature, a refusal carries the CORS fields", async () => {
    const { authz, call } = await setUp(
      (_, response) => response.writeHead(401, { "access-control-allow-origin": "*" }).end(),
      {},
      { cors: { allowOrigins: ["*"] } },
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

  test("the check before the rate limit: a refused request takes no token", async () => {
    const { call } = await setUp(
      (request, response) => response.writeHead(request.headers["x-ok"] ? 200 : 401).end(),
      { includeRequestHeaders: ["x-ok"] },
      { localRateLimit: [{ maxTokens: 1, tokensPerFill: 1, fillInterval: "1h" }] },
    );
    expect((await call()).status).toBe(401);
    expect((await call()).status).toBe(401);
    expect((await call({ headers: { "x-ok": "1" } })).status).toBe(200);
    expect((await call({ headers: { "x-ok": "1" } })).status).toBe(429);
    expect((await call()).status).toBe(401);
  });

  test("the rules before the rate limit", async () => {
    const { call } = await setUp(
      allow,
      {},
      {
        authorization: { rules: ['request.path == "/ok"'] },
        localRateLimit: [{ maxTokens: 1, tokensPerFill: 1, fillInterval: "1h" }],
      },
    );
    expect((await call({ path: "/no" })).status).toBe(403);
    expect((await call({ path: "/ok" })).status).toBe(200);
    expect((await call({ path: "/no" })).status).toBe(403);
    expect((await call({ path: "/ok" })).status).toBe(429);
  });
});
