import { AAuthAgentError, type AAuthErrorCode, TokenRejectedError, TokenRequestError } from "aauth";
import { ConsentRequiredError } from "aauth/february-2026";
import type { Refusal } from "aauth/resource";
import { AgentAnswerError, AgentHttpError, AgentRpcError, type RefusedAnswer } from "aauth-a2a";
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

const aauth = (code: AAuthErrorCode, cause?: unknown) => new AAuthAgentError(code, "x", { cause });
const refused = systemError("ECONNREFUSED");
const consent = { consentUrl: "u", requestToken: "r", authServer: "a", expiresInSeconds: 1 };
const http = (status: number, answer: RefusedAnswer = {}) => new AgentHttpError(status, answer);

/** Each error, with the hop, check and code of its explanation. */
const CASES: [string, unknown, [hop: string, check: string, code?: string], Peer?][] = [
  ["gateway down", fetchError(refused), ["gateway", "connection", "connection_refused"]],
  ["auth server down", refused, ["auth-server", "connection", "connection_refused"], "auth-server"],
  [
    "auth server down, as the token client reports it",
    aauth("token_request_failed", refused),
    ["auth-server", "connection", "connection_refused"],
  ],
  [
    "auth server talks nonsense",
    aauth("token_request_failed"),
    ["auth-server", "connection", "token_request_failed"],
  ],
  ["agent slow", new DOMException("too slow", "TimeoutError"), ["supply-chain-agent", "timeout"]],
  [
    "auth server slow",
    aauth("token_request_failed", new DOMException("t", "TimeoutError")),
    ["auth-server", "timeout"],
  ],
  [
    "gateway that takes no connection",
    fetchError(systemError("UND_ERR_CONNECT_TIMEOUT")),
    ["gateway", "timeout", "connect_timeout"],
  ],
  ["a 401 that no party has marked", http(401), ["supply-chain-agent", "signature", "http_401"]],
  [
    "auth token rejected by the agent",
    new TokenRejectedError("Authorization required", 401),
    ["supply-chain-agent", "signature", "auth_token_rejected"],
  ],
  [
    "auth token rejected by the gateway",
    new TokenRejectedError("", 401, byGateway("invalid_token_signature")),
    ["gateway", "signature", "auth_token_rejected"],
    "auth-server",
  ],
  [
    "gateway refuses the signature and says why",
    http(401, { challenge: "httpsig", refusal: byGateway("nonce_replayed") }),
    ["gateway", "signature", "nonce_replayed"],
  ],
  [
    "agent refuses the signature",
    http(401, { challenge: "httpsig", refusal: refusal("invalid_signature") }),
    ["supply-chain-agent", "signature", "invalid_signature"],
  ],
  [
    "agent refuses a revoked token",
    http(401, { refusal: refusal("token_revoked") }),
    ["supply-chain-agent", "signature", "token_revoked"],
  ],
  [
    "gateway wants an identity",
    http(401, { challenge: "httpsig; identity=?1", refusal: byGateway("identity_required") }),
    ["gateway", "identity"],
  ],
  [
    "agent wants the user at its own page",
    http(401, { challenge: 'httpsig; user_interaction="http://x/y"' }),
    ["supply-chain-agent", "challenge", "user_interaction"],
  ],
  [
    "identity wanted, as the agent reports it",
    aauth("identity_required"),
    ["supply-chain-agent", "identity"],
  ],
  ["gateway policy", http(403), ["gateway", "policy", "http_403"]],
  [
    "agent lacks a scope",
    http(403, { challenge: "httpsig; auth-token", refusal: refusal("insufficient_scope") }),
    ["supply-chain-agent", "policy", "insufficient_scope"],
  ],
  [
    "an agent that is not trusted",
    http(403, { refusal: refusal("untrusted_agent") }),
    ["supply-chain-agent", "policy", "untrusted_agent"],
  ],
  ["no route", http(404), ["gateway", "policy"]],
  ["rate limit", http(429), ["gateway", "policy", "http_429"]],
  ["agent down behind the gateway", http(503), ["supply-chain-agent", "connection", "http_503"]],
  ["gateway-authz down", http(503, { gatewayFailed: true }), ["gateway", "connection"]],
  [
    "the gateway's memory of nonces is full",
    http(503, { refusal: byGateway("replay_memory_full") }),
    ["gateway", "policy", "http_503"],
  ],
  ["agent slow behind the gateway", http(504), ["supply-chain-agent", "timeout"]],
  ["agent breaks", http(500), ["supply-chain-agent", "answer", "http_500"]],
  [
    "token refused",
    new TokenRequestError("access_denied", "Agent is not allowed by policy", 403),
    ["auth-server", "token_request", "access_denied"],
    "auth-server",
  ],
  [
    "token refused, in a word that every object has",
    new TokenRequestError("constructor", "x", 400),
    ["auth-server", "token_request", "constructor"],
    "auth-server",
  ],
  [
    "second consent demand",
    new ConsentRequiredError(consent),
    ["auth-server", "consent", "consent_repeated"],
    "auth-server",
  ],
  [
    "untrusted challenge",
    aauth("challenge_untrusted"),
    ["supply-chain-agent", "challenge", "challenge_untrusted"],
  ],
  [
    "auth token that does not verify",
    aauth("token_audience_mismatch"),
    ["auth-server", "token_request", "token_audience_mismatch"],
    "auth-server",
  ],
  [
    "JSON-RPC error",
    new AgentRpcError(-32603, "Internal error"),
    ["supply-chain-agent", "rpc", "rpc_-32603"],
  ],
  [
    "unusable answer",
    new AgentAnswerError("holds no text"),
    ["supply-chain-agent", "answer", "invalid_answer"],
  ],
  ["fault of the backend", new TypeError("x is not a function"), ["backend", "internal", "internal_error"]],
];

