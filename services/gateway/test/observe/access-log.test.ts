import { afterEach, describe, expect, test, vi } from "vitest";
import { accessLogLine } from "../../src/observe/access-log.ts";
import { type FakeAnswer, startFakeServer } from "../support/fake-agent.ts";
import {
  extAuthz,
  type GatewayUnderTest,
  isRealGateway,
  listener,
  oneRoute,
  startGateway,
} from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp(
  config: object,
  policies: object = {},
  answer?: FakeAnswer,
  logFormat: "text" | "json" = "text",
) {
  const agent = await startFakeServer(answer);
  const env = { LOG_FORMAT: logFormat };
  const gateway = await startGateway(oneRoute(agent.address, policies, config), { logFormat, env });
  cleanUps.push(agent.close, gateway.close);
  return {
    agent,
    gateway,
    call: (call: Partial<Parameters<typeof send>[0]> = {}) => send({ port: gateway.port, ...call }),
  };
}

/** The line of a request in the gateway's output. */
const requestLines = ({ lines }: GatewayUnderTest) =>
  lines.filter((text) => /\trequest |"request"/.test(text));

const line = (gateway: GatewayUnderTest, count = 1) =>
  vi.waitFor(
    () => {
      expect(requestLines(gateway)).toHaveLength(count);
      return requestLines(gateway)[count - 1]!;
    },
    { timeout: 5000 },
  );

const TOKEN = `eyJhbGciOiJFZERTQSJ9.${"A".repeat(60)}.${"B".repeat(86)}`;

