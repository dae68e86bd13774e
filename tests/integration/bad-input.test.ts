/**
 * Bad input against the running stack: the party that refuses it, that no address in it is fetched,
 * and that nothing crashes. The packages test each check and each parser.
 */

import { connect } from "node:net";
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
/** An address in messages that must not be fetched. */
let canary: Listener;

beforeAll(async () => {
  [stack, agent, canary] = await Promise.all([
    // One agent accepts any signature, to reach the code behind the verifier; the other requires a
    // token.
    startStack({ env: { "supply-chain-agent": { AAUTH_AUTHORIZATION_SCHEME: "signature-only" } } }),
    ForeignAgent.start(),
    listen(() => ({ status: 200, body: {} })),
  ]);
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop(), canary?.stop()]));

const host = () => new URL(stack.urls.supplyChainAgent).host;

const call = (body: string | Buffer = rpc("message/send")): OutgoingRequest => ({
  method: "POST",
  url: `${stack.urls.supplyChainAgent}/`,
  headers: { "content-type": "application/json" },
  body,
});

const TEXT = { messageId: "1", role: "user", parts: [{ kind: "text", text: "optimize" }] };

function rpc(method: string, params: object = { message: TEXT }): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
}

/** Sends the message to the agent's own socket instead of the gateway. */
function directly(outgoing: OutgoingRequest): OutgoingRequest {
  return { ...outgoing, url: outgoing.url.replace(host(), `localhost:${stack.ports.supplyChainAgent}`) };
}

/**
 * Sends bytes unchanged and returns the received bytes once the other side has answered or hung up.
 */
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

describe("a message that is refused", () => {
  const byGateway = (code: string) =>
    expect.stringMatching(new RegExp(`^AAuth failure: AAuth verification failed: ${code}: [^\\n]+$`));
  const byAgent = (code: string) => `Valid AAuth signature required: ${code}`;

  function expectRefusal({ status, text, headers }: Answer, expected: unknown): void {
    expect({ status, text }).toEqual({ status: 401, text: expected });
    expect(headers["agent-auth"]).toMatch(/^httpsig(; identity=\?1)?$/);
  }

  test("without any signature, and with a changed body: the gateway passes it on, the agent refuses", async () => {
    const tampered = { ...agent.signed(call(), JWKS), body: rpc("message/stream") };
    expectRefusal(await send(call()), byAgent("missing_signature"));
    expectRefusal(await send(tampered), byAgent("digest_mismatch"));
  });

  test.each([
    ["nonce_replayed", {}],
    ["signature_replayed", { nonce: null }],
  ])("the same message twice: %s, at the gateway and at the agent behind it", async (code, change) => {
    const signed = agent.signed(call(), JWKS, change);
    expect((await send(signed)).status).toBe(200);
    expectRefusal(await send(signed), byGateway(code));
    expectRefusal(await send(directly(signed)), byAgent(code));
  });
});

test.each([
  ["no host", () => "GET / HTTP/1.1\r\n\r\n"],
  [
    "length and chunks",
    () =>
      `POST / HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
  ],
  ["two hosts", () => `GET /nothing HTTP/1.1\r\nHost: ${host()}\r\nHost: other\r\n\r\n`],
  ["a proxy's method", () => `CONNECT ${host()} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`],
  [
    "an encoded path out of its root",
    () => `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: ${host()}\r\n\r\n`,
  ],
])("%s: refused by every service", async (_what, message) => {
  for (const key of LISTENING) {
    const answer = await raw(stack.ports[key], message());
    // Hanging up is an answer, too.
    expect(answer, key).toMatch(/^($|HTTP\/1\.1 4\d\d )/);
    expect(answer, key).not.toMatch(/node_modules|\.ts:|root:/);
  }
});

describe("an address in a message is not fetched", () => {
  test("in the field Signature-Key", async () => {
    for (const signatureKey of [
      `sig1=(scheme=jwks jwks_uri="${canary.url}/keys" kid="k")`,
      `sig1=(scheme=x509 x5u="${canary.url}/cert" x5t="a")`,
    ]) {
      const make = () => agent.signed(call(), JWKS, { signatureKey, authority: host() });
      expect((await send(make())).status).toBe(401);
      expect((await send(directly(make()))).status).toBe(401);
    }
    // hwk ignores unknown parameters, including addresses.
    const signatureKey = `${agent.signatureKey({ scheme: "hwk" }).slice(0, -1)} x5u="${canary.url}" jku="${canary.url}")`;
    expect(
      (await send(directly(agent.signed(call(), JWKS, { signatureKey, authority: host() })))).status,
    ).toBe(200);
    expect(canary.requests).toEqual([]);
  });

  test("in an accepted message: a place to push to, a file to read, a task to watch", async () => {
    const push = { url: `${canary.url}/push`, token: "t" };
    const file = { kind: "file", file: { uri: `${canary.url}/file`, mimeType: "text/plain" } };
    const parts = [{ kind: "text", text: `optimize ${canary.url}` }, file];
    const configuration = { pushNotificationConfig: push, blocking: false };
    const sent = await agent.call(
      call(rpc("message/send", { message: { ...TEXT, parts }, configuration })),
      JWKS,
    );
    expect(sent.status).toBe(200);
    for (const [method, params] of [
      ["tasks/pushNotificationConfig/set", { taskId: "1", pushNotificationConfig: push }],
      ["CreateTaskPushNotificationConfig", { taskId: "1", config: push }],
      ["tasks/resubscribe", { id: "1" }],
    ] as const) {
      const answer = await agent.call(call(rpc(method, params)), JWKS);
      expect(answer.text, method).toMatch(/"error":\{"code":-32\d{3},/);
    }
    expect(canary.requests).toEqual([]);
  });
});

test("in the end all services run and respond, and no stack trace was shown", async () => {
  expect(stack.processes.filter(({ pid }) => !isAlive(pid!))).toEqual([]);
  for (const key of LISTENING.filter((name) => name !== "gateway"))
    expect(await send({ url: `http://127.0.0.1:${stack.ports[key]}/health` })).toMatchObject({ status: 200 });
  expect((await agent.call(call(), JWKS)).status).toBe(200);
  const lines = stack.log().split("\n");
  expect(lines.filter((line) => /\|\s+at .+:\d+:\d+\)?$|ERROR|FATAL/.test(line))).toEqual([]);
});
