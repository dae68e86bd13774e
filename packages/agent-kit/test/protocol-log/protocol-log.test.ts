import { AAuthVerificationError, type VerificationReport } from "aauth";
import { february2026Tokens, formatAgentAuth } from "aauth/february-2026";
import { createLogger } from "agent-kit/service";
import { describe, expect, test } from "vitest";
import { createTestParties } from "../../../aauth/test/february-2026/parties.ts";
import { publishedPeerHint } from "../../src/february-2026/published-peers.ts";
import { createAgentLog, createVerificationLog } from "../../src/protocol-log/index.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock } = parties;
const resourceToken = await february2026Tokens.issueResourceToken({
  key: resource.key,
  resource: resource.id,
  authServer: authServer.issuer,
  agent: agent.id,
  agentJkt: agent.key.thumbprint,
  scope: "supply-chain:optimize",
  now: clock.now,
});
const authToken = await parties.issueAuthToken({ scope: "supply-chain:optimize" });
const REQUEST = { method: "POST", url: "/?page=1" };
const REQUIREMENT = { level: "authorized", scopes: ["supply-chain:optimize"] } as const;

function collect(showTokens = false, level: "debug" | "warn" = "debug") {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line.trimEnd()) };
  return { lines, logger: createLogger({ service: "test", level, destination, showTokens }) };
}

describe("at the verifier", () => {
  const challenged = {
    type: "request_refused",
    error: new AAuthVerificationError("authorization_required", "an auth token is needed"),
    requirement: REQUIREMENT,
    challenge: {
      status: 401,
      headers: {
        "agent-auth": formatAgentAuth({ level: "authorized", resourceToken, authServer: authServer.issuer }),
      },
      body: "",
    },
  } as const;

  test("a challenge is logged in the walk-through's words, with the claims and without the token", () => {
    const { lines, logger } = collect();
    createVerificationLog(logger, resource.id)(challenged, REQUEST);
    expect(lines[1]).toBe(
      "INFO:agent_executor:🔐 Authorization required: auth_token missing or invalid code=authorization_required",
    );
    expect(lines[2]).toMatch(/^INFO:resource_token_service:🔐 Issuing resource_token id=[0-9a-f]{8} claims=/);
    expect(lines[2]).toContain(agent.key.thumbprint);
    expect(lines[3]).toBe("INFO:agent_executor:🔐 Returning 401 with Agent-Auth header");
    expect(lines.join("\n")).not.toContain(resourceToken);
  });

  test("a signature that lacks only the body is logged with the setting that would accept its sender", () => {
    const { lines, logger } = collect();
    const log = createVerificationLog(logger, resource.id, publishedPeerHint);
    const refused = (claim: string, scheme = "jwks") => {
      const report = { scheme, checks: [] } as unknown as VerificationReport;
      const error = new AAuthVerificationError("insufficient_coverage", "x", { claim, report });
      const challenge = { ...challenged.challenge, headers: { "agent-auth": "httpsig" } };
      lines.length = 0;
      log({ ...challenged, error, challenge }, REQUEST);
      return lines.join("\n");
    };
    expect(refused("content-type content-digest")).toMatch(/hint="an agent .* AAUTH_PUBLISHED_PEERS"/);
    expect(refused("content-digest", "hwk")).toMatch(/hint=".* set AAUTH_PUBLISHED_HWK"/);
    expect(refused("@path content-digest")).not.toContain("hint");
  });

  test("at level warn a failed signature is logged, and a challenge is not read", () => {
    const { lines, logger } = collect(false, "warn");
    const log = createVerificationLog(logger, resource.id);
    const challenge = { ...challenged.challenge, headers: { "agent-auth": "not to be parsed" } };
    log({ ...challenged, challenge }, REQUEST);
    expect(lines).toEqual([]);
    log({ ...challenged, error: new AAuthVerificationError("invalid_signature", "no") }, REQUEST);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("signature verification failed");
  });

  test("a limit is logged with the level that would raise it, and without the token", () => {
    const { lines, logger } = collect();
    const { publicJwk: key, thumbprint } = agent.key;
    const caller = {
      profile: "february-2026",
      level: "identified",
      scheme: "jwks",
      agent: agent.id,
      key,
      thumbprint,
    } as const;
    const limit = { level: "identified", retryAfterSeconds: 12 } as const;
    const { headers } = challenged.challenge;
    const log = createVerificationLog(logger, resource.id);
    log({ type: "request_limited", caller, limit, challenge: { status: 429, headers, body: "" } }, REQUEST);
    log(
      { type: "request_limited", caller, limit, challenge: { status: 429, headers: {}, body: "" } },
      REQUEST,
    );
    expect(lines[0]).toBe(
      "INFO:agent_executor:⚠️ Rate limit reached for this level callerLevel=identified retryAfterSeconds=12 raisedBy=authorized",
    );
    expect(lines[1]).toContain("Issuing resource_token");
    expect(lines[2]).toBe("INFO:agent_executor:🔐 Returning 429 with Agent-Auth header");
    expect(lines.at(-1)).toBe("INFO:agent_executor:🔐 Returning 429");
    expect(lines.join("\n")).not.toContain(resourceToken);
  });

  test("a refused signature names the check that failed", () => {
    const { lines, logger } = collect();
    const checks = [{ name: "created", section: "profile 2.4", verdict: "failed" } as const];
    const report = { profile: "february-2026", checks };
    const error = new AAuthVerificationError("created_out_of_window", "created is more than 60 s from now", {
      report,
    });
    const challenge = { status: 401, headers: { "agent-auth": "httpsig" }, body: "" };
    const event = { type: "request_refused", error, requirement: REQUIREMENT, challenge } as const;
    createVerificationLog(logger, resource.id)(event, REQUEST);
    expect(lines[0]).toBe(
      'WARNING:aauth.signing:❌ AAuth signature verification failed code=created_out_of_window check=created reason="created is more than 60 s from now"',
    );
  });
});

