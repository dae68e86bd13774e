import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../support/child.ts";
import {
  type Answer,
  ForeignAgent,
  keyPair,
  type Listener,
  listen,
  type Mistakes,
  makeToken,
  type OutgoingRequest,
  readToken,
  type Scheme,
  send,
} from "../support/foreign-agent.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const JWKS: Scheme = { scheme: "jwks" };
const SIGNATURE_HEADERS = ["signature-key", "signature-input", "signature"];
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

describe("a message whose signature headers are wrong", () => {
  const subsets = [1, 2, 3, 4, 5, 6].map((bits) =>
    SIGNATURE_HEADERS.filter((_name, index) => bits & (1 << index)),
  );
  test.each(subsets.map((missing) => ({ missing })))("without $missing", async ({ missing }) => {
    await expectRefusedBothWays(() => without(agent.signed(call(), JWKS), ...missing), "missing_signature");
  });

  test("without any: the gateway lets it through and the agent asks for a signature", async () => {
    await expectRefusedBothWays(() => call(), "missing_signature", {
      gateway: agentRefusal("missing_signature"),
    });
  });

  const malformed: [string, string, (value: string) => string, string][] = [
    ["signature-key", "no parenthesis", (value) => value.slice(0, -1), "malformed_signature_key"],
    ["signature-key", "not text", () => "\u00ff\u00fe", "malformed_signature_key"],
    ["signature-key", "two members", (value) => `${value}, ${value}`, "malformed_signature_key"],
    ["signature-key", "empty", () => "", "malformed_signature_key"],
    ["signature-key", "scheme x509", () => 'sig1=(scheme=x509 x5u="https://x")', "unsupported_scheme"],
    ["signature-key", "scheme unknown", () => 'sig1=(scheme=new key="x")', "unsupported_scheme"],
    ["signature-key", "other label", (value) => value.replace("sig1", "sig2"), "label_mismatch"],
    ["signature-input", "no list", () => "sig1", "malformed_signature_input"],
    [
      "signature-input",
      "twice the same",
      (value) => value.replace('"@path"', '"@path" "@path"'),
      "malformed_signature_input",
    ],
    ["signature-input", "no created", (value) => value.replace(/;created=\d+/, ""), "created_missing"],
    [
      "signature-input",
      "absent header covered",
      (value) => value.replace('"@path"', '"@path" "x-none"'),
      "missing_component",
    ],
    ["signature", "not base64", () => "sig1=:!!:", "malformed_signature"],
    ["signature", "short", () => "sig1=:AAAA:", "malformed_signature"],
    [
      "signature",
      "one bit off",
      (value) => value.replace(/:(.)/, (_all, first) => `:${first === "A" ? "B" : "A"}`),
      "invalid_signature",
    ],
  ];
  test.each(malformed)("%s: %s", async (name, _what, change, code) => {
    await expectRefusedBothWays(() => changed(agent.signed(call(), JWKS), name, change), code);
  });

  const refused: [string, string, () => Mistakes][] = [
    [
      "a private key in the header",
      "unsupported_key",
      () => ({ signatureKey: `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${agent.x}" d="AA")` }),
    ],
    ["a signature of yesterday", "created_out_of_window", () => ({ created: now() - 86_400 })],
    ["a signature just outside the window", "created_out_of_window", () => ({ created: now() - 70 })],
    ["a signature of tomorrow", "created_out_of_window", () => ({ created: now() + 86_400 })],
    ["an expired signature", "signature_expired", () => ({ parameters: `;expires=${now() - 1}` })],
    ["a nonce that is none", "malformed_nonce", () => ({ nonce: "abc" })],
    ["a nonce that is not covered", "insufficient_coverage", () => ({ without: ["nonce"] })],
    ["a digest that is not covered", "insufficient_coverage", () => ({ without: ["content-digest"] })],
    ["a method that is not covered", "insufficient_coverage", () => ({ without: ["@method"] })],
    ["a key that is not covered", "insufficient_coverage", () => ({ without: ["signature-key"] })],
    ["somebody else's key", "invalid_signature", () => ({ signingKey: keyPair().key })],
    ["somebody else's host", "invalid_signature", () => ({ authority: "other.localhost:1" })],
  ];
  test.each(refused)("%s", async (_what, code, mistakes) => {
    await expectRefusedBothWays(
      () =>
        agent.signed(call(), JWKS, { authority: new URL(stack.urls.supplyChainAgent).host, ...mistakes() }),
      code,
    );
  });

  test.each([
    ["well formed", () => `sha-256=:${randomBytes(32).toString("base64")}:`, "digest_mismatch"],
    ["not a digest", () => "sha-256=x", "malformed_digest"],
    ["of an algorithm nobody should use", () => "md5=:AAAA:", "malformed_digest"],
  ])("a wrong digest, %s, is seen by whoever has the body: the agent", async (_what, digest, code) => {
    await expectRefusedBothWays(() => agent.signed(call(), JWKS, { digest: digest() }), code, {
      gateway: agentRefusal(code),
    });
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

describe("a caller who is not who it says", () => {
  test.each([
    ["a key id that is not published", "unknown_key", () => ({ scheme: "jwks", kid: "other" }) as const],
    [
      "an identity with a slash at its end",
      "discovery_failed",
      () => ({ scheme: "jwks", id: `${agent.id}/` }) as const,
    ],
    ["an identity that is no URL", "discovery_failed", () => ({ scheme: "jwks", id: "me" }) as const],
    [
      "an identity that is a file",
      "discovery_failed",
      () => ({ scheme: "jwks", id: "file:///etc/passwd" }) as const,
    ],
    [
      "plain http beyond this machine",
      "discovery_failed",
      () => ({ scheme: "jwks", id: "http://192.0.2.1" }) as const,
    ],
    [
      "credentials in its identity",
      "discovery_failed",
      () => ({ scheme: "jwks", id: agent.id.replace("//", "//a:b@") }) as const,
    ],
    [
      "a server that is not there",
      "discovery_failed",
      () => ({ scheme: "jwks", id: "http://127.0.0.1:1" }) as const,
    ],
    [
      "a document that names another agent",
      "discovery_failed",
      () => ({ scheme: "jwks", id: agent.id.replace("foreign-agent.localhost", "127.0.0.1") }) as const,
    ],
  ])("%s", async (_what, code, scheme) => {
    const { host } = new URL(stack.urls.supplyChainAgent);
    await expectRefusedBothWays(() => agent.signed(call(), scheme(), { authority: host }), code);
  });
});

describe("a token that is not for this", () => {
  const host = () => new URL(stack.urls.marketAnalysisAgent).host;
  const question = () => ({ ...call(), url: `${stack.urls.marketAnalysisAgent}/` });
  let good: string;

  beforeAll(async () => {
    const { marketAnalysisAgent: resource, issuer: authServer } = stack.urls;
    const challenge = await agent.call(question(), JWKS);
    const resource_token = agent.resourceTokenOf(challenge, { resource, authServer });
    const granted = await agent.askAuthServer(authServer, { request_type: "auth", resource_token });
    good = JSON.parse(granted.text).auth_token;
    expect((await agent.call(question(), { scheme: "jwt", jwt: good })).status).toBe(200);
  });

  /** The good token with other contents, signed by the agent itself. */
  function forged(header: object, claims: object = {}): string {
    const { header: goodHeader, claims: goodClaims } = readToken(good);
    return makeToken({ ...goodHeader, ...header }, { ...goodClaims, ...claims }, agent.key);
  }

  const cases: [string, string, () => string | Promise<string>][] = [
    [
      "for another audience",
      "token_audience_mismatch",
      async () => {
        const granted = await agent.askAuthServer(stack.urls.issuer, {
          request_type: "auth",
          scope: "market-analysis:analyze",
        });
        return JSON.parse(granted.text).auth_token;
      },
    ],
    ["of an issuer nobody trusts", "untrusted_issuer", () => forged({ alg: "EdDSA" }, { iss: canary.url })],
    ["of a type that opens nothing", "token_type_mismatch", () => forged({ typ: "JWT" })],
    ["that is a resource token", "token_type_mismatch", () => forged({ typ: "resource+jwt", alg: "EdDSA" })],
    [
      "without algorithm",
      "token_algorithm_not_allowed",
      () => `${forged({ alg: "none" }).split(".").slice(0, 2).join(".")}.AA`,
    ],
    [
      "signed with a shared secret",
      "token_algorithm_not_allowed",
      () => {
        const input = forged({ alg: "HS256" }).split(".").slice(0, 2).join(".");
        return `${input}.${createHmac("sha256", "secret").update(input).digest("base64url")}`;
      },
    ],
    ["signed by its holder", "invalid_token_signature", () => forged({})],
    ["of a key nobody published", "unknown_key", () => forged({ kid: "other" })],
    [
      "with addresses of keys in its header",
      "invalid_token_signature",
      () => forged({ jku: canary.url, x5u: canary.url, jwk: { kty: "OKP", crv: "Ed25519", x: agent.x } }),
    ],
    [
      "with another signature algorithm than its key's",
      "(invalid_token_signature|token_algorithm_not_allowed|unsupported_key)",
      () => forged({ alg: "EdDSA" }),
    ],
    ["that is no token", "malformed_token", () => "a.b.c"],
    [
      "with a claim changed",
      "invalid_token_signature",
      () => [good.split(".")[0], forged({}, { scope: "all" }).split(".")[1], good.split(".")[2]].join("."),
    ],
  ];
  test.each(cases)("%s", async (_what, code, token) => {
    const jwt = await token();
    const make = () => agent.signed(question(), { scheme: "jwt", jwt }, { authority: host() });
    expectRefusal(await send(make()), gatewayRefusal(code));
    expectRefusal(
      await send(directly(make())),
      expect.stringMatching(new RegExp(`^Valid AAuth signature required: ${code}$`)),
    );
  });

  test("bound to another key", async () => {
    const make = () => agent.signed(question(), { scheme: "jwt", jwt: good }, { signingKey: keyPair().key });
    await expectRefusedBothWays(
      () => ({ ...make(), url: `${stack.urls.marketAnalysisAgent}/` }),
      "invalid_signature",
    );
  });

  test("of the user, as a browser has it", async () => {
    const answer = await send({
      ...question(),
      headers: { ...question().headers, authorization: `Bearer ${good}` },
    });
    expectRefusal(answer, agentRefusal("missing_signature"));
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

function now(): number {
  return Math.floor(Date.now() / 1000);
}
