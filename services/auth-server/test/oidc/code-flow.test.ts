import * as client from "openid-client";
import { expect, test } from "vitest";
import { startListening } from "../support/auth-server.ts";
import { createBrowser } from "../support/browser.ts";
import { MCP_USER, signIn } from "../support/sign-in.ts";

const REDIRECT_URI = "http://localhost:3050/";

async function discover(issuer: string): Promise<client.Configuration> {
  return client.discovery(new URL(issuer), "supply-chain-ui", undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  });
}

async function authorizationUrl(config: client.Configuration, parameters: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: "openid profile email",
    state: "state-1",
    nonce: "nonce-1",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...parameters,
  });
  return { url: url.href, verifier };
}

test("the whole journey: discovery, sign-in, code with PKCE, refresh, sign-out", async () => {
  const { issuer } = await startListening();
  const config = await discover(issuer);
  const browser = createBrowser();
  const { url, verifier } = await authorizationUrl(config);

  const returned = await signIn(browser, url);
  expect(returned.url).toMatch(/^http:\/\/localhost:3050\/\?code=/);
  const tokens = await client.authorizationCodeGrant(config, new URL(returned.url), {
    pkceCodeVerifier: verifier,
    expectedState: "state-1",
    expectedNonce: "nonce-1",
    idTokenExpected: true,
  });
  expect(tokens.claims()).toMatchObject({
    sub: MCP_USER.id,
    preferred_username: "mcp-user",
    email: "mcp@user.com",
  });

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token as string);
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);

  // The user is signed in already, so the second time shows no form.
  const again = await authorizationUrl(config, { prompt: "none" });
  const silent = await browser.get(again.url);
  expect(silent.headers.get("location")).toMatch(/^http:\/\/localhost:3050\/\?code=/);
  // Another tab's sign-in leaves this one's refresh token valid.
  const kept = await client.refreshTokenGrant(config, refreshed.refresh_token as string);
  expect(kept.refresh_token).not.toBe(refreshed.refresh_token);

  const endSession = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token as string,
    post_logout_redirect_uri: "http://localhost:3050/",
  });
  const logout = await browser.get(endSession.href);
  const page = await logout.text();
  expect(logout.status).toBe(200);
  expect(page).toContain("Do you want to sign out?");
  const action = /action="([^"]+)"/.exec(page)?.[1] as string;
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] as string;
  const done = await browser.post(action, { xsrf, logout: "yes" });
  expect(done.status).toBe(303);
  expect(done.headers.get("location")).toBe("http://localhost:3050/");
  const afterwards = await browser.get((await authorizationUrl(config, { prompt: "none" })).url);
  expect(afterwards.headers.get("location")).toContain("error=login_required");
});

test("a refresh token used twice is refused and ends its successor", async () => {
  const { issuer } = await startListening();
  const config = await discover(issuer);
  const { url, verifier } = await authorizationUrl(config);
  const returned = await signIn(createBrowser(), url);
  const first = await client.authorizationCodeGrant(config, new URL(returned.url), {
    pkceCodeVerifier: verifier,
    expectedState: "state-1",
    expectedNonce: "nonce-1",
  });
  const second = await client.refreshTokenGrant(config, first.refresh_token as string);
  await expect(client.refreshTokenGrant(config, first.refresh_token as string)).rejects.toMatchObject({
    error: "invalid_grant",
  });
  await expect(client.refreshTokenGrant(config, second.refresh_token as string)).rejects.toMatchObject({
    error: "invalid_grant",
  });
});

test("a code is valid once, also for two concurrent requests", async () => {
  const { issuer } = await startListening();
  const config = await discover(issuer);
  const { url, verifier } = await authorizationUrl(config);
  const returned = await signIn(createBrowser(), url);
  const redeem = () =>
    client.authorizationCodeGrant(config, new URL(returned.url), {
      pkceCodeVerifier: verifier,
      expectedState: "state-1",
      expectedNonce: "nonce-1",
    });
  const results = await Promise.allSettled([redeem(), redeem()]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("the code needs its PKCE verifier, and an authorization request its challenge", async () => {
  const { issuer } = await startListening();
  const config = await discover(issuer);
  const { url } = await authorizationUrl(config);
  const returned = await signIn(createBrowser(), url);
  await expect(
    client.authorizationCodeGrant(config, new URL(returned.url), {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: "state-1",
      expectedNonce: "nonce-1",
    }),
  ).rejects.toMatchObject({ error: "invalid_grant" });

  for (const method of [undefined, "plain"]) {
    const bare = new URL(url);
    bare.searchParams.delete("code_challenge_method");
    if (method === undefined) bare.searchParams.delete("code_challenge");
    else bare.searchParams.set("code_challenge_method", method);
    const refused = await createBrowser().get(bare.href);
    expect(refused.headers.get("location")).toContain("error=invalid_request");
  }
});
