import type { CheckAnswer, CheckMessage, GatewayCheck } from "gateway-check";
import { createGatewayCheck } from "gateway-check";
import { createLogger } from "service-kit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { recordSpans } from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { timesAsLong } from "../../../../packages/service-kit/test/support/times-as-long.ts";
import { createOwnCheck, type OwnCheck } from "../../src/own-check/own-check.ts";
import { Cancellation } from "../../src/proxy/cancellation.ts";
import { startFakeServer } from "../support/fake-agent.ts";
import { CHECK as ANY_CHECK, isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send, type TestCall } from "../support/http-client.ts";

/** Nobody listens there. */
const ADDRESS = "127.0.0.1:9";
const RESOURCE = "http://agent.localhost:3000";
const CHECK = { ...ANY_CHECK, metadata: { aauth: 'json(response.headers["x-aauth-claims"])' } };
const FIELDS = ["signature-key", "signature-input", "signature", "content-type", "content-digest", "nonce"];

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function fileWith(agent: string, extAuthz: object = {}, policies: object = {}) {
  const policy = { host: ADDRESS, protocol: { http: CHECK }, includeRequestHeaders: FIELDS, ...extAuthz };
  return oneRoute(agent, { extAuthz: policy, ...policies });
}

async function setUp(ownCheck: OwnCheck, extAuthz: object = {}, policies: object = {}) {
  const agent = await startFakeServer();
  const gateway = await startGateway(fileWith(agent.address, extAuthz, policies), { ownCheck });
  cleanUps.push(agent.close, gateway.close);
  return {
    agent,
    gateway,
    call: (call: Omit<TestCall, "port"> = {}) => send({ port: gateway.port, ...call }),
  };
}

/** Answers by hand, and keeps what it was asked. */
function byHand(answer: (check: CheckMessage) => CheckAnswer | Promise<CheckAnswer>) {
  const asked: CheckMessage[] = [];
  const logged: unknown[][] = [];
  const check: GatewayCheck = {
    async answer(message) {
      asked.push(message);
      return answer(message);
    },
  };
  const logger = { error: (...line: unknown[]) => void logged.push(line) };
  return { asked, logged, ownCheck: createOwnCheck(ADDRESS, check, logger) };
}

const pass = (): CheckAnswer => ({ status: 200, headers: { "x-aauth-claims": '{"agent":"http://a.test"}' } });

