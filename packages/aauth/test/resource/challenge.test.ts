import { describe, expect, it } from "vitest";
import { AAuthAgentError, AAuthVerificationError } from "../../src/errors.ts";
import { parseAgentAuth } from "../../src/february-2026/agent-auth.ts";
import { february2026, february2026Resource } from "../../src/february-2026/profile.ts";
import { verifyResourceToken } from "../../src/february-2026/verify-tokens.ts";
import { createKeyRing } from "../../src/keys/key-ring.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { parseRefusal, REFUSAL_FIELD } from "../../src/profile/refusal.ts";
import { createChallenger, plainRefusal } from "../../src/resource/challenge.ts";
import { decodeToken } from "../../src/tokens/decode-token.ts";
import { JWKS, parties, refusal, requestOf, SCOPES, signBadly } from "./kit.ts";

const { agent, resource, authServer, clock } = parties;
const profile = february2026Resource({ authServer: authServer.issuer });
const challenger = createChallenger({
  profile,
  key: resource.key,
  resource: resource.id,
  now: clock.now,
});
const verifier = parties.createVerifier();
const { publicJwk: key, thumbprint } = agent.key;
const identified = {
  profile: "february-2026",
  level: "identified",
  scheme: "jwks",
  agent: agent.id,
  key,
  thumbprint,
} as const;

it("a challenger needs an auth server", () => {
  expect(() => createChallenger({ profile: february2026, key: resource.key, resource: resource.id })).toThrow(
    TypeError,
  );
});

