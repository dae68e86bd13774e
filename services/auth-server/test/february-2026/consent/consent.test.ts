import { generateSigningKey } from "aauth";
import { february2026Tokens } from "aauth/february-2026";
import { expect, test } from "vitest";
import { readForm } from "../../support/browser.ts";
import { AUTH_URL, browserFor, decide, startConsent } from "../../support/consent.ts";
import {
  ASK_FOR_OPTIMIZE,
  BACKEND,
  CALLBACK,
  createParties,
  SUPPLY_CHAIN,
  setAttributes,
} from "../../support/parties.ts";
import { MCP_USER, signIn } from "../../support/sign-in.ts";

const askForOptimize = () => createParties({ attributes: ASK_FOR_OPTIMIZE });

test("a sign-in ends at the page, also when another tab has been answered meanwhile", async () => {
  const parties = await askForOptimize();
  const browser = browserFor(parties);
  const { url } = await startConsent(parties);
  const login = await browser.follow(url, await browser.get(url));
  const { action } = readForm(await login.response.text());

  const other = await signIn(browser, (await startConsent(parties)).url);
  await decide(browser, await other.response.text(), "accept");

  const target = new URL(action, login.url).href;
  const { username, password } = MCP_USER;
  const after = await browser.follow(target, await browser.post(target, { username, password }));
  expect(await after.response.text()).toContain("Agent authorization request");
});

test("a state that only the address has is bounded like the signed one, and comes back whole", async () => {
  const parties = await askForOptimize();
  for (const state of ["s".repeat(2048), "& =#+é".repeat(300)]) {
    const browser = browserFor(parties);
    const { url } = await startConsent(parties, { query: { state } });
    const page = await (await signIn(browser, url)).response.text();
    const answer = await decide(browser, page, "accept");
    expect(new URL(answer.headers.get("location") as string).searchParams.get("state")).toBe(state);
  }
  const signedIn = browserFor(parties);
  await signIn(signedIn, (await startConsent(parties)).url);
  const { url } = await startConsent(parties, { query: { state: "s".repeat(2049) } });
  for (const browser of [browserFor(parties), signedIn]) {
    const refused = await browser.get(url);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("state is longer than 2048 characters");
  }
  // The state of the signed request replaces the one in the address.
  const signed = await startConsent(parties, { state: "s", query: { state: "s".repeat(2049) } });
  expect((await signedIn.get(signed.url)).status).toBe(200);
});

test("a realm with AAuth switched off shows no page and accepts no answer; the page is valid once it is on again", async () => {
  const parties = await askForOptimize();
  const browser = browserFor(parties);
  const { url } = await startConsent(parties);
  const page = await (await signIn(browser, url)).response.text();
  await setAttributes(parties.server, { "aauth.enabled": "false" });
  for (const refused of [await browser.get(url), await decide(browser, page, "accept")]) {
    expect([refused.status, refused.headers.get("location")]).toEqual([400, null]);
    expect(await refused.text()).toContain("AAuth protocol is not enabled for this realm");
  }
  await setAttributes(parties.server, { "aauth.enabled": "true" });
  expect((await decide(browser, page, "accept")).headers.get("location")).toContain("code=");
});

test("the return from a sign-in refuses a browser that is not signed in", async () => {
  const parties = await askForOptimize();
  const { requestToken } = await startConsent(parties);
  const state = Buffer.from(requestToken).toString("base64url");
  for (const query of ["", `?state=${state}`]) {
    const reply = await browserFor(parties).get(`${AUTH_URL}/signed-in${query}`);
    expect([reply.status, reply.headers.get("location")]).toEqual([400, null]);
    expect(await reply.text()).toContain("User session not found or expired");
  }
});

test("the way back from a sign-in leads to the page and nowhere else, whatever its state says", async () => {
  const parties = await askForOptimize();
  const browser = browserFor(parties);
  await signIn(browser, (await startConsent(parties)).url);
  for (const text of [
    "",
    "https://evil.example/",
    "x&redirect_uri=https://evil.example/ s",
    "//evil.example",
  ]) {
    const reply = await browser.get(`${AUTH_URL}/signed-in?state=${Buffer.from(text).toString("base64url")}`);
    expect(reply.status).toBe(303);
    const to = new URL(reply.headers.get("location") as string, AUTH_URL);
    expect(to.origin + to.pathname).toBe(AUTH_URL);
    expect(to.searchParams.has("redirect_uri")).toBe(false);
    expect((await browser.get(to.href)).status).toBe(400);
  }
});