describe.skipIf(isRealGateway)("a check in the gateway's own process", () => {
  test("is asked what the service would be asked", async () => {
    const { asked, ownCheck } = byHand(pass);
    const { agent, call } = await setUp(ownCheck);
    const headers = {
      "content-type": "text/plain",
      nonce: "n1",
      "x-aauth-mode": "permissive",
      "x-other": "1",
    };
    expect((await call({ method: "PUT", path: "/a%2Fb/../c?x=1", headers, body: "{}" })).status).toBe(200);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: "POST", url: "/check" });
    expect({ ...asked[0]!.headers }).toEqual({
      host: ADDRESS,
      "content-type": "text/plain",
      nonce: "n1",
      "x-aauth-method": "PUT",
      "x-aauth-uri": expect.stringMatching(/^http:\/\/[^/]+\/a%2Fb\/\.\.\/c\?x=1$/),
      "x-aauth-authority": "agent.localhost:3000",
    });
    expect(agent.seen[0]).toMatchObject({ method: "PUT", url: "/a%2Fb/../c?x=1", body: "{}" });
  });

  test("gets a value as it would arrive, without the blanks around it", async () => {
    const { asked, ownCheck } = byHand(pass);
    const http = { ...CHECK, addRequestHeaders: { ...CHECK.addRequestHeaders, "x-blank": '" \ta b\t "' } };
    const { call } = await setUp(ownCheck, { protocol: { http } });
    await call();
    expect(asked[0]!.headers["x-blank"]).toBe("a b");
  });

  test("blanks inside a value stay, and take no time", async () => {
    const { asked, ownCheck } = byHand(pass);
    const hostile = `a${" \t".repeat(10_000)}b`;
    const ask = (value: string) => {
      const headers = ["nonce", value, "x-odd", "\u00a0", "x-blank", " \t "];
      const limits = { cancellation: new Cancellation() };
      void ownCheck.answer({ method: "POST", path: "/check", headers }, limits);
    };
    expect(timesAsLong(ask, hostile, "a".repeat(hostile.length))).toBeLessThan(10);
    expect(asked[0]!.headers).toMatchObject({ nonce: hostile, "x-odd": "\u00a0", "x-blank": "" });
  });

  test("what it says of the caller counts for the rules", async () => {
    const { ownCheck } = byHand(pass);
    const rules = (agent: string) => ({ authorization: { rules: [`extauthz.aauth.agent == "${agent}"`] } });
    const right = await setUp(ownCheck, {}, rules("http://a.test"));
    const wrong = await setUp(ownCheck, {}, rules("http://b.test"));
    expect([(await right.call()).status, (await wrong.call()).status]).toEqual([200, 403]);
    expect(wrong.agent.seen).toEqual([]);
  });

  test("its refusal goes to the caller as it is", async () => {
    const headers = { "agent-auth": "httpsig", "content-type": "text/plain", "cache-control": "no-store" };
    const { ownCheck } = byHand(() => ({ status: 401, headers, body: "no, Zoë" }));
    const { agent, call } = await setUp(ownCheck);
    const response = await call();
    expect(response).toMatchObject({ status: 401, headers, body: "no, Zoë" });
    expect(agent.seen).toEqual([]);
  });

  test.each([
    ["deny", 403, /^external authorization failed/],
    [{ denyWithStatus: 503 }, 503, /^external authorization failed/],
    ["allow", 200, undefined],
  ] as const)(
    "takes too long, with failureMode %j: as a service that does not answer",
    async (failureMode, status, body) => {
      const { ownCheck } = byHand(() => new Promise(() => {}));
      const policies = { http: { requestTimeout: "100ms" } };
      const { call } = await setUp(ownCheck, { failureMode, policies });
      const response = await call();
      expect(response.status).toBe(status);
      if (body !== undefined) expect(response.body).toMatch(body);
    },
  );

  test("fails in a way nobody has thought of: no pass, whatever failureMode says", async () => {
    const error = new Error("secret");
    const { logged, ownCheck } = byHand(() => Promise.reject(error));
    const { agent, call } = await setUp(ownCheck, { failureMode: "allow" });
    const response = await call();
    expect([response.status, response.body]).toEqual([503, "AAuth failure: verification is not available"]);
    expect(agent.seen).toEqual([]);
    expect(logged).toEqual([[{ err: error }, "a check could not be judged"]]);
  });

  test("answers what cannot be written: the connection is cut, and the next is served", async () => {
    const { asked, ownCheck } = byHand(() => (asked.length === 1 ? { status: 42, headers: {} } : pass()));
    const { agent, gateway, call } = await setUp(ownCheck);
    await expect(call()).rejects.toThrow();
    expect(gateway.lines.join("\n")).toContain("an answer could not be written");
    expect(agent.seen).toEqual([]);
    expect((await call()).status).toBe(200);
  });

  test("a caller that leaves is not waited for, and the next is served", async () => {
    let end = (_: CheckAnswer) => {};
    const held = new Promise<CheckAnswer>((resolve) => {
      end = resolve;
    });
    const { asked, ownCheck } = byHand(() => (asked.length === 1 ? held : pass()));
    const { agent, gateway, call } = await setUp(ownCheck);
    const leaving = new AbortController();
    const first = fetch(gateway.url, { signal: leaving.signal }).catch((error: Error) => error.name);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    leaving.abort();
    expect(await first).toBe("AbortError");
    expect((await call()).status).toBe(200);
    end(pass());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(agent.seen).toHaveLength(1);
    expect(gateway.lines.filter((line) => line.includes("http.status=200"))).toHaveLength(1);
  });

  test("an address that it does not stand for is asked as before", async () => {
    const { asked, ownCheck } = byHand(pass);
    const service = await startFakeServer((_, response) => response.writeHead(401).end("the service"));
    cleanUps.push(service.close);
    const agent = await startFakeServer();
    const own = { name: "own", matches: [{ path: { pathPrefix: "/own" } }] };
    const [{ listeners }] = fileWith(agent.address).binds;
    const [{ routes }] = listeners as [{ routes: { policies: { extAuthz: object } }[] }];
    const other = {
      ...routes[0]!,
      policies: { extAuthz: { ...routes[0]!.policies.extAuthz, host: service.address } },
    };
    const file = { binds: [{ listeners: [{ routes: [{ ...routes[0]!, ...own }, other] }] }] } as const;
    const gateway = await startGateway(file as never, { ownCheck });
    cleanUps.push(agent.close, gateway.close);
    expect((await send({ port: gateway.port, path: "/own" })).status).toBe(200);
    expect((await send({ port: gateway.port, path: "/" })).body).toBe("the service");
    expect([asked.length, service.seen.length]).toEqual([1, 1]);
  });

  test("a file that does not ask it is refused, at the start and later", async () => {
    const { ownCheck } = byHand(pass);
    const other = fileWith("127.0.0.1:1", { host: "127.0.0.1:7070" });
    const open = oneRoute("127.0.0.1:1");
    const said = /no route's extAuthz has the host 127\.0\.0\.1:9, which GATEWAY_AUTHZ_IN_PROCESS names/;
    await expect(startGateway(other, { ownCheck })).rejects.toThrow(said);
    await expect(startGateway(open, { ownCheck })).rejects.toThrow(said);
    const { gateway, call } = await setUp(ownCheck);
    await expect(gateway.reload(open)).rejects.toThrow(said);
    expect((await call()).status).toBe(200);
  });
});

