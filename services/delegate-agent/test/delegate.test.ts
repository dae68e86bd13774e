import { type AAuthErrorCode, type AAuthEvent, TokenRequestError } from "aauth";
import type { Agent, FetchContext } from "aauth/agent";
import { expect, test } from "vitest";
import { endlessBody } from "../../../packages/agent-kit/test/service/support/endless-body.ts";
import { createDelegate } from "../src/delegate.ts";
import { februaryCalls } from "../src/february-2026/delegate-dialect.ts";

/** A delegate whose calls the test answers. */
function delegateAnswered(answer: () => Response, dropAgentToken = () => {}) {
  return createDelegate({
    agent: { fetchFor: () => async () => answer() } as unknown as Agent,
    dropAgentToken,
    dialect: februaryCalls,
    supplyChainAgentUrl: "http://supply-chain-agent.localhost:3000",
    prompt: "x",
    timeoutSeconds: 5,
    observer: () => {},
  });
}

test("an answer beyond 1 MiB is not read, and the run reports it", async () => {
  const { body, read } = endlessBody();
  const { status, failure } = await delegateAnswered(() => new Response(body)).run();
  expect([status, failure]).toEqual([
    "failed",
    { code: "invalid_answer", message: expect.stringContaining("larger than 1048576 bytes") },
  ]);
  expect(read.bytes).toBeLessThan(2_000_000);
});

test("S3: a call that fails at the second hop is failed, and keeps the report", async () => {
  const marketAnalysis = { status: "failed", reason: "r", hop: "a -> b", code: "http_403", message: "m" };
  const parts = [
    { kind: "text", text: "# Report" },
    { kind: "data", data: { marketAnalysis } },
  ];
  const delegate = createDelegate({
    agent: {
      fetchFor: () => async (_input: unknown, init?: RequestInit) => {
        const { id } = JSON.parse(String(init?.body));
        const result = { kind: "message", messageId: "m", role: "agent", parts };
        return Response.json({ jsonrpc: "2.0", id, result });
      },
    } as unknown as Agent,
    dropAgentToken: () => {},
    dialect: februaryCalls,
    observer: () => {},
    supplyChainAgentUrl: "http://supply-chain-agent.localhost:3000",
    prompt: "x",
    timeoutSeconds: 5,
  });
  expect(await delegate.run()).toMatchObject({
    status: "failed",
    failure: { code: "http_403", message: "m" },
    report: "# Report",
  });
});

const refusal = (code: AAuthErrorCode) => ({ code, section: "profile 6" });

test.each<[string, TokenRequestError, string]>([
  [
    "by its check",
    new TokenRequestError("invalid_request", "x", 400, refusal("consent_required")),
    "consent_required",
  ],
  ["by its error alone", new TokenRequestError("invalid_request", "x", 400), "consent_required"],
  [
    "and not by another check",
    new TokenRequestError("invalid_request", "x", 400, refusal("malformed_token")),
    "token_request_refused",
  ],
])("an auth server that requires the user's consent is reported %s", async (_name, error, code) => {
  const delegate = delegateAnswered(() => {
    throw error;
  });
  expect((await delegate.run()).failure?.code).toBe(code);
});

test.each([
  ["a signature", 401, "httpsig", 2],
  ["an identity", 401, "httpsig; identity=?1", 1],
  [
    "an auth token",
    401,
    'httpsig; auth-token=?1; resource_token="r"; auth_server="http://localhost:8080"',
    1,
  ],
  ["the user", 401, 'httpsig; user_interaction="http://supply-chain-agent.localhost:3000/i"', 1],
  ["nothing", 401, undefined, 1],
])(
  "after a refusal that requires %s, status %i, calls again with a new agent token only for a signature",
  async (_name, status, challenge, calls) => {
    const done: string[] = [];
    const answer = () => {
      done.push("call");
      return new Response("", {
        status,
        ...(challenge !== undefined && { headers: { "agent-auth": challenge } }),
      });
    };
    const { failure } = await delegateAnswered(answer, () => done.push("drop")).run();
    expect(failure?.code).toBe(`http_${status}`);
    expect(done).toEqual(calls === 2 ? ["call", "drop", "call"] : ["call"]);
  },
);

test("a missing response is not a failed connection", async () => {
  const delegate = delegateAnswered(() => {
    throw new DOMException("x", "TimeoutError");
  });
  expect((await delegate.run()).failure).toEqual({
    code: "timeout",
    message: "No answer within 5 seconds.",
  });
});

test("a token that names no delegate is shown as that", async () => {
  const claims = { agent: "http://backend.localhost:8000", scope: "supply-chain:optimize" };
  const event = {
    type: "token_received",
    authServer: "http://localhost:8080",
    requestType: "auth",
    token: { header: {}, claims, tokenId: "t-1" },
    expiresInSeconds: 300,
  } as unknown as AAuthEvent;
  const fetchFor = ({ observer }: FetchContext) => {
    observer?.(event);
    return async () => new Response("", { status: 500 });
  };
  const delegate = createDelegate({
    agent: { fetchFor } as unknown as Agent,
    dropAgentToken: () => {},
    dialect: februaryCalls,
    observer: () => {},
    supplyChainAgentUrl: "http://supply-chain-agent.localhost:3000",
    prompt: "x",
    timeoutSeconds: 5,
  });
  const { granted, steps } = await delegate.run();
  expect(granted).toEqual(claims);
  expect(steps[0]?.details).toBe(
    "Auth token t-1: agent http://backend.localhost:8000, no agent_delegate, scope supply-chain:optimize",
  );
});

test.each([
  ["gateway", 'code=nonce_replayed, section="profile 2.7", by=gateway', "The gateway answered"],
  ["agent", 'code=nonce_replayed, section="profile 2.7"', "The supply-chain agent answered"],
  ["unknown", "", "The supply-chain agent, or a gateway before it, answered"],
])("a refusal names the party that sent it: %s", async (_who, refusal, start) => {
  const headers = { "aauth-refusal": refusal };
  const { failure } = await delegateAnswered(() => new Response("", { status: 403, headers })).run();
  expect(failure?.message).toBe(`${start} with status 403.`);
});
