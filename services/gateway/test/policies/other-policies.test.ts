import { afterEach, describe, expect, test } from "vitest";
import { a2aMethod } from "../../src/policies/agent-card.ts";
import { type FakeAnswer, startFakeServer } from "../support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send, type TestCall } from "../support/http-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp(policies: object, answer?: FakeAnswer) {
  const agent = await startFakeServer(answer);
  const gateway = await startGateway(oneRoute(agent.address, policies));
  cleanUps.push(agent.close, gateway.close);
  return { agent, call: (call: Omit<TestCall, "port"> = {}) => send({ port: gateway.port, ...call }) };
}

const CORS = { cors: { allowOrigins: ["*"], allowHeaders: ["*"] } };

describe("cors", () => {
  const preflight = {
    origin: "http://ui.test",
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-a, x-b",
  };
  const corsFields = (headers: object) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));

  test("the origin is echoed on any answer, replacing the agent's field, and no other is allowed", async () => {
    const { call } = await setUp(CORS, (_, response) =>
      response.writeHead(200, { "access-control-allow-origin": "*" }).end("ok"),
    );
    const { headers, rawFields, body } = await call({ headers: { origin: "http://ui.test" } });
    expect(body).toBe("ok");
    expect(corsFields(headers)).toEqual({ "access-control-allow-origin": "http://ui.test" });
    expect(rawFields.filter((text) => text === "access-control-allow-origin")).toHaveLength(1);
  });

  test("a preflight ends at the gateway", async () => {
    const { agent, call } = await setUp(CORS);
    const { status, headers, body } = await call({ method: "OPTIONS", headers: preflight });
    expect([status, body]).toEqual([200, ""]);
    expect(corsFields(headers)).toEqual({
      "access-control-allow-origin": "http://ui.test",
      "access-control-allow-headers": "x-a, x-b",
    });
    const { "access-control-request-headers": _, ...bare } = preflight;
    const answer = await call({ method: "OPTIONS", headers: bare });
    expect(answer.headers["access-control-allow-headers"]).toBe("*");
    expect(agent.seen).toEqual([]);
  });

  test("a route without the policy answers no origin, and passes its preflight on", async () => {
    const { agent, call } = await setUp({});
    for (const method of ["GET", "OPTIONS"]) {
      const { status, headers } = await call({ method, headers: preflight });
      expect([status, corsFields(headers)]).toEqual([200, {}]);
    }
    expect(agent.seen.map(({ method }) => method)).toEqual(["GET", "OPTIONS"]);
  });

  test("without Origin nothing happens", async () => {
    const { agent, call } = await setUp(CORS);
    const { headers } = await call({ method: "OPTIONS" });
    expect(corsFields(headers)).toEqual({});
    expect(agent.seen).toHaveLength(1);
  });
});

