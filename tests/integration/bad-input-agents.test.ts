import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import {
  type Answer,
  ForeignAgent,
  type Listener,
  listen,
  type OutgoingRequest,
  type Scheme,
  send,
} from "../support/foreign-agent.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const JWKS: Scheme = { scheme: "jwks" };
const MEBIBYTE = 1_048_576;

let stack: TestStack;
let agent: ForeignAgent;
/** Named in messages as an address to fetch; must stay silent. */
let canary: Listener;

beforeAll(async () => {
  [stack, agent, canary] = await Promise.all([
    // One agent that lets a signature in, to reach what is behind the gate; the other one wants a token.
    startStack({ env: { "supply-chain-agent": { AAUTH_AUTHORIZATION_SCHEME: "signature-only" } } }),
    ForeignAgent.start(),
    listen(() => ({ status: 200, body: {} })),
  ]);
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), canary?.stop()]));

const call = (body: string | Buffer = rpc("message/send"), type = "application/json"): OutgoingRequest => ({
  method: "POST",
  url: `${stack.urls.supplyChainAgent}/`,
  headers: { "content-type": type },
  body,
});

function rpc(method: string): string {
  const message = { messageId: "1", role: "user", parts: [{ kind: "text", text: "optimize" }] };
  return JSON.stringify({ jsonrpc: "2.0", id: 7, method, params: { message } });
}

/** The same message, sent to the agent's own socket instead of to the gateway. */
function directly(outgoing: OutgoingRequest): OutgoingRequest {
  const { host } = new URL(outgoing.url);
  const port = outgoing.url.startsWith(stack.urls.supplyChainAgent)
    ? stack.ports.supplyChainAgent
    : stack.ports.marketAnalysisAgent;
  return { ...outgoing, url: outgoing.url.replace(host, `localhost:${port}`) };
}

function without(outgoing: OutgoingRequest, ...names: string[]): OutgoingRequest {
  const headers = Object.entries(outgoing.headers ?? {}).filter(([name]) => !names.includes(name));
  return { ...outgoing, headers: Object.fromEntries(headers) };
}

function changed(
  outgoing: OutgoingRequest,
  name: string,
  change: (value: string) => string,
): OutgoingRequest {
  const { [name]: value = "", ...others } = outgoing.headers ?? {};
  return { ...outgoing, headers: { ...others, [name]: change(value) } };
}

/** Text of the gateway's check, then of the agent's gate. */
const gatewayRefusal = (code: string) =>
  expect.stringMatching(new RegExp(`^AAuth failure: AAuth verification failed: ${code}: [^\\n]+$`));
const agentRefusal = (code: string) => `Valid AAuth signature required: ${code}`;

function expectRefusal(answer: Answer, text: unknown, status = 401): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text });
  expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  if (status === 401) expect(answer.headers["agent-auth"]).toMatch(/^httpsig(; identity=\?1)?$/);
  else expect(answer.headers).not.toHaveProperty("agent-auth");
}

/** Sends both ways; each request is signed anew, because a nonce is good once. */
async function expectRefusedBothWays(
  make: () => OutgoingRequest,
  code: string,
  { status = 401, gateway = gatewayRefusal(code) as unknown } = {},
): Promise<void> {
  expectRefusal(await send(make()), gateway, status);
  expectRefusal(await send(directly(make())), status === 401 ? agentRefusal(code) : code, status);
}

// What the checks refuse has tests of the library, and both contracts; here is which of the two parties refuses.
describe("a message that is refused", () => {
  test("without any signature: the gateway lets it through and the agent asks for one", async () => {
    await expectRefusedBothWays(() => call(), "missing_signature", {
      gateway: agentRefusal("missing_signature"),
    });
  });

  test("with half a signature", async () => {
    await expectRefusedBothWays(() => without(agent.signed(call(), JWKS), "signature"), "missing_signature");
  });

  test("of an agent whose key id is not published", async () => {
    const authority = new URL(stack.urls.supplyChainAgent).host;
    const make = () => agent.signed(call(), { scheme: "jwks", kid: "other" }, { authority });
    await expectRefusedBothWays(make, "unknown_key");
  });

  test("a changed body", async () => {
    const tampered = () => ({ ...agent.signed(call(), JWKS), body: rpc("message/stream") });
    await expectRefusedBothWays(tampered, "digest_mismatch", { gateway: agentRefusal("digest_mismatch") });
  });

  test("the same message twice", async () => {
    const throughGateway = agent.signed(call(), JWKS);
    expect((await send(throughGateway)).status).toBe(200);
    expectRefusal(await send(throughGateway), gatewayRefusal("nonce_replayed"));
    // What the gateway has let through is used up for the agent, too.
    expectRefusal(await send(directly(throughGateway)), agentRefusal("nonce_replayed"));
  });

  test("the same message twice, of a peer that sends no nonce", async () => {
    const throughGateway = agent.signed(call(), JWKS, { nonce: null });
    expect((await send(throughGateway)).status).toBe(200);
    expectRefusal(await send(throughGateway), gatewayRefusal("signature_replayed"));
    expectRefusal(await send(directly(throughGateway)), agentRefusal("signature_replayed"));
  });
});