describe("every failure", () => {
  it.each(CASES)("names hop and check: %s", (_name, error, [hop, check, code], peer) => {
    const failure = explain(error, peer);
    expect(failure).toMatchObject({ hop, check, ...(code !== undefined && { code }) });
    expect(failureSchema.parse(failure)).toEqual(failure);
    expect(failure.advice).toMatch(/\.$/);
    expect(JSON.stringify(failure)).not.toMatch(/secret|is not a function|\.ts:|127\.0\.0\.1/);
  });

  it("passes on the auth server's reason, and advises by the code of a refusal", () => {
    const { message } = explain(new TokenRequestError("invalid_grant", "Invalid\ntoken", 400), "auth-server");
    expect(message).toContain("invalid_grant: Invalid token");
    const interaction = http(401, { challenge: 'httpsig; user_interaction="http://x/y"' });
    expect(explain(interaction).advice).toBe("Configure the agent to ask for an auth token instead.");
    expect(explain(http(403, { refusal: refusal("untrusted_agent") })).advice).toContain(
      "SUPPLY_CHAIN_TRUSTED_AGENTS",
    );
  });

  it("says of a revoked token that it is revoked, and blames no signature", () => {
    const { message } = explain(http(401, { refusal: refusal("token_revoked") }));
    expect(message).toContain("it has been revoked");
    expect(message).not.toContain("signature");
  });

  it("says that a party did not answer, and within which time", () => {
    const timeout = new DOMException("t", "TimeoutError");
    expect(explain(timeout).message).toBe("The supply-chain agent did not answer within 60 seconds.");
    expect(explain(timeout, "auth-server").message).toBe("The auth server did not answer within 60 seconds.");
    const late = new AAuthAgentError(
      "token_request_failed",
      "the auth server did not answer within 10 seconds",
      {
        cause: timeout,
      },
    );
    expect(explain(late).message).toBe("The auth server did not answer within 10 seconds.");
    expect(explain(http(504)).message).toBe("The supply-chain agent did not answer in time for the gateway.");
    expect(explain(systemError("ETIMEDOUT")).message).toBe(
      "The gateway did not accept a connection in time.",
    );
  });

  it("names the components that a signature does not cover", () => {
    const refused = { ...byGateway("insufficient_coverage"), missing: "content-type content-digest" };
    const { message, advice } = explain(http(401, { challenge: "httpsig", refusal: refused }));
    expect(message).toMatch(/^The gateway did not .* it does not cover content-type content-digest\.$/);
    expect(advice).toContain("AAUTH_PUBLISHED_PEERS");
  });

  it("shows the words in which a token was rejected", () => {
    const { message } = explain(new TokenRejectedError("Authorization\nrequired", 401));
    expect(message).toBe("The supply-chain agent rejected the auth token: Authorization required");
    expect(explain(new TokenRejectedError("", 401)).message).toMatch(/agent rejected the auth token\.$/);
  });

  it("blames neither gateway nor agent for a 401 that either may have sent", () => {
    const { message, advice } = explain(http(401));
    expect(message).toMatch(/^The supply-chain agent, or a gateway before it, refused/);
    expect(advice).toContain("AAUTH_PUBLISHED_PEERS");
    const marked = explain(http(401, { refusal: byGateway("nonce_replayed") }));
    expect([marked.hop, marked.message]).toEqual([
      "gateway",
      "The gateway did not accept the request's signature.",
    ]);
  });

  it("bounds foreign text, and keeps it on one line", () => {
    const { message } = explain(new AgentRpcError(-1, `a\n\u0000b${"c".repeat(1000)}`));
    expect(message).toContain("a bccc");
    expect(message.length).toBeLessThan(400);
  });
});