describe("a2a: agent cards", () => {
  const card =
    (document: unknown, status = 200): FakeAnswer =>
    (_, response) =>
      response
        .writeHead(status, { "content-type": "application/json", etag: '"x"' })
        .end(typeof document === "string" ? document : JSON.stringify(document));

  test.each([
    ["/.well-known/agent-card.json", "http://agent.localhost:3000"],
    ["/deep/er/.well-known/agent-card.json", "http://agent.localhost:3000/deep/er"],
    ["/.well-known/agent-card.json?x=1", "http://agent.localhost:3000?x=1"],
  ])("the address in %s leads through the gateway", async (path, url) => {
    const { call } = await setUp(
      { a2a: {} },
      card({ name: "a", url: "http://127.0.0.1:9999/", version: "1" }),
    );
    const response = await call({ host: "agent.localhost:3000", path });
    expect(response.status).toBe(200);
    expect(response.body).toBe(JSON.stringify({ name: "a", url, version: "1" }));
    expect(response.headers["content-length"] ?? String(response.bytes.length)).toBe(
      String(response.bytes.length),
    );
    expect(response.headers.etag).toBe('"x"');
  });

  test.each(["", "/deep"])(
    "supportedInterfaces keep their paths below %j, and url is left alone",
    async (above) => {
      const withUrls = (...urls: unknown[]) => ({
        url: "http://127.0.0.1:9999",
        supportedInterfaces: [
          { url: urls[0], transport: "JSONRPC" },
          ...urls.slice(1).map((url) => ({ url })),
          { other: 1 },
          "text",
        ],
      });
      const base = `http://agent.localhost:3000${above}`;
      const { call } = await setUp(
        { a2a: {} },
        card(
          withUrls(
            "http://127.0.0.1:9999/v1?x=1",
            "http://x",
            "http://x/a/../b",
            "/c",
            "not an address",
            "",
            5,
          ),
        ),
      );
      const path = `${above}/.well-known/agent-card.json`;
      const response = await call({ host: "agent.localhost:3000", path });
      expect(JSON.parse(response.body)).toEqual(
        withUrls(`${base}/v1?x=1`, `${base}/`, `${base}/a/../b`, `${base}/c`, "not an address", "", 5),
      );
    },
  );

  test.each<[string, unknown, number, string]>([
    ["a 404 page", "not found", 404, "processing failed: agent card invalid JSON"],
    [
      "JSON without an address",
      { error: "x" },
      404,
      "processing failed: agent card missing URL (no 'url' or 'supportedInterfaces' field)",
    ],
    [
      "interfaces that are no list",
      { supportedInterfaces: {} },
      200,
      "processing failed: agent card supportedInterfaces is not an array",
    ],
  ])(
    "A18: %s is not a card: 503 with Agentgateway v1.4.1, here if it is not a refusal",
    async (_name, document, status, body) => {
      const { call } = await setUp({ a2a: {} }, card(document, status));
      const response = await call({ path: "/x/.well-known/agent-card.json" });
      const sent = typeof document === "string" ? document : JSON.stringify(document);
      const isPassed = status >= 300 && !isRealGateway;
      expect([response.status, response.body]).toEqual(isPassed ? [status, sent] : [503, body]);
    },
  );

  test("a rewritten card has its own length, and the CORS fields", async () => {
    const { call } = await setUp({ a2a: {}, ...CORS }, (_, response) => {
      const body = JSON.stringify({ url: "http://x", name: "a card" });
      response
        .writeHead(200, { "content-length": body.length, "access-control-allow-origin": "*" })
        .end(body);
    });
    const { headers, bytes, body } = await call({
      host: "agent.localhost:3000",
      path: "/.well-known/agent-card.json",
      headers: { origin: "http://ui.test" },
    });
    expect(JSON.parse(body)).toEqual({ url: "http://agent.localhost:3000", name: "a card" });
    expect(headers["content-length"]).toBe(String(bytes.length));
    expect(headers["access-control-allow-origin"]).toBe("http://ui.test");
  });

  test("a card over 2 MiB is refused", async () => {
    const cardOf = (bytes: number) => ({ url: "http://x", name: "x".repeat(bytes) });
    const largest = await setUp({ a2a: {} }, card(cardOf(2_097_000)));
    expect((await largest.call({ path: "/.well-known/agent-card.json" })).status).toBe(200);
    const larger = await setUp({ a2a: {} }, card(cardOf(2_097_153)));
    expect(await larger.call({ path: "/.well-known/agent-card.json" })).toMatchObject({
      status: 503,
      body: isRealGateway
        ? "processing failed: agent card invalid JSON"
        : "upstream call failed: RESPONSE_TOO_LARGE",
    });
  });

  test.each([
    ["POST", "/.well-known/agent-card.json"],
    ["GET", "/.well-known/agent-card.json/x"],
    ["GET", "/.well-known/aauth-agent"],
  ])("%s %s is not a card", async (method, path) => {
    const { call } = await setUp({ a2a: {} }, card({ url: "http://127.0.0.1:9999" }));
    expect(JSON.parse((await call({ method, path })).body)).toEqual({ url: "http://127.0.0.1:9999" });
  });
});

test.each<[string | undefined, string | undefined, string]>([
  ["application/json", '{"method":"message/send"}', "message/send"],
  ["Application/JSON ; charset=utf-8", '{"method":"message/send"}', "message/send"],
  ["text/plain", '{"method":"message/send"}', "unknown"],
  ["application/json", undefined, "unknown"],
  ["application/json", '{"method":{"toString":1}}', "unknown"],
  ["application/json", "{", "unknown"],
])("the method of a call of type %s with body %s is %s", (type, body, method) => {
  expect(a2aMethod(type, body === undefined ? [] : bodyOf(body))).toBe(method);
});

test.each(["a\u2028b", "a\u2029b", "a\u0085b", "a\u202eb", "a\nb", "a b", "ä", "", "m".repeat(65)])(
  "A15: a method with more than letters, digits and a few marks is not named: %j",
  (method) => {
    expect(a2aMethod("application/json", bodyOf(JSON.stringify({ method })))).toBe("unknown");
    expect(a2aMethod("application/json", bodyOf(JSON.stringify({ method: "tasks/get_A.b-2" })))).toBe(
      "tasks/get_A.b-2",
    );
  },
);

test("A7: a body over 16 KiB is not looked at for one word of the log", () => {
  const textOf = (bytes: number) => `{"method":"m"${" ".repeat(bytes - 14)}}`;
  expect(a2aMethod("application/json", bodyOf(textOf(16_384)))).toBe("m");
  expect(a2aMethod("application/json", bodyOf(textOf(16_385)))).toBe("unknown");
});

function bodyOf(text: string) {
  return [Buffer.from(text)];
}
