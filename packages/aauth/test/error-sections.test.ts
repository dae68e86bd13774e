/** The sections that errors cite: those of the dialect in which they were thrown. */

import { describe, expect, test } from "vitest";
import { createAgent } from "../src/agent/agent.ts";
import { draft11 } from "../src/draft-11/profile.ts";
import { verifyAgentToken } from "../src/draft-11/verify-tokens.ts";
import { AAuthError, type AAuthErrorCode, AAuthVerificationError, ERROR_CODES } from "../src/errors.ts";
import { february2026 } from "../src/february-2026/profile.ts";
import { parseRefusal, REFUSAL_FIELD } from "../src/profile/refusal.ts";
import { createChallenger, plainRefusal } from "../src/resource/challenge.ts";
import { createVerifier } from "../src/resource/verify-request.ts";
import { discoveryOf, keys, now, PERSON_SERVER, RESOURCE, requestOf } from "./draft-11/kit.ts";
import { parties as february, requestOf as februaryRequest, refusal } from "./resource/kit.ts";

const codes = Object.keys(ERROR_CODES) as AAuthErrorCode[];
const OF_DRAFT_11 = /^(?:draft -11, section \d|RFC \d)/;

describe("an agent of draft -11", () => {
  test.each(codes)("cites no other dialect for %s", async (code) => {
    const discovery = discoveryOf();
    const agent = createAgent({
      id: "aauth:planner@agent.example",
      key: keys.agent,
      personServer: PERSON_SERVER,
      discovery,
      transport: () => Promise.reject(new AAuthVerificationError(code, "of a test")),
    });
    const error = await agent
      .fetchFor()(`${RESOURCE}/data`)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AAuthError);
    expect((error as AAuthError).code).toBe(code);
    expect((error as AAuthError).section).toMatch(OF_DRAFT_11);
  });
});

describe("a verifier of draft -11", () => {
  test.each(codes)("cites no other dialect for %s, in the error and on the wire", async (code) => {
    const thrown = async () => {
      throw new AAuthVerificationError(code, "of a test");
    };
    const verifier = createVerifier({
      authorities: ["resource.example"],
      discovery: discoveryOf(),
      now,
      replayStore: { putIfAbsent: thrown },
    });
    const request = await requestOf({ method: "POST", body: "{}" });
    const error = await verifier.verifyRequest(request).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code, section: expect.stringMatching(OF_DRAFT_11) });
    const challenger = createChallenger({ key: keys.resource, resource: RESOURCE, now });
    const withoutCheck = new AAuthVerificationError(code, "of a test");
    for (const refused of [error as AAuthError, withoutCheck]) {
      const { headers } = await challenger.challengeFor(refused, { level: "agent-token" });
      expect(parseRefusal(headers[REFUSAL_FIELD])?.section).toMatch(OF_DRAFT_11);
    }
  });
});

test("a limit of draft -11 cites draft -11", async () => {
  const challenger = createChallenger({ key: keys.resource, resource: RESOURCE, now });
  const caller = { profile: draft11.name } as Parameters<typeof challenger.limitReached>[0];
  const { headers } = await challenger.limitReached(caller, { retryAfterSeconds: 1 });
  expect(parseRefusal(headers[REFUSAL_FIELD])).toEqual({
    code: "limit_reached",
    section: "draft -11, section 6",
  });
});

test("a token of draft -11 that is read outside of a request cites draft -11", async () => {
  const options = { trustedIssuers: [], discovery: discoveryOf(), now };
  await expect(verifyAgentToken("a.b.c", options as never)).rejects.toMatchObject({
    section: "draft -11, section 11.3.4 step 5",
  });
});

/** Sections of docs/february-2026/profile.md that the wire has carried since 0.1. */
const FEBRUARY: Readonly<Record<string, readonly string[]>> = {
  "1, 2": ["missing_signature"],
  "1.3": ["unsupported_scheme", "profile_not_accepted"],
  "1.5": ["malformed_signature_key", "unsupported_key", "label_mismatch", "header_too_large"],
  "2.2": ["unknown_authority"],
  "2.4": ["created_missing", "created_out_of_window"],
  "2.5": ["insufficient_coverage"],
  "2.7": [
    "nonce_required",
    "malformed_nonce",
    "nonce_replayed",
    "signature_replayed",
    "replay_memory_full",
    "store_unavailable",
  ],
  "3.1": [
    "identity_required",
    "authorization_required",
    "insufficient_scope",
    "user_required",
    "limit_reached",
    "unsupported_algorithm",
  ],
  "3.4": ["malformed_challenge", "challenge_untrusted", "challenge_repeated", "auth_token_rejected"],
  "3.5": ["user_interaction_required"],
  "4": [
    "malformed_token",
    "token_type_mismatch",
    "token_audience_mismatch",
    "token_expired",
    "token_not_yet_valid",
    "token_claim_missing",
    "invalid_token_signature",
  ],
  "4.1": ["token_agent_mismatch", "token_key_mismatch"],
  "4.2": ["token_algorithm_not_allowed", "untrusted_issuer"],
  "5.2": [
    "discovery_blocked",
    "discovery_failed",
    "discovery_busy",
    "metadata_mismatch",
    "unknown_key",
    "untrusted_agent",
  ],
  "6": ["token_request_refused", "token_request_failed"],
  "6.5": ["consent_required"],
};

describe("a resource of February", () => {
  const own = Object.entries(FEBRUARY).flatMap(([section, known]) =>
    known.map((code) => [code as AAuthErrorCode, `profile ${section}`] as const),
  );

  test.each(own)("cites for %s %s, on the wire", async (code, section) => {
    expect(await sectionSent(code)).toBe(section);
  });

  const others = codes.filter((code) => !own.some(([known]) => known === code));
  test.each(others)("cites its own text or an RFC for %s", async (code) => {
    expect(await sectionSent(code)).toMatch(/^(?:profile \d|RFC \d)/);
  });

  async function sectionSent(code: AAuthErrorCode) {
    const thrown = async () => {
      throw new AAuthVerificationError(code, "of a test");
    };
    const verifier = february.createVerifier({ replayStore: { putIfAbsent: thrown } });
    const error = await refusal(verifier, await februaryRequest({ nonce: "bm9uY2Utb2YtYS10ZXN0" }));
    const sections = [error, new AAuthVerificationError(code, "of a test")].map((refused) => {
      const { headers } = plainRefusal(refused, { level: "identified" }, [february2026]);
      return parseRefusal(headers[REFUSAL_FIELD])?.section;
    });
    expect(sections[0]).toBe(sections[1]);
    return sections[0];
  }
});
