/** No user ends another user's sessions by asking for very much: the server with stores of 40. */
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { memoryStores } from "../../src/store.ts";
import { startInjected, type TestServer } from "../support/auth-server.ts";
import { createBrowser, injectedFetch } from "../support/browser.ts";
import { MCP_USER, signIn } from "../support/sign-in.ts";

const OIDC = "/realms/aauth-test/protocol/openid-connect";
const ALICE = MCP_USER;
const MALLORY = { username: "second-user", password: "user123" };
const ASK = new URLSearchParams({
  client_id: "supply-chain-ui",
  redirect_uri: "http://localhost:3050/",
  response_type: "code",
  scope: "openid",
  code_challenge: "a".repeat(43),
  code_challenge_method: "S256",
});
const AUTHORIZATION = `http://localhost:8080${OIDC}/auth?${ASK}`;

function startSmall(maxEntries: number): Promise<TestServer> {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  return startInjected({ clock, createStore: memoryStores(clock.now, maxEntries) });
}

async function tokensFor({ app }: TestServer, form: Record<string, string>) {
  const reply = await app.inject({
    method: "POST",
    url: `${OIDC}/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: new URLSearchParams({ client_id: "supply-chain-ui", ...form }).toString(),
  });
  return { status: reply.statusCode, ...reply.json() };
}

const passwordGrant = (server: TestServer, { username, password }: typeof MALLORY) =>
  tokensFor(server, { grant_type: "password", username, password });
const refresh = (server: TestServer, refresh_token: string) =>
  tokensFor(server, { grant_type: "refresh_token", refresh_token });

test("one user's sign-ins and refreshes end no other user's", async () => {
  const server = await startSmall(40);
  const alice = await passwordGrant(server, ALICE);
  const browser = createBrowser(injectedFetch(server.app));
  await signIn(browser, AUTHORIZATION);

  for (let index = 0; index < 12; index++) await passwordGrant(server, MALLORY);
  let mallory = await passwordGrant(server, MALLORY);
  for (let index = 0; index < 12; index++) {
    mallory = await refresh(server, mallory.refresh_token);
    expect(mallory.status).toBe(200);
  }
  for (let index = 0; index < 5; index++) {
    await signIn(createBrowser(injectedFetch(server.app)), AUTHORIZATION, MALLORY);
  }

  expect((await refresh(server, alice.refresh_token)).status).toBe(200);
  const silent = await browser.get(`${AUTHORIZATION}&prompt=none`);
  expect(silent.headers.get("location")).toContain("?code=");
});
