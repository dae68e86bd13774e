/**
 * What each request type refuses by itself, without HTTP. The contract asks the same of both
 * servers.
 */

import { createMemoryStores, generateSigningKey } from "aauth";
import { createTestDiscovery } from "aauth/february-2026/testing";
import { expect, test } from "vitest";
import { createGrants } from "../../src/grants.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { auth } from "../../src/request-types/auth.ts";
import { code } from "../../src/request-types/code.ts";
import { exchange } from "../../src/request-types/exchange.ts";
import { refresh } from "../../src/request-types/refresh.ts";
import type { RequestType, RequestTypeContext } from "../../src/request-types/request-type.ts";
import type { Requester } from "../../src/verify-requester.ts";

const AGENT = "http://backend.localhost:8000";
const RESOURCE = "http://resource.localhost:3000";
const ISSUER = "http://as.localhost";
const REDIRECT_URI = `${AGENT}/callback`;
const { publicJwk: key, thumbprint } = await generateSigningKey({ kid: "k" });
const REQUESTER: Requester = { agent: AGENT, identified: true, key, thumbprint };
const GRANT = { agent: AGENT, resource: RESOURCE, scope: "read", subject: "user" };
const CONSENTED = { ...GRANT, key, thumbprint, redirectUri: REDIRECT_URI };
const UPSTREAM = { iss: ISSUER, aud: AGENT, agent: "http://caller.localhost", scope: "read write", exp: 9e9 };

function world() {
  const grants = createGrants(createMemoryStores({ now: () => 0 }));
  const context = {
    issuer: ISSUER,
    grants,
    accounts: { find: async (id: string) => (id === "user" ? { id } : undefined) },
    issueToken: async ({ subject }: { subject?: string }) => ({ subject }),
    // The token is the scope that it asks for.
    checkResourceToken: async (scope: string) => ({ iss: RESOURCE, scope }),
    discovery: createTestDiscovery({}),
    consentSeconds: 600,
    development: false,
  } as unknown as RequestTypeContext;
  const ask = (
    type: RequestType,
    form: Record<string, string>,
    attributes: Record<string, string> = {},
    requester: Partial<Requester> = {},
  ) =>
    type.answer(
      {
        form: new Map(Object.entries(form)),
        requester: { ...REQUESTER, ...requester },
        policy: parsePolicy(attributes),
      },
      context,
    );
  return { grants, ask };
}

const FORBIDDEN = { "aauth.allowed.scopes": '["other"]' };
const CARRIER = { "aauth.exchange.agents": JSON.stringify([AGENT]) };
const denied = { status: 403, code: "access_denied" };
const invalid = { status: 400, code: "invalid_grant" };

test("J7: a scope that policy forbids, and an identity that is not for this agent", async () => {
  const { ask } = world();
  await expect(ask(auth, { resource_token: "read" }, FORBIDDEN)).rejects.toMatchObject(denied);
  for (const scope of ["openid", "read email"])
    await expect(ask(auth, { resource_token: scope })).rejects.toMatchObject(denied);
});

test("J8: a code is for its redirect_uri, and used up by any attempt", async () => {
  const { grants, ask } = world();
  for (const [form, refused] of [
    [{}, { status: 400, code: "invalid_request" }],
    [{ redirect_uri: `${REDIRECT_URI}/other` }, invalid],
  ] as const) {
    const secret = await grants.codes.issue(CONSENTED, 60);
    await expect(ask(code, { code: secret, ...form })).rejects.toMatchObject(refused);
    await expect(ask(code, { code: secret, redirect_uri: REDIRECT_URI })).rejects.toMatchObject(invalid);
  }
});

test("a code is for the agent, the delegate and the key that asked", async () => {
  const { grants, ask } = world();
  for (const other of [{ agent: RESOURCE }, { agentDelegate: "worker" }, { thumbprint: "other" }]) {
    const secret = await grants.codes.issue(CONSENTED, 60);
    const redeemed = ask(code, { code: secret, redirect_uri: REDIRECT_URI }, {}, other);
    await expect(redeemed).rejects.toMatchObject(invalid);
  }
});

test("J17: another agent's refresh token, without a word about its owner", async () => {
  const { grants, ask } = world();
  const refresh_token = await grants.refreshTokens.issue(GRANT, 60);
  for (const other of [{ agent: RESOURCE }, { agentDelegate: "worker" }])
    await expect(ask(refresh, { refresh_token }, {}, other)).rejects.toMatchObject({
      ...invalid,
      message: "Error refreshing token: Agent signature mismatch",
    });
});

test("what policy has withdrawn since the user agreed", async () => {
  const { grants, ask } = world();
  const withdrawn = [
    [GRANT.scope, FORBIDDEN],
    ["email", {}],
  ] as const;
  for (const [scope, attributes] of withdrawn) {
    const secret = await grants.codes.issue({ ...CONSENTED, scope }, 60);
    const redeem = { code: secret, redirect_uri: REDIRECT_URI };
    await expect(ask(code, redeem, attributes)).rejects.toMatchObject(denied);
    const refresh_token = await grants.refreshTokens.issue({ ...GRANT, scope }, 60);
    await expect(ask(refresh, { refresh_token }, attributes)).rejects.toMatchObject(denied);
  }
});

test("an exchange for more than the caller has, too long a chain, or by an agent that the realm does not list", async () => {
  const { ask } = world();
  const exchangeWith = (scope: string, upstream: object, attributes: Record<string, string> = {}) =>
    ask(exchange, { resource_token: scope }, attributes, {
      upstream: { ...UPSTREAM, ...upstream } as never,
    });
  await expect(exchangeWith("admin", {})).rejects.toMatchObject(invalid);
  const chain = { act: { agent: "http://first.localhost" } };
  await expect(exchangeWith("read", chain, { "aauth.exchange.max.depth": "1" })).rejects.toMatchObject(
    invalid,
  );
  await expect(exchangeWith("read", { sub: "user" })).rejects.toMatchObject(denied);
  expect(await exchangeWith("read", { sub: "user" }, CARRIER)).toEqual({ subject: "user" });
  // Another issuer's user is not one of this realm.
  const foreign = { sub: "user", iss: "http://elsewhere.localhost" };
  expect(await exchangeWith("read", foreign)).toEqual({ subject: undefined });
  const needed = { ...CARRIER, "aauth.consent.required.scopes": '["read"]' };
  await expect(exchangeWith("read", foreign, needed)).rejects.toMatchObject(invalid);
});

test("a removed or disabled user gets no more tokens, nor does an exchange of an earlier one", async () => {
  const { grants, ask } = world();
  const secret = await grants.codes.issue({ ...CONSENTED, subject: "gone" }, 60);
  await expect(ask(code, { code: secret, redirect_uri: REDIRECT_URI })).rejects.toMatchObject(invalid);
  const refresh_token = await grants.refreshTokens.issue({ ...GRANT, subject: "gone" }, 60);
  await expect(ask(refresh, { refresh_token })).rejects.toMatchObject(invalid);
  const upstream = { ...UPSTREAM, sub: "gone" } as never;
  await expect(ask(exchange, { resource_token: "read" }, CARRIER, { upstream })).rejects.toMatchObject(
    invalid,
  );
});