describe("an agent's call", () => {
  const token = { header: { typ: "auth+jwt" }, claims: { aud: resource.id }, tokenId: "1a2b3c4d" };

  test("step by step, each line with its context", () => {
    const { lines, logger } = collect();
    const log = createAgentLog(logger, "supply-chain-agent");
    const context = { runId: "run-1" };
    const about = { url: `${resource.id}/`, method: "POST", purpose: "resource" } as const;
    const { issuer } = authServer;
    const key = { kid: "key-1", thumbprint: "thumbprint-1" };
    const signed = {
      profile: "february-2026",
      coveredComponents: ["@method"],
      signatureBase: "base",
      created: 1,
      ...key,
      attempt: 1,
    };
    log({ ...about, type: "request_signed", scheme: "jwks", ...signed }, context);
    log(
      {
        type: "challenge_received",
        url: about.url,
        status: 401,
        level: "authorized",
        server: issuer,
        resourceToken: token,
      },
      context,
    );
    log({ type: "token_requested", server: issuer, url: issuer, requestType: "auth" }, context);
    log(
      { type: "token_received", server: issuer, requestType: "auth", token, expiresInSeconds: 300 },
      context,
    );
    log({ ...about, type: "request_retried", scheme: "jwt", reason: "authorization" }, context);
    expect(lines.every((line) => line.includes(" runId=run-1"))).toBe(true);
    expect(lines.map((line) => line.replace(/ runId=.*/, ""))).toEqual([
      `INFO:aauth.signing:🔐 SIGNING with: method=POST, target_uri=${resource.id}/`,
      "DEBUG:aauth.signing:🔐 Signature base",
      `INFO:aauth.tokens:🔐 401 from supply-chain-agent (url=${resource.id}/)`,
      "INFO:aauth_token_service:🔐 Received resource_token from 401",
      "INFO:aauth_token_service:🔐 Requesting auth_token from auth server",
      "INFO:aauth.tokens:🔐 Received auth_token from auth server",
      "INFO:aauth_token_service:🔄 Retrying request with auth_token",
    ]);
  });

  test.each([false, true])(
    "the whole token shows only when agent and logger agree (showTokens %s)",
    (shown) => {
      const { lines, logger } = collect(shown);
      createAgentLog(
        logger,
        "supply-chain-agent",
      )({
        type: "token_received",
        server: authServer.issuer,
        requestType: "exchange",
        token: { ...token, token: authToken },
        expiresInSeconds: 300,
      });
      expect(lines[0]).toContain("🔐 Received auth_token from auth server (exchange)");
      expect(lines.join("\n").includes(authToken)).toBe(shown);
    },
  );

  test("of another profile is logged with its requirement, and without the code of a page", () => {
    const { lines, logger } = collect();
    const log = createAgentLog(logger, "supply-chain-agent");
    const { issuer } = authServer;
    log({
      type: "token_received",
      server: issuer,
      requestType: "person-token",
      token,
      expiresInSeconds: 300,
    });
    const url = "https://ps.example/visit";
    const page = `${url}?code=A1B2-C3D4`;
    log({ type: "interaction_required", party: issuer, url, code: "A1B2-C3D4", page, isRelayed: false });
    expect(lines[0]).toContain("🔐 Received person_token from person server");
    expect(lines[1]).toContain(url);
    expect(lines[1]).not.toContain("A1B2-C3D4");
  });
});
