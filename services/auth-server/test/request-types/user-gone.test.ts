import { generateSigningKey } from "aauth";
import { expect, test } from "vitest";
import { createGrants } from "../../src/grants.ts";
import { parsePolicy } from "../../src/realm/policy.ts";
import { code } from "../../src/request-types/code.ts";
import { exchange } from "../../src/request-types/exchange.ts";
import { refresh } from "../../src/request-types/refresh.ts";
import type { RequestTypeContext } from "../../src/request-types/request-type.ts";
import { memoryStores } from "../../src/store.ts";

test("a removed or disabled user gets no more tokens", async () => {
  const { publicJwk: key, thumbprint } = await generateSigningKey({ kid: "k" });
  const grants = createGrants(memoryStores(() => 0));
  const agent = "http://backend.localhost:8000";
  const grant = { agent, resource: "http://r.localhost", scope: "s", subject: "gone" };
  const redirectUri = `${agent}/callback`;
  const issued = await grants.codes.issue({ ...grant, key, thumbprint, redirectUri }, 60);
  const refresh_token = await grants.refreshTokens.issue(grant, 60);

  const context = {
    grants,
    accounts: { find: async () => undefined },
    issueToken: () => Promise.reject(new Error("must not be reached")),
  } as unknown as RequestTypeContext;
  const requester = { agent, identified: true, key, thumbprint };
  const request = (form: Record<string, string>) => ({
    form: new Map(Object.entries(form)),
    requester,
    policy: parsePolicy({}),
  });
  await expect(
    code.answer(request({ code: issued, redirect_uri: redirectUri }), context),
  ).rejects.toMatchObject({
    code: "invalid_grant",
    message: "User not found",
  });
  await expect(refresh.answer(request({ refresh_token }), context)).rejects.toMatchObject({
    code: "invalid_grant",
    message: "Error refreshing token: User not found",
  });
});

test("nor by an exchange of an earlier token", async () => {
  const { publicJwk: key, thumbprint } = await generateSigningKey({ kid: "k" });
  const issued: unknown[] = [];
  const context = {
    issuer: "http://as.localhost",
    accounts: { find: async (id: string) => (id === "here" ? { id } : undefined) },
    checkResourceToken: async () => ({ iss: "http://next.localhost", scope: "s" }),
    issueToken: async (decision: { subject?: string }) => {
      issued.push(decision.subject);
      return {};
    },
  } as unknown as RequestTypeContext;
  const exchangeFor = (sub: string | undefined, iss = "http://as.localhost") => {
    const upstream = {
      iss,
      aud: "http://r.localhost",
      agent: "http://a.localhost",
      sub,
      scope: "s",
      exp: 9e9,
    };
    const requester = { agent: "http://r.localhost", identified: true, key, thumbprint, upstream };
    const form = new Map([["resource_token", "t"]]);
    return exchange.answer(
      {
        form,
        policy: parsePolicy({ "aauth.exchange.agents": '["http://r.localhost"]' }),
        requester: requester as never,
      },
      context,
    );
  };
  await expect(exchangeFor("gone")).rejects.toMatchObject({
    status: 400,
    code: "invalid_grant",
    message: "Token exchange validation failed: User not found",
  });
  expect(issued).toEqual([]);
  // No user, a present user, and a name of another issuer.
  await exchangeFor(undefined);
  await exchangeFor("here");
  await exchangeFor("gone", "http://elsewhere.localhost");
  expect(issued).toEqual([undefined, "here", undefined]);
});
