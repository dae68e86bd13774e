/** The sections that errors cite: those of the dialect in which they were thrown. */

import { describe, expect, test } from "vitest";
import { createAgent } from "../src/agent/agent.ts";
import { draft11 } from "../src/draft-11/profile.ts";
import { verifyAgentToken } from "../src/draft-11/verify-tokens.ts";
import { AAuthError, type AAuthErrorCode, AAuthVerificationError, ERROR_CODES } from "../src/errors.ts";
import { february2026 } from "../src/february-2026/profile.ts";
import { parseRefusal, REFUSAL_FIELD } from "../src/profile/refusal.ts";
import { createChallenger } from "../src/resource/challenge.ts";
import { createVerifier } from "../src/resource/verify-request.ts";
import { discoveryOf, keys, now, PERSON_SERVER, RESOURCE, requestOf } from "./draft-11/kit.ts";

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
    const { headers } = await challenger.challengeFor(error as AAuthError, { level: "agent-token" });
    expect(parseRefusal(headers[REFUSAL_FIELD])?.section).toMatch(OF_DRAFT_11);
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

test.each(codes)("February cites no other dialect for %s, unless draft -11 alone has it", (code) => {
  const { section } = ERROR_CODES[code];
  expect(february2026.sectionOf(code)).toBe(section);
  expect(section).toMatch(/^(?:profile \d|RFC \d|draft -11, section \d)/);
});
