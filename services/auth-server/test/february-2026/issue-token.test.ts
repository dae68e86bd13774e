import { decodeToken, generateSigningKey } from "aauth";
import type { FebruaryAuthTokenClaims } from "aauth/february-2026";
import { memoryKeys } from "agent-kit/service";
import { createRsaKeys } from "issuer-kit/openid";
import { expect, test } from "vitest";
import { createIssueToken, type Decision } from "../../src/february-2026/issue-token.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { recordingLogger } from "../support/auth-server.ts";

const NOW = 1_730_217_600;
const AGENT = "http://backend.localhost:8000";
const RESOURCE = "http://supply-chain-agent.localhost:3000";
const ACT = { agent: "http://caller.localhost:1" };
const USER = { id: "user", username: "u", firstName: "", lastName: "", emailVerified: false };

const keys = await createRsaKeys(memoryKeys(), "auth-server");

/** Issues a token for a decision; policy allows 300 s. */
async function issued(decision: Partial<Decision>) {
  const key = await generateSigningKey({ kid: "agent" });
  const issueToken = createIssueToken({
    issuer: "http://localhost:8080/realms/aauth-test",
    keys,
    state: { policy: () => parsePolicy({}) } as never,
    accounts: { find: async (id: string) => (id === USER.id ? USER : undefined) } as never,
    now: () => NOW,
    logger: recordingLogger().logger,
  });
  const what = { agent: AGENT, key: key.publicJwk, resource: RESOURCE, scope: "read", ...decision };
  const answer = await issueToken(what);
  const claims: Partial<FebruaryAuthTokenClaims> = decodeToken(answer.auth_token).claims;
  return { answer, claims };
}

test("a token expires with the policy or with its basis, whichever is first", async () => {
  for (const [notAfter, seconds] of [
    [undefined, 300],
    [NOW + 301, 300],
    [NOW + 299.9, 299],
    [NOW + 1, 1],
  ] as const) {
    const { answer, claims } = await issued({ act: ACT, ...(notAfter !== undefined && { notAfter }) });
    expect([answer.expires_in, claims.exp]).toEqual([seconds, NOW + seconds]);
  }
});

test("issues no token on an upstream token that has expired", async () => {
  for (const notAfter of [NOW + 0.9, NOW, NOW - 1])
    await expect(issued({ act: ACT, notAfter })).rejects.toMatchObject({
      code: "invalid_grant",
      message: "Token exchange validation failed: the auth token has expired",
    });
});

test("a token names its agent, except an agent's token for itself without act", async () => {
  expect((await issued({})).claims).toMatchObject({ aud: RESOURCE, agent: AGENT, scope: "read" });
  expect((await issued({ resource: AGENT })).claims).not.toHaveProperty("agent");
  expect((await issued({ resource: AGENT, act: ACT })).claims).toMatchObject({ agent: AGENT, act: ACT });
});

test("an agent's token for itself names the user by identity scopes alone; a resource's always does", async () => {
  const own = { resource: AGENT, subject: USER.id };
  expect((await issued(own)).claims).not.toHaveProperty("sub");
  const { claims } = await issued({ ...own, scope: "openid read" });
  expect(claims).toMatchObject({ sub: USER.id, scope: "read" });
  expect((await issued({ ...own, scope: "openid" })).claims).not.toHaveProperty("scope");
  expect((await issued({ subject: USER.id })).claims).toMatchObject({ sub: USER.id, scope: "read" });
});

test("a user without an e-mail address has no e-mail claims", async () => {
  const { claims } = await issued({ subject: USER.id, scope: "profile email" });
  expect(claims).toMatchObject({ name: "u" });
  expect(Object.keys(claims).filter((name) => name.startsWith("email"))).toEqual([]);
});