test("a scope may be called like something that every object has", async () => {
  const parties = await createParties({
    attributes: { "aauth.consent.required.scopes": '["constructor"]' },
  });
  const { url } = await startConsent(parties, { scope: "constructor __proto__ toString" });
  const { response } = await signIn(browserFor(parties), url);
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(page.match(/No description given<code>(constructor|__proto__|toString)<\/code>/g)).toHaveLength(3);
});

test("this server alone describes identity scopes, whatever the resource's metadata contains", async () => {
  const parties = await createParties({
    attributes: { ...ASK_FOR_OPTIMIZE, "aauth.self.agents": JSON.stringify([SUPPLY_CHAIN]) },
    documents: {
      [`${SUPPLY_CHAIN}/.well-known/aauth-resource`]: {
        resource: SUPPLY_CHAIN,
        jwks_uri: `${SUPPLY_CHAIN}/jwks.json`,
        scope_descriptions: { openid: "Nothing at all", email: "Your shoe size" },
      },
    },
  });
  const { url } = await startConsent(parties, { scope: "supply-chain:optimize openid email" });
  const page = await (await signIn(browserFor(parties), url)).response.text();
  const [, resourceWords, ownWords] = page.split('class="said-by"');
  expect([...resourceWords!.matchAll(/<code>([^<]*)<\/code><\/li>/g)].map(([, name]) => name)).toEqual([
    "supply-chain:optimize",
  ]);
  expect([...ownWords!.matchAll(/<code>([^<]*)<\/code><\/li>/g)].map(([, name]) => name)).toEqual([
    "openid",
    "email",
  ]);
  expect(page).not.toContain("Nothing at all");
  expect(page).not.toContain("shoe size");
});

test("a delegate's name is one short line, whatever its agent calls it; and that there is one is always shown", async () => {
  const parties = await askForOptimize();
  const shownFor = async (delegate: string) => {
    const key = await generateSigningKey({ kid: "delegate" });
    const jwt = await february2026Tokens.issueAgentToken({
      key: parties.keys[BACKEND]!,
      agent: BACKEND,
      delegate,
      confirmationKey: key.publicJwk,
      now: parties.clock.now,
    });
    const resource_token = await parties.resourceToken({ agentJkt: key.thumbprint });
    const form = { request_type: "auth", redirect_uri: CALLBACK, resource_token };
    const { body } = await parties.request(form, { key, scheme: { jwt } });
    const shown = await signIn(browserFor(parties), `${AUTH_URL}?request_token=${body.request_token}`);
    const page = await shown.response.text();
    return /<dt>through its delegate<\/dt>\s*<dd><code>([\s\S]*?)<\/code>/.exec(page)?.[1];
  };
  expect(await shownFor("worker-7")).toBe("worker-7");
  expect(await shownFor("worker\u202e\n7")).toBe("worker 7");
  const long = await shownFor("This was checked by your administrator. ".repeat(5));
  expect(long).toHaveLength(161);
  expect(long?.endsWith("…")).toBe(true);
  expect(await shownFor("\u202e\n")).toBe("…");
});

test("a user who goes back after a decision sees that it is made; another user sees nothing of it", async () => {
  const parties = await askForOptimize();
  for (const button of ["accept", "cancel"] as const) {
    const { url } = await startConsent(parties);
    const browser = browserFor(parties);
    const page = await (await signIn(browser, url)).response.text();
    await decide(browser, page, button);
    const again = await browser.get(url);
    expect(again.status).toBe(400);
    expect(await again.text()).toContain("You have already answered");
    const other = browserFor(parties);
    await signIn(other, (await startConsent(parties)).url, { ...MCP_USER, username: "second-user" });
    expect(await (await other.get(url)).text()).not.toContain("already answered");
  }
});

test("a remembered consent is not counted as an answer to the request", async () => {
  const parties = await askForOptimize();
  const browser = browserFor(parties);
  const page = await (await signIn(browser, (await startConsent(parties)).url)).response.text();
  await decide(browser, page, "accept");
  const { url } = await startConsent(parties);
  expect((await browser.get(url)).headers.get("location")).toContain("code=");
  expect(await (await browser.get(url)).text()).toContain("Invalid or expired request_token");
});