describe("a message of the wrong size or kind", () => {
  test("one signature header of more than 16 KiB", async () => {
    const make = () =>
      agent.signed(call(), JWKS, { signatureKey: `sig1=(scheme=jwt jwt="${"a".repeat(17_000)}")` });
    await expectRefusedBothWays(make, "header_too_large", { status: 431 });
  });

  test("a head of more than 64 KiB", async () => {
    const make = () => changed(agent.signed(call(), JWKS), "x-much", () => "a".repeat(70_000));
    expect((await send(make())).status).toBe(431);
    expect((await send(directly(make()))).status).toBe(431);
  });

  test("a body of more than the agents and the gateway read", async () => {
    const { host } = new URL(stack.urls.supplyChainAgent);
    const make = (bytes: number) => agent.signed(call(Buffer.alloc(bytes, "a")), JWKS, { authority: host });
    const answer = await send(directly(make(MEBIBYTE + 1)));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 413 });
    expect((await send(make(MEBIBYTE + 1))).status).toBe(413);
    expect((await send(make(3 * MEBIBYTE))).status).toBe(413);
  });

  test.each([
    ["no JSON", "{", "application/json", -32700, null],
    ["nothing at all", "", "application/json", -32700, null],
    ["a list", "[]", "application/json", -32600, null],
    ["a number", "1", "application/json", -32600, null],
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0xfe]), "application/json", -32700, null],
    ["another type", rpc("message/send"), "text/plain", -32005, null],
    ["a type that is none", rpc("message/send"), "nonsense", -32005, null],
    ["an unknown method", rpc("message/shout"), "application/json", -32601, 7],
    ["a method of Object", rpc("constructor"), "application/json", -32601, 7],
    [
      "no message",
      JSON.stringify({ jsonrpc: "2.0", id: 7, method: "message/send" }),
      "application/json",
      -32602,
      7,
    ],
    [
      "a task that does not exist",
      JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tasks/get", params: { id: "no" } }),
      "application/json",
      -32001,
      7,
    ],
  ])("%s is answered in JSON-RPC", async (_what, body, type, code, id) => {
    const { host } = new URL(stack.urls.supplyChainAgent);
    for (const way of [(outgoing: OutgoingRequest) => outgoing, directly]) {
      const answer = await send(way(agent.signed(call(body, type), JWKS, { authority: host })));
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toEqual({
        jsonrpc: "2.0",
        id,
        error: expect.objectContaining({ code }),
      });
    }
  });

  test("a host nobody serves, a path nobody serves, a method nobody serves", async () => {
    const unknown = await send({ ...call(), headers: { ...call().headers, host: "nobody.localhost" } });
    expect(unknown).toMatchObject({ status: 404, text: "listener not found" });
    for (const outgoing of [
      { url: `${stack.urls.supplyChainAgent}/../../etc/passwd` },
      { url: `${stack.urls.supplyChainAgent}/`, method: "DELETE" },
    ]) {
      const answer = await send(directly(outgoing));
      expect(JSON.parse(answer.text)).toMatchObject({ status: 404, title: "Not Found" });
    }
  });
});

describe("whatever came", () => {
  test("an address in Signature-Key that is not an identity is not fetched", async () => {
    for (const value of [
      `sig1=(scheme=jwks jwks="${canary.url}/keys" kid="k")`,
      `sig1=(scheme=jwks jwks-uri="${canary.url}/keys" kid="k")`,
      `sig1=(scheme=jwks jwks_uri="${canary.url}/keys" kid="k")`,
      `sig1=(scheme=x509 x5u="${canary.url}/cert" x5t="a")`,
    ]) {
      const make = () =>
        agent.signed(call(), JWKS, {
          signatureKey: value,
          authority: new URL(stack.urls.supplyChainAgent).host,
        });
      expect((await send(make())).status).toBe(401);
      expect((await send(directly(make()))).status).toBe(401);
    }
    // What hwk does not know it ignores, addresses included.
    const signatureKey = `${agent.signatureKey({ scheme: "hwk" }).slice(0, -1)} x5u="${canary.url}" jku="${canary.url}")`;
    const { host } = new URL(stack.urls.supplyChainAgent);
    const byKey = agent.signed(call(), JWKS, { signatureKey, authority: host });
    expect((await send(directly(byKey))).status).toBe(200);
    expect(canary.requests).toEqual([]);
  });

  test("an identity is asked for its document, once, and redirects are not followed", async () => {
    const redirecting = await listen(() => ({
      status: 302,
      headers: { location: `${canary.url}/elsewhere` },
    }));
    try {
      const { host } = new URL(stack.urls.supplyChainAgent);
      const make = () => agent.signed(call(), { scheme: "jwks", id: redirecting.url }, { authority: host });
      await expectRefusedBothWays(make, "discovery_failed");
      // Gateway and agent each have a discovery of their own.
      expect(redirecting.requests).toEqual(Array(2).fill("GET /.well-known/aauth-agent"));
    } finally {
      await redirecting.stop();
    }
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
    expect((await agent.call(call(), JWKS)).status).toBe(200);
    expect(stack.log()).not.toMatch(/^.*\|\s+at .+:\d+:\d+\)?$/m);
    expect(stack.log()).not.toMatch(/ERROR|FATAL/);
  });
});
