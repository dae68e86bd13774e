/** Decisions of the realm before any request is examined. */

import { afterEach, describe, expect, test } from "vitest";
import {
  consentedCode,
  isConsent,
  isSignIn,
  MCP_USER,
  redeem,
  sentTo,
  startConsent,
  User,
} from "../contract/auth-server/journey.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "../contract/auth-server/world.ts";

const world = await startWorld();
const { server, agent, resource, nextResource, wish } = world;

/** Changes Keycloak's representation of the realm. */
async function change(realm: object): Promise<void> {
  const reply = await server.admin("", {
    method: "PUT",
    body: JSON.stringify({ realm: "aauth-test", ...realm }),
  });
  if (!reply.ok) throw new Error(`the change was refused: ${reply.status} ${await reply.text()}`);
}

afterEach(() => change({ enabled: true, sslRequired: "external", defaultSignatureAlgorithm: "RS256" }));

describe("a realm that is switched off", () => {
  test("issues no token", async () => {
    await change({ enabled: false });
    expectRefusal(await agent.ask(server, wish()), 403, "access_denied", "Realm not enabled");
    const revoked = await agent.ask(server, { token: "x" }, { url: server.revocationEndpoint });
    expectRefusal(revoked, 403, "access_denied", "Realm not enabled");
    await change({ enabled: true });
    grantedToken(await agent.ask(server, wish()));
  });

  test("asks no user", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const { url } = await startConsent(world);
    await change({ enabled: false });
    const page = await new User().open(url);
    expect(page.status).toBe(403);
    expect(isSignIn(page)).toBe(false);
  });
});

test("a realm that requires https serves nothing without it", async () => {
  await change({ sslRequired: "all" });
  expectRefusal(await agent.ask(server, wish()), 403, "invalid_request", "HTTPS required");
});

describe("a realm where AAuth is switched off", () => {
  const OFF = { ...ASK_FOR_OPTIMIZE, "aauth.enabled": "false" };

  test("issues no token", async () => {
    await server.setAttributes(OFF);
    expectRefusal(
      await agent.ask(server, wish()),
      400,
      "invalid_request",
      "AAuth protocol is not enabled for this realm",
    );
  });

  test("shows no user a sign-in for an agent", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const { url } = await startConsent(world);
    await server.setAttributes(OFF);
    const page = await new User().open(url);
    expect(page.status).toBe(400);
    expect(isSignIn(page)).toBe(false);
    expect(page.text).toContain("AAuth protocol is not enabled for this realm");
  });

  test("accepts no answer from an open page", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    expect(isConsent(page)).toBe(true);
    await server.setAttributes(OFF);
    expect((await user.decide(page, "accept")).status).toBe(400);
  });
});

test("scopes that are no longer allowed when the code is redeemed are not granted", async () => {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  const user = new User();
  const answer = await user.decide(await user.openSignedIn((await startConsent(world)).url), "accept");
  await server.setAttributes({ ...ASK_FOR_OPTIMIZE, "aauth.allowed.scopes": '["data.read"]' });
  const reply = await redeem(world, sentTo(answer).query.code!);
  expectRefusal(reply, 403, "access_denied", "Authorization denied");
});

test("the page's form leads to the agent, and on to the realm's clients or the policy's origins", async () => {
  const formAction = async (attributes: Record<string, string>) => {
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, ...attributes });
    const page = await new User().openSignedIn((await startConsent(world)).url);
    expect(isConsent(page)).toBe(true);
    return /form-action ([^;]*)/
      .exec(page.headers.get("content-security-policy") ?? "")?.[1]
      ?.split(" ")
      .sort();
  };
  const own = new URL(agent.callback).origin;
  // Keycloak's own consoles are clients, too.
  expect(await formAction({})).toEqual(["'self'", own, "http://localhost:3050", server.origin].sort());
  const app = "https://app.example";
  expect(await formAction({ "aauth.consent.form.origins": `["${app}"]` })).toEqual(
    ["'self'", own, app].sort(),
  );
  expect(await formAction({ "aauth.consent.form.origins": "[]" })).toEqual(["'self'", own].sort());
});

test("a default algorithm that the profile does not have is not the one that signs", async () => {
  await change({ defaultSignatureAlgorithm: "PS256" });
  expect(grantedToken(await agent.ask(server, wish())).header.alg).toBe("RS256");
  await change({ defaultSignatureAlgorithm: "EdDSA" });
  expect(grantedToken(await agent.ask(server, wish())).header.alg).toBe("EdDSA");
});

describe("a user who may no longer sign in", () => {
  const setEnabled = async (enabled: boolean) => {
    const reply = await server.admin(`/users/${MCP_USER.id}`, {
      method: "PUT",
      body: JSON.stringify({ enabled }),
    });
    if (!reply.ok) throw new Error(`the user was not changed: ${reply.status}`);
  };
  afterEach(() => setEnabled(true));

  test("has no agent that acts for them: no code, refresh token or caller's token yields another", async () => {
    const carrier = { "aauth.exchange.agents": JSON.stringify([resource.id]) };
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, ...carrier });
    const { body } = await redeem(world, await consentedCode(world));
    const code = await consentedCode(world);
    const exchange = () =>
      resource.ask(
        server,
        {
          request_type: "exchange",
          resource_token: nextResource.resourceToken(server, resource, { scope: "supply-chain:optimize" }),
        },
        { scheme: { scheme: "jwt", jwt: String(body.auth_token) } },
      );
    expect(grantedToken(await exchange()).claims.sub).toBe(MCP_USER.id);
    await setEnabled(false);
    expectRefusal(await redeem(world, code), 400, "invalid_grant", "User not found");
    const refresh_token = String(body.refresh_token);
    const refreshed = await agent.ask(server, { request_type: "refresh", refresh_token });
    expectRefusal(refreshed, 400, "invalid_grant", "Error refreshing token: User not found");
    expectRefusal(await exchange(), 400, "invalid_grant", "Token exchange validation failed: User not found");
  });
});

describe("bounds the data that is stored until a user has decided", () => {
  const long = (length: number) => "x".repeat(length);

  test.each([
    ["state", (length: number) => ({ state: long(length) })],
    [
      "redirect_uri",
      (length: number) => ({ redirect_uri: `${agent.callback}?${long(length)}`.slice(0, length) }),
    ],
  ])("%s", async (name, parameters) => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const ask = (length: number) =>
      agent.ask(server, wish({ redirect_uri: agent.callback, ...parameters(length) }));
    expectRefusal(await ask(2049), 400, "invalid_request", `${name} is longer than 2048 characters`);
    // Not for its length.
    const { body } = await ask(2048);
    expect(body.error_description ?? "").not.toContain("longer");
  });

  test("state that only the address has", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const page = await new User().open((await startConsent(world, { query: { state: long(2049) } })).url);
    expect(page.status).toBe(400);
    expect(isSignIn(page)).toBe(false);
  });
});