describe.skipIf(isRealGateway)("gateway-authz's own decision there", () => {
  const logger = createLogger({ service: "gateway", level: "silent" });
  const real = () =>
    createOwnCheck(
      ADDRESS,
      createGatewayCheck(
        {
          resources: [RESOURCE],
          authServerUrl: "http://localhost:8080",
          realm: "aauth-test",
          requestFrom: "aauth",
          bodyCoverage: "required",
        },
        { logger },
      ),
      logger,
    );

  test.each(["GET", "M-SEARCH"])("refuses who has not signed: %s", async (method) => {
    const { agent, call } = await setUp(real());
    const response = await call({ method });
    expect([response.status, response.headers["agent-auth"]]).toEqual([401, "httpsig"]);
    expect(agent.seen).toEqual([]);
  });

  test("its span has the code that was answered", async () => {
    const spans = recordSpans();
    cleanUps.push(async () => spans.stop());
    const method = JSON.stringify("A".repeat(33));
    const addRequestHeaders = { ...CHECK.addRequestHeaders, "x-aauth-method": method };
    const { agent, call } = await setUp(real(), { protocol: { http: { ...CHECK, addRequestHeaders } } });
    const refused = await call();
    expect([refused.status, refused.body]).toEqual([400, expect.stringContaining("unusable_request")]);
    expect(spans.finished().at(-1)!.attributes).toMatchObject({
      "http.response.status_code": 400,
      "aauth.error.code": "unusable_request",
      "error.type": "unusable_request",
    });
    expect(agent.seen).toEqual([]);
  });

  test.each(["/check/", "/checks", "/other", "/"])(
    "a file whose check goes to %s lets nothing through",
    async (path) => {
      const { agent, call } = await setUp(real(), {
        failureMode: "allow",
        protocol: { http: { ...CHECK, path: JSON.stringify(path) } },
      });
      const response = await call();
      expect(response.status).toBe(500);
      expect(response.body).toContain("its path is not /check");
      expect(agent.seen).toEqual([]);
    },
  );
});
