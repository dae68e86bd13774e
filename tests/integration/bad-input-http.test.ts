import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import { type Answer, ForeignAgent, type Listener, listen, send } from "../support/foreign-agent.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const JWKS = { scheme: "jwks" } as const;
const LISTENING = [
  "gateway",
  "authServer",
  "gatewayAuthz",
  "marketAnalysisAgent",
  "supplyChainAgent",
  "backend",
] as const;

let stack: TestStack;
let agent: ForeignAgent;
/** Named in messages as an address to fetch; must stay silent. */
let canary: Listener;

beforeAll(async () => {
  [stack, agent, canary] = await Promise.all([
    startStack({ env: { "supply-chain-agent": { AAUTH_AUTHORIZATION_SCHEME: "signature-only" } } }),
    ForeignAgent.start(),
    listen(() => ({ status: 200, body: {} })),
  ]);
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), canary?.stop()]));

/** Sends bytes as they are and gives what comes back until the other side hangs up or has answered. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (/^HTTP\/1\.1 [2-5]\d\d[\s\S]*\r\n\r\n/.test(answer)) setTimeout(done, 100);
    });
    socket.on("error", done);
    socket.on("close", done);
    socket.setTimeout(3000, done);
  });
}

const host = () => new URL(stack.urls.supplyChainAgent).host;

describe("bytes that are no proper HTTP", () => {
  const messages: [string, (host: string) => string][] = [
    ["nothing readable", () => "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"],
    ["no host", () => "GET / HTTP/1.1\r\n\r\n"],
    [
      "length and chunks",
      (name) =>
        `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
    ],
    [
      "two lengths",
      (name) => `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
    ],
    ["a negative length", (name) => `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: -1\r\n\r\n`],
    [
      "broken chunks",
      (name) => `POST / HTTP/1.1\r\nHost: ${name}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ["a header without colon", (name) => `GET / HTTP/1.1\r\nHost: ${name}\r\nnonsense\r\n\r\n`],
    ["a folded header", (name) => `GET / HTTP/1.1\r\nHost: ${name}\r\nSignature: a\r\n b\r\n\r\n`],
    ["a zero byte", (name) => `GET / HTTP/1.1\r\nHost: ${name}\r\nSignature: a\0b\r\n\r\n`],
    ["too many headers", (name) => `GET / HTTP/1.1\r\nHost: ${name}\r\n${"x: 1\r\n".repeat(20_000)}\r\n`],
    ["a method of its own", (name) => `SHOUT / HTTP/1.1\r\nHost: ${name}\r\n\r\n`],
  ];
  test.each(messages)("%s is refused by every service", async (_what, message) => {
    for (const key of LISTENING) {
      const answer = await raw(stack.ports[key], message(host()));
      // Hanging up is an answer, too.
      expect(answer, key).toMatch(/^($|HTTP\/1\.1 4\d\d )/);
      expect(answer, key).not.toMatch(/node_modules|\.ts:|^ +at /m);
    }
  });

  test.each([
    [
      "a whole address as its target",
      (name: string) => `GET http://169.254.169.254/latest HTTP/1.1\r\nHost: ${name}\r\n\r\n`,
    ],
    ["a proxy's method", (name: string) => `CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`],
    [
      "a change of protocol",
      (name: string) =>
        `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    [
      "a trace",
      (name: string) => `TRACE / HTTP/1.1\r\nHost: ${name}\r\nAuthorization: Bearer secret\r\n\r\n`,
    ],
    [
      "an encoded path out of its root",
      (name: string) => `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: ${name}\r\n\r\n`,
    ],
    ["a path that cannot be decoded", (name: string) => `GET /%ff%zz HTTP/1.1\r\nHost: ${name}\r\n\r\n`],
  ])("%s leads nowhere", async (_what, message) => {
    for (const key of LISTENING) {
      const answer = await raw(stack.ports[key], message(host()));
      // The backend's root is public and says its name.
      expect(answer, key).toMatch(key === "backend" ? /^($|HTTP\/1\.1 [24]\d\d )/ : /^($|HTTP\/1\.1 4\d\d )/);
      expect(answer, key).not.toMatch(/node_modules|\.ts:|root:|secret/);
    }
  });
});

test("two hosts: the gateway does not choose one", async () => {
  const answer = await raw(
    stack.ports.gateway,
    `GET /health HTTP/1.1\r\nHost: ${host()}\r\nHost: other\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

describe("a signed message with something twice", () => {
  test.each(["signature-key", "signature-input", "signature", "content-digest", "nonce"])(
    "%s: the gateway checks the first, the agent refuses the pair",
    async (name) => {
      const signed = agent.signed(
        {
          method: "POST",
          url: `${stack.urls.supplyChainAgent}/`,
          headers: { "content-type": "application/json" },
          body: "{}",
        },
        JWKS,
      );
      const lines = Object.entries({ host: host(), ...signed.headers, "content-length": "2" });
      const twice = lines.flatMap(([key, value]) =>
        key === name
          ? [
              [key, value],
              [key, value],
            ]
          : [[key, value]],
      );
      const message = `POST / HTTP/1.1\r\n${twice.map(([key, value]) => `${key}: ${value}\r\n`).join("")}\r\n{}`;
      for (const key of ["gateway", "supplyChainAgent"] as const) {
        expect(await raw(stack.ports[key], message)).toMatch(/^HTTP\/1\.1 401 /);
      }
    },
  );
});

describe("addresses inside an accepted message", () => {
  const ask = (method: string, params: object): Promise<Answer> =>
    agent.call(
      {
        method: "POST",
        url: `${stack.urls.supplyChainAgent}/`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      },
      JWKS,
    );

  test("a place to push to, a file to read, a task to watch: nothing is fetched", async () => {
    const push = { url: `${canary.url}/push`, token: "t" };
    const file = { kind: "file", file: { uri: `${canary.url}/file`, mimeType: "text/plain" } };
    const parts = [{ kind: "text", text: `optimize ${canary.url}` }, file];
    const message = { kind: "message", messageId: "1", role: "user", parts };
    const sent = await ask("message/send", {
      message,
      configuration: { pushNotificationConfig: push, blocking: false },
    });
    expect(sent.status).toBe(200);
    for (const [method, params] of [
      ["tasks/pushNotificationConfig/set", { taskId: "1", pushNotificationConfig: push }],
      ["tasks/resubscribe", { id: "1" }],
      ["tasks/cancel", { id: "1" }],
      ["CreateTaskPushNotificationConfig", { taskId: "1", config: push }],
      ["GetTask", {}],
      ["SubscribeToTask", { id: null }],
      ["SendStreamingMessage", { message: { messageId: "1", role: "ROLE_USER", parts: [{ text: "x" }] } }],
    ] as const) {
      const answer = await ask(method, params);
      expect(answer.status, method).toBe(200);
      expect(answer.text, method).toMatch(/"error":\{"code":-32\d{3},/);
      expect(answer.text, method).not.toMatch(/node_modules|\.ts:|TypeError/);
    }
    expect(canary.requests).toEqual([]);
  });

  test("brackets without end, and parts without number", async () => {
    const post = {
      method: "POST",
      url: `${stack.urls.supplyChainAgent}/`,
      headers: { "content-type": "application/json" },
    };
    const deep = await agent.call({ ...post, body: `${"[".repeat(200_000)}` }, JWKS);
    expect(JSON.parse(deep.text)).toMatchObject({ error: { code: -32700 } });
    const closed = await agent.call({ ...post, body: `${"[".repeat(100_000)}${"]".repeat(100_000)}` }, JWKS);
    expect(JSON.parse(closed.text)).toMatchObject({ error: { code: expect.any(Number) } });
    const parts = Array(20_000).fill({ kind: "text", text: "a" });
    expect((await ask("message/send", { message: { messageId: "1", role: "user", parts } })).status).toBe(
      200,
    );
  });
});

describe("addresses in an OpenID request", () => {
  test("are neither fetched nor gone to", async () => {
    const openid = `${stack.urls.issuer}/protocol/openid-connect`;
    const wish = { client_id: "supply-chain-ui", response_type: "code", scope: "openid", state: "s" };
    const good = {
      redirect_uri: `${stack.urls.ui}/`,
      code_challenge: "a".repeat(43),
      code_challenge_method: "S256",
    };
    const queries: [string, Record<string, string>][] = [
      ["auth", { ...wish, ...good, redirect_uri: `${canary.url}/back` }],
      ["auth", { ...wish, ...good, client_id: canary.url }],
      ["auth", { ...wish, ...good, request_uri: `${canary.url}/request` }],
      ["auth", { ...wish, ...good, request: "a.b.c" }],
      ["logout", { post_logout_redirect_uri: `${canary.url}/out`, client_id: "supply-chain-ui" }],
      ["logout", { post_logout_redirect_uri: `${canary.url}/out`, id_token_hint: "a.b.c" }],
    ];
    for (const [path, query] of queries) {
      const answer = await send({ url: `${openid}/${path}?${new URLSearchParams(query)}` });
      expect(answer.status, answer.text).toBeLessThan(500);
      expect(answer.headers.location ?? "", JSON.stringify(query)).not.toContain(canary.url);
      expect(answer.text).not.toMatch(/node_modules|\.ts:|\.js:/);
    }
    expect(canary.requests).toEqual([]);
  });

  test.each([
    ["another password", { username: "mcp-user", password: "wrong" }],
    ["another client", { client_id: "nobody" }],
    ["another grant", { grant_type: "guess" }],
  ])("%s gets an OAuth error", async (_what, change) => {
    const form = {
      grant_type: "password",
      client_id: "supply-chain-ui",
      username: "mcp-user",
      password: "user123",
      ...change,
    };
    const answer = await send({
      method: "POST",
      url: `${stack.urls.issuer}/protocol/openid-connect/token`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(JSON.parse(answer.text)).toMatchObject({ error: expect.any(String) });
  });

  test("the Host header changes no address in a document", async () => {
    const { issuer } = stack.urls;
    for (const url of [`${issuer}/.well-known/aauth-issuer`, `${issuer}/.well-known/openid-configuration`]) {
      const headers = {
        host: "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        forwarded: "host=evil.example",
      };
      const answer = await send({ url, headers });
      expect(JSON.parse(answer.text)).toMatchObject({ issuer });
      expect(answer.text).not.toContain("evil.example");
    }
  });
});

describe("a metadata server that misbehaves", () => {
  const call = (id: string) =>
    agent.call(
      {
        method: "POST",
        url: `${stack.urls.supplyChainAgent}/`,
        headers: { "content-type": "application/json" },
        body: "{}",
      },
      { scheme: "jwks", id },
    );

  test.each<[string, (url: string) => { status?: number; body?: unknown; headers?: Record<string, string> }]>(
    [
      ["too much", () => ({ body: "a".repeat(70_000) })],
      ["an error", () => ({ status: 500 })],
      ["a document without keys", (url) => ({ body: { agent: url } })],
      ["keys by file", (url) => ({ body: { agent: url, jwks_uri: "file:///etc/passwd" } })],
      [
        "keys on plain http beyond this machine",
        (url) => ({ body: { agent: url, jwks_uri: "http://192.0.2.1/keys" } }),
      ],
      [
        "keys that are none",
        (url) => ({
          body: { agent: url, jwks_uri: `${url}/keys`, keys: [{ kty: "oct", k: "AA", kid: "key-of-mine" }] },
        }),
      ],
      ["keys that are no list", (url) => ({ body: { agent: url, jwks_uri: `${url}/keys`, keys: {} } })],
    ],
  )("%s", async (_what, document) => {
    const server = await listen((_path, url) => document(url));
    try {
      const answer = await call(server.url);
      expect(answer.status).toBe(401);
      expect(answer.text).toMatch(
        /^AAuth failure: AAuth verification failed: (discovery_failed|unknown_key): /,
      );
      expect(new Set(server.requests).size).toBeLessThanOrEqual(2);
    } finally {
      await server.stop();
    }
  });
});

describe("whatever came", () => {
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
    const log = stack.log();
    expect(log.split("\n").filter((line) => /\|\s+at .+:\d+:\d+\)?$|ERROR|FATAL/.test(line))).toEqual([]);
    expect(canary.requests).toEqual([]);
  });
});
