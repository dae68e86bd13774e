import { AAuthAgentError, type AAuthErrorCode, ConsentRequiredError, TokenRequestError } from "aauth";
import type { Refusal } from "aauth/resource";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "agent-kit/a2a";
import { failureSchema } from "backend-api";
import { describe, expect, it } from "vitest";
import { explainFailure } from "../../src/failures/explain-failure.ts";
import type { Peer } from "../../src/failures/situation.ts";

const places = {
  agentUrl: "http://supply-chain-agent.localhost:3000",
  issuer: "http://localhost:8080/realms/aauth-test",
  backendUrl: "http://backend.localhost:8000",
};

const explain = (error: unknown, peer: Peer = "resource") =>
  explainFailure(error, { peer, places, timeoutSeconds: 60 });

const refusal = (code: AAuthErrorCode): Refusal => ({ code, section: "profile" });
const byGateway = (code: AAuthErrorCode): Refusal => ({ ...refusal(code), by: "gateway" });
const systemError = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:3000`), { code });
const fetchError = (cause: unknown) => new TypeError("fetch failed", { cause });

describe("every failure", () => {
  const cases: [string, unknown, Peer | undefined, object][] = [
    [
      "gateway down",
      fetchError(systemError("ECONNREFUSED")),
      undefined,
      { hop: "gateway", check: "connection", code: "connection_refused" },
    ],
    [
      "gateway down on both address families",
      fetchError(new AggregateError([systemError("ECONNREFUSED"), systemError("ECONNREFUSED")])),
      undefined,
      { hop: "gateway", check: "connection", code: "connection_refused" },
    ],
    [
      "auth server down",
      systemError("ECONNREFUSED"),
      "auth-server",
      { hop: "auth-server", check: "connection", code: "connection_refused" },
    ],
    [
      "auth server down, as the token client says it",
      new AAuthAgentError("token_request_failed", "could not be reached", {
        cause: systemError("ECONNREFUSED"),
      }),
      undefined,
      { hop: "auth-server", check: "connection", code: "connection_refused" },
    ],
    [
      "auth server undiscoverable",
      new AAuthAgentError("discovery_failed", "x could not be read", { cause: systemError("ECONNREFUSED") }),
      undefined,
      { hop: "auth-server", check: "connection", code: "connection_refused" },
    ],
    [
      "auth server talks nonsense",
      new AAuthAgentError("token_request_failed", "not JSON"),
      undefined,
      { hop: "auth-server", check: "connection", code: "token_request_failed" },
    ],
    [
      "unknown name",
      fetchError(systemError("ENOTFOUND")),
      undefined,
      { hop: "gateway", code: "name_not_found" },
    ],
    [
      "broken connection",
      fetchError(systemError("UND_ERR_SOCKET")),
      undefined,
      { hop: "gateway", code: "connection_broken" },
    ],
    [
      "agent slow",
      new DOMException("too slow", "TimeoutError"),
      undefined,
      { hop: "supply-chain-agent", check: "timeout" },
    ],
    [
      "agent slow, as undici says it",
      fetchError(systemError("UND_ERR_HEADERS_TIMEOUT")),
      undefined,
      { hop: "supply-chain-agent", check: "timeout" },
    ],
    [
      "auth server slow",
      new AAuthAgentError("token_request_failed", "x", { cause: new DOMException("t", "TimeoutError") }),
      undefined,
      { hop: "auth-server", check: "timeout" },
    ],
    [
      "gateway refuses the signature",
      new AgentHttpError(401),
      undefined,
      { hop: "gateway", check: "signature", code: "http_401" },
    ],
    [
      "gateway refuses the signature and says why",
      new AgentHttpError(401, { challenge: "httpsig", refusal: byGateway("nonce_replayed") }),
      undefined,
      { hop: "gateway", check: "signature", code: "nonce_replayed" },
    ],
    [
      "agent refuses the signature",
      new AgentHttpError(401, { challenge: "httpsig", refusal: refusal("invalid_signature") }),
      undefined,
      { hop: "supply-chain-agent", check: "signature", code: "invalid_signature" },
    ],
    [
      "gateway wants an identity",
      new AgentHttpError(401, { challenge: "httpsig; identity=?1", refusal: byGateway("identity_required") }),
      undefined,
      { hop: "gateway", check: "identity" },
    ],
    [
      "agent wants the user at its own page",
      new AgentHttpError(401, { challenge: 'httpsig; user_interaction="http://x/y"' }),
      undefined,
      { hop: "supply-chain-agent", check: "challenge", code: "user_interaction" },
    ],
    [
      "identity wanted, as the agent says it",
      new AAuthAgentError("identity_required", "the resource wants to know who is calling"),
      undefined,
      { hop: "supply-chain-agent", check: "identity" },
    ],
    [
      "gateway policy",
      new AgentHttpError(403),
      undefined,
      { hop: "gateway", check: "policy", code: "http_403" },
    ],
    [
      "agent lacks a scope",
      new AgentHttpError(403, { challenge: "httpsig; auth-token", refusal: refusal("insufficient_scope") }),
      undefined,
      { hop: "supply-chain-agent", check: "policy", code: "insufficient_scope" },
    ],
    [
      "a token without a user",
      new AgentHttpError(403, { refusal: refusal("user_required") }),
      undefined,
      { hop: "supply-chain-agent", check: "policy", code: "user_required" },
    ],
    [
      "an agent that is not welcome",
      new AgentHttpError(403, { refusal: refusal("untrusted_agent") }),
      undefined,
      {
        hop: "supply-chain-agent",
        check: "policy",
        code: "untrusted_agent",
        advice: expect.stringContaining("SUPPLY_CHAIN_TRUSTED_AGENTS"),
      },
    ],
    ["no route", new AgentHttpError(404), undefined, { hop: "gateway", check: "policy" }],
    ["unknown host", new AgentHttpError(421), undefined, { hop: "gateway", check: "policy" }],
    ["rate limit", new AgentHttpError(429), undefined, { hop: "gateway", check: "policy", code: "http_429" }],
    [
      "the agent's own limit",
      new AgentHttpError(429, { refusal: refusal("limit_reached") }),
      undefined,
      { hop: "supply-chain-agent", check: "policy", code: "http_429" },
    ],
    [
      "agent down behind the gateway",
      new AgentHttpError(503),
      undefined,
      { hop: "supply-chain-agent", check: "connection", code: "http_503" },
    ],
    [
      "gateway-authz down",
      new AgentHttpError(503, { gatewayFailed: true }),
      undefined,
      { hop: "gateway", check: "connection" },
    ],
    [
      "the gateway's memory of nonces is full",
      new AgentHttpError(503, { refusal: byGateway("replay_memory_full") }),
      undefined,
      { hop: "gateway", check: "policy", code: "http_503" },
    ],
    [
      "agent slow behind the gateway",
      new AgentHttpError(504),
      undefined,
      { hop: "supply-chain-agent", check: "timeout" },
    ],
    [
      "agent breaks",
      new AgentHttpError(500),
      undefined,
      { hop: "supply-chain-agent", check: "answer", code: "http_500" },
    ],
    [
      "token refused",
      new TokenRequestError("access_denied", "Agent is not allowed by policy", 403),
      "auth-server",
      {
        hop: "auth-server",
        check: "token_request",
        code: "access_denied",
        message: "The auth server refused a token: access_denied: Agent is not allowed by policy",
      },
    ],
    [
      "resource that the auth server cannot reach",
      new TokenRequestError("invalid_grant", "Invalid resource_token", 400, refusal("discovery_failed")),
      "auth-server",
      {
        hop: "auth-server",
        check: "token_request",
        code: "invalid_grant",
        advice: expect.stringContaining("start the agent, and the gateway before it"),
      },
    ],
    [
      "second consent demand",
      new ConsentRequiredError({ consentUrl: "u", requestToken: "r", authServer: "a", expiresInSeconds: 1 }),
      "auth-server",
      { hop: "auth-server", check: "consent", code: "consent_repeated" },
    ],
    [
      "untrusted challenge",
      new AAuthAgentError("challenge_untrusted", "not for us"),
      undefined,
      { hop: "supply-chain-agent", check: "challenge", code: "challenge_untrusted" },
    ],
    [
      "repeated challenge",
      new AAuthAgentError("challenge_repeated", "again"),
      undefined,
      { hop: "supply-chain-agent", check: "challenge", code: "challenge_repeated" },
    ],
    [
      "auth token that does not verify",
      new AAuthAgentError("token_audience_mismatch", "someone else"),
      "auth-server",
      { hop: "auth-server", check: "token_request", code: "token_audience_mismatch" },
    ],
    [
      "JSON-RPC error",
      new AgentRpcError(-32603, "Internal error"),
      undefined,
      { hop: "supply-chain-agent", check: "rpc", code: "rpc_-32603" },
    ],
    [
      "useless answer",
      new AgentAnswerError("holds no text"),
      undefined,
      { hop: "supply-chain-agent", check: "answer", code: "invalid_answer" },
    ],
    [
      "fault of the backend",
      new TypeError("x is not a function"),
      undefined,
      { hop: "backend", check: "internal", code: "internal_error" },
    ],
    ["something thrown that is no error", "boom", undefined, { hop: "backend", check: "internal" }],
  ];

  it.each(cases)("names hop and check: %s", (_name, error, peer, expected) => {
    const failure = explain(error, peer);
    expect(failure).toMatchObject(expected);
    expect(failureSchema.parse(failure)).toEqual(failure);
    expect(failure.advice).toMatch(/\.$/);
    expect(failure.message).toMatch(/\w/);
  });

  it("shows neither a foreign body nor an internal message", () => {
    for (const [, error] of cases) {
      expect(JSON.stringify(explain(error))).not.toMatch(/secret|is not a function|\.ts:|127\.0\.0\.1/);
    }
  });

  it("bounds what it passes on, and keeps it on one line", () => {
    const { message } = explain(new AgentRpcError(-1, `a\n\u0000b${"c".repeat(1000)}`));
    expect(message).toContain("a bccc");
    expect(message.length).toBeLessThan(400);
  });
});
