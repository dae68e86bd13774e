/**
 * Passwords are bounded in tries from a network, on the page and at the token endpoint, and no
 * answer tells which names exist.
 */
import { nameProxies } from "agent-kit/service";
import { expect, test } from "vitest";
import { recordingLogger, startInjected, type TestServer } from "../support/auth-server.ts";
import { createBrowser, injectedFetch, readForm } from "../support/browser.ts";
import { directGrant, MCP_USER } from "../support/sign-in.ts";

const ORIGIN = "http://localhost:8080";
const OIDC = "/realms/aauth-test/protocol/openid-connect";
/** Limits of the demo's realm. */
const FAILURES = 10;
const WINDOW_SECONDS = 900;

async function guess(server: TestServer, times: number): Promise<void> {
  for (let index = 0; index < times; index++) await directGrant(server, { password: `wrong-${index}` });
}

async function openSignIn({ app }: TestServer) {
  const browser = createBrowser(injectedFetch(app));
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    redirect_uri: "http://localhost:3050/",
    response_type: "code",
    scope: "openid",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
  });
  const url = `${ORIGIN}${OIDC}/auth?${query}`;
  const shown = await browser.follow(url, await browser.get(url));
  const { action } = readForm(await shown.response.text());
  const post = (form: Record<string, string>) => browser.post(new URL(action, ORIGIN).href, form);
  return { browser, url, post };
}

/** Without what is new each time, and the name that was typed. */
function comparable(page: string, name: string): string {
  return page.replaceAll(/authenticate\/[\w-]+/g, "").replace(`value="${name}"`, "");
}

test("the page and the token endpoint share a limit, and a locked account refuses the right password", async () => {
  const server = await startInjected();
  const { post } = await openSignIn(server);
  await guess(server, FAILURES - 2);
  const { username, password } = MCP_USER;
  const wrong = await post({ username, password: "x" });
  // Another spelling of the name, and the e-mail address, are the same account.
  await post({ username: " MCP@user.com ", password: "x" });
  const locked = await post({ username, password });
  expect(locked.status).toBe(401);
  expect(comparable(await locked.text(), username)).toBe(comparable(await wrong.text(), username));
  const refused = await directGrant(server);
  expect([refused.statusCode, refused.json()]).toEqual([
    400,
    { error: "invalid_grant", error_description: "Invalid user credentials" },
  ]);
  server.clock.advance(WINDOW_SECONDS);
  const later = await openSignIn(server);
  expect((await later.post({ username, password })).status).toBe(303);
});

test("of 200 tries at once no more are compared than of as many in a row", async () => {
  const server = await startInjected();
  const tries = Array.from({ length: 200 }, (_, index) =>
    directGrant(server, index < 100 ? { password: "x" } : {}),
  );
  const statuses = (await Promise.all(tries)).map(({ statusCode }) => statusCode);
  expect(new Set(statuses)).toEqual(new Set([400]));
});

test("an unknown name is refused as a known one, before and after the limit", async () => {
  const server = await startInjected();
  const page = await openSignIn(server);
  const answers = async (username: string) => {
    const reply = await directGrant(server, { username, password: "x" });
    const shown = await page.post({ username, password: "x" });
    return [reply.statusCode, reply.json(), shown.status, comparable(await shown.text(), username)];
  };
  for (let index = 0; index < FAILURES; index++) {
    expect(await answers("nobody")).toEqual(await answers(MCP_USER.username));
  }
  expect((await directGrant(server)).statusCode).toBe(400);
});

test("the right password forgets the wrong ones before it", async () => {
  const server = await startInjected();
  for (let day = 0; day < 3; day++) {
    await guess(server, FAILURES - 1);
    expect((await directGrant(server)).statusCode).toBe(200);
  }
});

test("a lock ends no session and no refresh token, and locks no other account", async () => {
  const server = await startInjected();
  const tokens = (await directGrant(server)).json();
  const { browser, url, post } = await openSignIn(server);
  const { username, password } = MCP_USER;
  await browser.follow(url, await post({ username, password }));
  await guess(server, FAILURES);
  expect((await directGrant(server)).statusCode).toBe(400);
  expect((await directGrant(server, { username: "second-user" })).statusCode).toBe(200);
  expect((await browser.follow(url, await browser.get(url))).url).toContain("/?code=");
  const refreshed = await directGrant(server, {
    grant_type: "refresh_token",
    refresh_token: tokens.refresh_token,
  });
  expect(refreshed.statusCode).toBe(200);
});

test("the log reports a lock once, with the account and the caller's address, and no password", async () => {
  const { logger, lines } = recordingLogger();
  const server = await startInjected({ logger });
  await guess(server, FAILURES + 3);
  expect(lines.join("")).not.toMatch(/wrong-/);
  const locks = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes("Account locked"));
  expect(locks).toMatchObject([
    {
      level: 40,
      userId: MCP_USER.id,
      lockedSeconds: WINDOW_SECONDS,
      clientId: "supply-chain-ui",
      address: "127.0.0.1",
    },
  ]);
});

test("S21: wrong passwords from one address lock the account for no other", async () => {
  const server = await startInjected();
  const signIn = async (remoteAddress: string, password: string) =>
    (await directGrant(server, { password }, { remoteAddress })).statusCode;
  const { password } = MCP_USER;
  for (let index = 0; index < 3 * FAILURES; index++) await signIn("198.51.100.1", "wrong");
  expect(await signIn("198.51.100.1", password)).toBe(400);
  expect(await signIn("::ffff:198.51.100.1", password)).toBe(400);
  expect(await signIn("198.51.100.2", password)).toBe(200);
  // The right password from elsewhere forgets nothing of the guesser's.
  expect(await signIn("198.51.100.1", password)).toBe(400);
  for (let index = 0; index < FAILURES; index++) await signIn(`2001:db8:1:1::${index}`, "wrong");
  expect(await signIn("2001:db8:1:1::ffff", password)).toBe(400);
  expect(await signIn("2001:db8:1:2::1", password)).toBe(200);
});

test("tries are counted by the address that a named proxy reports, whatever others send", async () => {
  const server = await startInjected();
  nameProxies(server.app.server, ["192.0.2.1"]);
  const signIn = async (forwardedFor: string, password: string, remoteAddress = "192.0.2.1") =>
    (await directGrant(server, { password }, { remoteAddress, forwardedFor })).statusCode;
  const { password } = MCP_USER;
  for (let index = 0; index < FAILURES; index++) await signIn(`192.0.2.${index}, 198.51.100.1`, "wrong");
  expect(await signIn("198.51.100.1", password)).toBe(400);
  expect(await signIn("198.51.100.2", password)).toBe(200);
  for (let index = 0; index < FAILURES; index++) await signIn(`203.0.113.${index}`, "wrong", "192.0.2.9");
  expect(await signIn("203.0.113.100", password, "192.0.2.9")).toBe(400);
});

test("a web page of another origin cannot lock its visitors out", async () => {
  const server = await startInjected();
  for (let index = 0; index < FAILURES; index++) {
    const reply = await server.app.inject({
      method: "POST",
      url: `${OIDC}/token`,
      headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
      payload: "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=x",
    });
    expect(reply.statusCode).toBe(400);
  }
  expect((await directGrant(server)).statusCode).toBe(200);
});