describe("the access log", () => {
  test("has a line, however deep a value is that `json()` has made of a caller's text", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const expressions = { deep: { valueOrUndefined: () => deep } } as never;
    const record = { startedAtMs: 0, context: {} } as never;
    expect(accessLogLine("text", record, expressions)).toMatch(/ deep="…"$/);
  });

  test("text: the fields of Agentgateway in its order", async () => {
    const { agent, gateway, call } = await setUp({}, { a2a: {} });
    await call({
      method: "POST",
      path: "/x?y=1",
      host: "agent.localhost:3000",
      headers: { "content-type": "application/json" },
      body: '{"method":"message/send"}',
    });
    expect(
      (await line(gateway))
        .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z/, "TIME")
        .replace(/src\.addr=\S+/, "src.addr=A")
        .replace(/duration=\d+ms/, "duration=Nms"),
    ).toBe(
      `TIME\tinfo\trequest gateway=default/default listener=main route=default/agent endpoint=${agent.address} ` +
        "src.addr=A http.method=POST http.host=agent.localhost http.path=/x?y=1 http.version=HTTP/1.1 http.status=200 " +
        "protocol=a2a a2a.method=message/send duration=Nms",
    );
  });

  test("configured fields come last, texts quoted, maps as JSON, failing and null ones left out", async () => {
    const { gateway, call } = await setUp({
      logging: {
        fields: {
          add: {
            text: 'request.headers["x-text"]',
            number: "size(request.path)",
            yes: "has(request.headers)",
            map: '{"a": [1]}',
            missing: "request.headers.nope",
            nothing: "null",
            user: "jwt.sub",
            code: "response.code",
          },
        },
      },
    });
    await call({ headers: { "x-text": 'say "hi"' } });
    const text = await line(gateway);
    expect(text).toMatch(
      /duration=\d+ms text="say \\"hi\\"" number=1 yes=true map=\{"a": ?\[1\]\} code=200$/,
    );
    expect(text).not.toMatch(/user=|nothing=|missing=/);
  });

  test("json: level, time, scope, then the same fields", async () => {
    const fields = { add: { size: "size(request.path)" } };
    const { gateway, call } = await setUp({ logging: { fields } }, {}, undefined, "json");
    await call();
    const record = JSON.parse(await line(gateway)) as Record<string, unknown>;
    expect(Object.keys(record).slice(0, 4)).toEqual(["level", "time", "scope", "gateway"]);
    expect(record).toMatchObject({ level: "info", scope: "request", "http.status": 200, size: 1 });
  });

  test("a refusal of the check is a DirectResponse, and the agent was not called; one by a rule is named", async () => {
    const authz = await startFakeServer((_, response) => response.writeHead(401).end());
    cleanUps.push(authz.close);
    const checked = await setUp({}, { a2a: {}, extAuthz: extAuthz(authz.address) });
    await checked.call({ method: "POST", body: "{}" });
    const text = await line(checked.gateway);
    expect(text).toMatch(/http.status=401 protocol=http reason=DirectResponse/);
    expect(text).not.toMatch(/endpoint=/);
    const ruled = await setUp({}, { authorization: { rules: ["false"] } });
    await ruled.call();
    expect(await line(ruled.gateway)).toMatch(/http.status=403 .*reason=Authorization duration=/);
  });

  test("an unknown host and an agent that is down", async () => {
    const listeners = [listener("one", "127.0.0.1:9", {}, "one.test")];
    const gateway = await startGateway({ binds: [{ listeners }] });
    cleanUps.push(gateway.close);
    await send({ port: gateway.port, host: "two.test" });
    expect(await line(gateway)).toMatch(
      /http.host=two.test .*http.status=404 .*error="listener not found" reason=NotFound/,
    );
    await send({ port: gateway.port, host: "one.test" });
    expect(await line(gateway, 2)).toMatch(
      /listener=one route=default\/agent endpoint=127.0.0.1:9 .*http.status=503 .*error="upstream call failed: .+" reason=UpstreamFailure/,
    );
  });

  test.skipIf(isRealGateway)("a field sees the answer that the caller got, whosever it is", async () => {
    const fields = { add: { type: 'response.headers["content-type"]', code: "response.code" } };
    const { gateway, call } = await setUp(
      { logging: { fields } },
      { a2a: {}, authorization: { rules: ['request.path != "/no"'] } },
      (_, response) => response.writeHead(203, { "content-type": "text/x-agent" }).end('{"url":"http://x"}'),
    );
    await call();
    expect(await line(gateway)).toMatch(/ type="text\/x-agent" code=203$/);
    await call({ path: "/.well-known/agent-card.json" });
    expect(await line(gateway, 2)).toMatch(/ http\.status=203 .* type="text\/x-agent" code=203$/);
    await call({ path: "/no" });
    expect(await line(gateway, 3)).toMatch(/ http\.status=403 .* type="text\/plain" code=403$/);
  });

  test.skipIf(isRealGateway)(
    "no token and no signature in a line or a span, whatever the file asks for",
    async () => {
      const add = {
        headers: "request.headers",
        key: 'request.headers["signature-key"]',
        answer: "response.headers",
      };
      const { gateway, call } = await setUp(
        {
          logging: { fields: { add } },
          tracing: {
            otlpProtocol: "http",
            otlpEndpoint: "http://127.0.0.1:9",
            randomSampling: true,
            fields: { add },
          },
        },
        {},
        (_, response) =>
          response.writeHead(200, { "agent-auth": `httpsig; auth-token; resource_token="${TOKEN}"` }).end(),
      );
      await call({
        path: `/?request_token=${TOKEN}`,
        headers: {
          "signature-key": `sig1=(scheme=jwt jwt="${TOKEN}")`,
          signature: `sig1=:${"s".repeat(86)}:`,
          authorization: `Bearer ${TOKEN}`,
          cookie: "session=secret-session",
        },
      });
      const text = (await line(gateway)) + JSON.stringify(gateway.spans.map(({ attributes }) => attributes));
      expect(gateway.spans).toHaveLength(1);
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain("s".repeat(86));
      expect(text).not.toContain("secret-session");
    },
  );
});

