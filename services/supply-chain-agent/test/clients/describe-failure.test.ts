import { AAuthAgentError, TokenRejectedError, TokenRequestError } from "aauth";
import { ConsentRequiredError } from "aauth/february-2026";
import { AgentAnswerError, AgentHttpError, AgentRpcError, type RefusedAnswer } from "aauth-a2a";
import { expect, test } from "vitest";
import { describeFailure, NoUpstreamTokenError } from "../../src/clients/describe-failure.ts";

const AUTH_SERVER = "supply-chain-agent -> auth server";
const NEXT_AGENT = "supply-chain-agent -> market-analysis-agent";

const consent = new ConsentRequiredError({
  consentUrl: "http://localhost:8080/consent?request_token=secret",
  requestToken: "secret",
  authServer: "http://localhost:8080",
  expiresInSeconds: 600,
});

test.each<[string, unknown, boolean, string, string, string, string?]>([
  [
    "exchange refused",
    new TokenRequestError("access_denied", "Scope expansion not allowed", 400, undefined, {
      section: "profile 6",
    }),
    true,
    "token exchange failed",
    AUTH_SERVER,
    "token_request_refused",
    "profile 6",
  ],
  [
    "token refused, on own authority",
    new TokenRequestError("access_denied", "policy", 403, undefined, { section: "profile 6" }),
    false,
    "token request failed",
    AUTH_SERVER,
    "token_request_refused",
    "profile 6",
  ],
  [
    "no upstream token",
    new NoUpstreamTokenError("none"),
    true,
    "token exchange not possible",
    AUTH_SERVER,
    "upstream_token_required",
    "profile 7",
  ],
  ["consent", consent, false, "consent required", AUTH_SERVER, "consent_required"],
  [
    "foreign auth server in the challenge",
    new AAuthAgentError("challenge_untrusted", "x", { section: "profile 3.4" }),
    true,
    "request failed",
    NEXT_AGENT,
    "challenge_untrusted",
    "profile 3.4",
  ],
  ["HTTP error", new AgentHttpError(403), true, "request failed", NEXT_AGENT, "http_403"],
  [
    "answer too large",
    new AgentAnswerError("is larger", { code: "answer_too_large" }),
    true,
    "request failed",
    NEXT_AGENT,
    "answer_too_large",
  ],
  ["timeout", new DOMException("x", "TimeoutError"), true, "request failed", NEXT_AGENT, "timeout"],
  [
    "refused",
    Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
    true,
    "request failed",
    NEXT_AGENT,
    "connection_refused",
  ],
  [
    "refused at both addresses",
    new AggregateError([Object.assign(new Error(), { code: "ECONNREFUSED" })]),
    true,
    "request failed",
    NEXT_AGENT,
    "connection_refused",
  ],
  ["JSON-RPC error", new AgentRpcError(-32603, "secret"), true, "request failed", NEXT_AGENT, "rpc_-32603"],
  ["no JSON", new SyntaxError("secret"), true, "request failed", NEXT_AGENT, "answer_unreadable"],
])("%s", (_name, error, exchanging, reason, hop, code, section) => {
  const failure = describeFailure(error, { exchanging, timeoutMs: 30_000 });
  expect(failure).toEqual({ reason, hop, code, section, message: expect.any(String) });
  expect(failure.message).not.toContain("secret");
});

const messageOf = (error: unknown) => describeFailure(error, { exchanging: true, timeoutMs: 30_000 }).message;

test("an HTTP error names the party that answered, and the refusal's code", () => {
  const refusal = { code: "untrusted_agent", section: "5.1" } as const;
  const http = (status: number, answer: RefusedAnswer = {}) => messageOf(new AgentHttpError(status, answer));
  expect(http(403, { refusal })).toBe("it answered with status 403 (untrusted_agent)");
  expect(http(401, { refusal: { ...refusal, by: "gateway" } })).toMatch(/^the gateway before it answered/);
  expect(http(503, { gatewayFailed: true })).toMatch(/^the gateway before it answered/);
  expect(http(401, { challenge: "httpsig" })).toMatch(/^it answered/);
  // A published agent, or a gateway that does not mark its refusals.
  expect(http(401)).toBe("it, or a gateway before it, answered with status 401");
  expect(http(503)).toBe("it, or a gateway before it, answered with status 503");
});

test("the section of a refusal is that of the party that refused", () => {
  const personServer = "https://ps.example";
  const sectionOf = (error: unknown) =>
    describeFailure(error, { exchanging: true, timeoutMs: 1, personServer }).section;
  const refusal = { code: "token_revoked", section: "draft -11, section 11.12" } as const;
  expect(sectionOf(new AgentHttpError(401, { refusal }))).toBe(refusal.section);
  expect(sectionOf(new TokenRejectedError("x", 401, refusal))).toBe(refusal.section);
  expect(sectionOf(new TokenRejectedError("x", 401))).toBeUndefined();
});

test("a timeout is one, and is not called unreachable", () => {
  expect(messageOf(new DOMException("x", "TimeoutError"))).toBe("it did not answer within 30 seconds");
  for (const code of ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "ETIMEDOUT"]) {
    const error = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) });
    expect(messageOf(error)).toBe(`it did not answer in time (${code})`);
  }
  expect(messageOf(Object.assign(new Error("x"), { code: "EPIPE" }))).toBe("it could not be reached (EPIPE)");
});

test("a rejected token is shown in the words of the agent that rejected it", () => {
  const failure = describeFailure(new TokenRejectedError("Authorization required", 401), {
    exchanging: true,
    timeoutMs: 30_000,
  });
  expect(failure).toEqual({
    reason: "request failed",
    hop: NEXT_AGENT,
    code: "auth_token_rejected",
    message: "the resource rejected the auth token: Authorization required",
  });
});