describe("challenges", () => {
  it("an identified agent gets a resource token for the scopes of the route", async () => {
    const error = await refusal(verifier, await requestOf(), SCOPES);
    const challenge = await challenger.challengeFor(error, SCOPES);
    expect(challenge).toMatchObject({ status: 401, body: "Authorization required" });
    expect(challenge.headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
    });
    const header = challenge.headers["agent-auth"] ?? "";
    const { resourceToken = "", authServer: at } = parseAgentAuth(header);
    expect(header).toBe(
      `httpsig; auth-token; resource_token="${resourceToken}"; auth_server="${authServer.issuer}"`,
    );
    expect(at).toBe(authServer.issuer);
    expect(
      await verifyResourceToken(resourceToken, {
        audience: authServer.issuer,
        agent: agent.id,
        agentJkt: agent.key.thumbprint,
        discovery: parties.discovery,
        now: clock.now,
      }),
    ).toEqual({
      iss: resource.id,
      aud: authServer.issuer,
      agent: agent.id,
      agent_jkt: agent.key.thumbprint,
      exp: clock.now() + 300,
      scope: "supply-chain:optimize",
    });
  });

  it("an expired token is challenged usefully", async () => {
    const jwt = await parties.issueAuthToken({ now: () => clock.now() - 300 });
    const error = await refusal(verifier, await requestOf({ signatureKey: { scheme: "jwt", jwt } }), SCOPES);
    const { status, headers } = await challenger.challengeFor(error, SCOPES);
    expect(status).toBe(401);
    const { resourceToken = "" } = parseAgentAuth(headers["agent-auth"] ?? "");
    expect(decodeToken(resourceToken).claims).toMatchObject({ agent: agent.id });
  });

  it.each([
    ["unknown_authority", 421],
    ["header_too_large", 431],
    ["replay_memory_full", 503],
    ["discovery_busy", 503],
    ["untrusted_agent", 403],
    ["user_required", 403],
  ] as const)(
    "%s is answered without a challenge: another signature would not help",
    async (code, status) => {
      const { headers, ...answer } = await challenger.challengeFor(
        new AAuthVerificationError(code, "test"),
        SCOPES,
      );
      expect(answer).toEqual({ status, body: code });
      expect(headers).not.toHaveProperty("agent-auth");
    },
  );

  it.each(["discovery_blocked", "discovery_failed", "metadata_mismatch"] as const)(
    "A20: %s is answered as every other failure of a fetch",
    async (code) => {
      const error = new AAuthVerificationError(code, "https://10.0.0.1/: reason");
      const answer = await challenger.challengeFor(error, SCOPES);
      expect(answer.body).toBe("Valid AAuth signature required: discovery_failed");
      expect([answer.status, answer.headers["agent-auth"]]).toEqual([401, "httpsig"]);
      expect(answer.headers[REFUSAL_FIELD]).toBe('code=discovery_failed, section="profile 5.2"');
      expect(JSON.stringify(plainRefusal(error, SCOPES, [february2026]))).not.toMatch(
        /blocked|mismatch|10\.0/,
      );
    },
  );

  it.each([
    "token_request_failed",
    "challenge_repeated",
    "consent_required",
    "invalid_signature",
    "untrusted_issuer",
  ] as const)(
    "%s of this service's call to another is answered with 500, whatever the peer said",
    async (code) => {
      const { headers, ...answer } = await challenger.challengeFor(new AAuthAgentError(code, "test"), SCOPES);
      expect(answer).toEqual({ status: 500, body: code });
      expect(headers).not.toHaveProperty("agent-auth");
    },
  );

  it("every refusal states code, check and section in one header", async () => {
    const stale = await requestOf({ now: () => clock.now() - 100 });
    for (const [request, refused] of [
      [await requestOf(), { code: "authorization_required", check: "requirement", section: "profile 3.1" }],
      [stale, { code: "created_out_of_window", check: "created", section: "profile 2.4" }],
      [
        { ...stale, authority: "a.b" },
        { code: "unknown_authority", check: "headers", section: "profile 2.2" },
      ],
    ] as const) {
      const error = await refusal(verifier, request, SCOPES);
      const { headers } = await challenger.challengeFor(error, SCOPES);
      expect(parseRefusal(headers[REFUSAL_FIELD])).toEqual(refused);
    }
  });

  it("D5: a missing scope is a 403 that names the required scope", async () => {
    const jwt = await parties.issueAuthToken({ scope: "other" });
    const error = await refusal(verifier, await requestOf({ signatureKey: { scheme: "jwt", jwt } }), SCOPES);
    const { status, headers } = await challenger.challengeFor(error, SCOPES);
    expect(status).toBe(403);
    const { resourceToken = "" } = parseAgentAuth(headers["agent-auth"] ?? "");
    expect(decodeToken(resourceToken).claims.scope).toBe("supply-chain:optimize");
  });

  it.each(["missing", "forged"])(
    "D4, D9: with a %s signature only a signature is asked for",
    async (kind) => {
      const request =
        kind === "missing"
          ? { ...(await requestOf()), headers: {} }
          : await signBadly({ signatureKey: JWKS, key: resource.key });
      const error = await refusal(verifier, request, SCOPES);
      const { status, headers, body } = await challenger.challengeFor(error, SCOPES);
      expect([status, headers["agent-auth"]]).toEqual([401, "httpsig"]);
      expect(body).toBe(`Valid AAuth signature required: ${error.code}`);
    },
  );

  it("an error without a proven caller carries no resource token, whatever its code", async () => {
    for (const code of ["authorization_required", "token_expired", "insufficient_scope"] as const) {
      const { headers } = await challenger.challengeFor(new AAuthVerificationError(code, "x"), SCOPES);
      expect(headers["agent-auth"]).toBe("httpsig");
    }
  });
});

describe("a challenger", () => {
  const options = { key: resource.key, resource: resource.id, now: clock.now };

  it("signs with the key that a ring has at the time", async () => {
    const ring = createKeyRing({
      key: resource.key,
      create: (sequence) => generateSigningKey({ kid: `resource-${sequence}` }),
      now: clock.now,
    });
    const rotating = createChallenger({ profile, ...options, key: ring });
    const kids: unknown[] = [];
    for (const rotate of [() => {}, ring.rotate]) {
      await rotate();
      clock.advance(12);
      const { resourceToken } = await rotating.resourceToken(identified, ["a"]);
      kids.push(decodeToken(resourceToken).header.kid);
    }
    expect(kids).toEqual([resource.key.kid, "resource-2"]);
  });
});

it("a caller over a limit that no level would raise has to wait, for at least a second", async () => {
  const { headers } = await challenger.limitReached(identified, { retryAfterSeconds: 0 });
  expect([headers["retry-after"], headers["agent-auth"]]).toEqual(["1", undefined]);
});

it("a resource token without scopes, or for a caller without a name, is not issued", async () => {
  await expect(challenger.resourceToken(identified, [])).rejects.toThrow(TypeError);
  const { agent: _, ...unnamed } = identified;
  await expect(challenger.resourceToken(unnamed, ["a"])).rejects.toThrow("proven agent identity");
});