test.skipIf(isRealGateway)("A15: the method of a call cannot forge a line, or fill the log", async () => {
  const { gateway, call } = await setUp({}, { a2a: {} });
  const methods = [
    "x http.status=500\n2026-02-06T00:00:00.000000Z\tinfo\trequest",
    "x\u2028y",
    "m".repeat(10_000),
  ];
  for (const [index, method] of methods.entries()) {
    await call({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ method }),
    });
    expect(await line(gateway, index + 1)).toMatch(/ a2a\.method=unknown duration=\d+ms$/);
  }
});

test.skipIf(isRealGateway).each(["text", "json"] as const)(
  "A15: a caller's escapes are escaped, and a long value is cut: %s",
  async (format) => {
    const fields = { add: { given: 'json(request.headers["x-given"])' } };
    const { gateway, call } = await setUp({ logging: { fields } }, {}, undefined, format);
    const hostile = "\u0085\u061c\u200e\u2028\u2029\u202e\u2066";
    const ascii = hostile.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    await call({ headers: { "x-given": `"${ascii}"` } });
    expect(await line(gateway)).toContain(`"${ascii}"`);
    await call({ path: `/${"p".repeat(10_000)}`, headers: { "x-given": `["${"x".repeat(10_000)}"]` } });
    const long = await line(gateway, 2);
    expect(long).toContain(`/${"p".repeat(2047)}…`);
    expect(long.length).toBeLessThan(5000);
  },
);

describe("traces", () => {
  const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const tracing = { otlpProtocol: "http", otlpEndpoint: "http://127.0.0.1:9", randomSampling: true };

  test("a caller's trace continues with a span id of the gateway", async () => {
    const authz = await startFakeServer();
    cleanUps.push(authz.close);
    const { agent, gateway, call } = await setUp(
      { tracing },
      {
        extAuthz: extAuthz(authz.address, {}, { includeRequestHeaders: ["traceparent", "tracestate"] }),
      },
    );
    await call({ path: "/x", headers: { traceparent: TRACEPARENT, tracestate: "a=b" } });
    const forwarded = agent.seen[0]!.headers.traceparent as string;
    expect(forwarded).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(forwarded).not.toBe(TRACEPARENT);
    expect(agent.seen[0]!.headers.tracestate).toBe("a=b");
    expect(authz.seen[0]!.headers.traceparent).toBe(forwarded);
    const text = await line(gateway);
    expect(text).toContain(`trace.id=0af7651916cd43dd8448eb211c80319c span.id=${forwarded.slice(36, 52)}`);
    if (isRealGateway) return;
    expect(gateway.spans[0]?.spanContext()).toMatchObject({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: forwarded.slice(36, 52),
    });
    expect(gateway.spans[0]).toMatchObject({
      parentSpanContext: { spanId: "b7ad6b7169203331" },
      name: "GET /*",
      attributes: {
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "http.status": 200,
        "http.path": "/x",
      },
    });
  });

  test.skipIf(isRealGateway)(
    "without tracing a caller's trace is forwarded, and no trace is started",
    async () => {
      const { agent, gateway, call } = await setUp({});
      await call();
      await call({ headers: { traceparent: TRACEPARENT } });
      expect(agent.seen.map(({ headers }) => headers.traceparent)).toEqual([undefined, TRACEPARENT]);
      expect(await line(gateway, 2)).not.toContain("trace.id=");
    },
  );

  test.each<[string, string | undefined, boolean]>([
    ["no trace", undefined, true],
    ["not sampled", TRACEPARENT.replace(/01$/, "00"), false],
    ["nonsense", "nonsense", true],
  ])("a span is made: %s", async (_name, traceparent, isMade) => {
    const { agent, gateway, call } = await setUp({ tracing });
    await call(traceparent === undefined ? {} : { headers: { traceparent } });
    expect((await line(gateway)).includes("trace.id=")).toBe(isMade || isRealGateway);
    const { traceparent: forwarded } = agent.seen[0]!.headers;
    if (isMade) expect(forwarded).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    else if (isRealGateway)
      expect(forwarded).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7)\w{16}-00$/);
    else expect(forwarded).toBe(traceparent);
  });
});
