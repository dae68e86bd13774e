import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { settings } from "../../src/config.ts";
import { realmWith, startInjected, type TestServer } from "../support/auth-server.ts";
import { createBrowser, injectedFetch, readForm } from "../support/browser.ts";
import { directGrant, MCP_USER, signIn } from "../support/sign-in.ts";

const ORIGIN = "http://localhost:8080";
const REALM = "/realms/aauth-test";
const OIDC = `${REALM}/protocol/openid-connect`;
const UI = "http://localhost:3050";

function authorizationPath(parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    response_type: "code",
    redirect_uri: `${UI}/`,
    scope: "openid",
    state: "s",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...parameters,
  });
  return `${OIDC}/auth?${query}`;
}

test("the direct grant refuses wrong credentials and the consent client", async () => {
  const server = await startInjected();
  const wrong = await directGrant(server, { password: "x" });
  expect(wrong.statusCode).toBe(400);
  expect(wrong.json()).toEqual({ error: "invalid_grant", error_description: "Invalid user credentials" });
  const missing = await directGrant(server, { password: "" });
  expect(missing.json().error).toBe("invalid_request");
  const other = await directGrant(server, { client_id: "aauth-consent" });
  expect(other.json().error).toBe("invalid_request");
  const unknown = await directGrant(server, { client_id: "nobody" });
  expect(unknown.json().error).toBe("invalid_client");
  const nameless = await directGrant(server, { username: "" });
  expect([nameless.statusCode, nameless.json().error]).toEqual([400, "invalid_request"]);
});

test("a client may do what the realm allows: sign in by page, by password, or neither", async () => {
  const { clients } = JSON.parse(readFileSync(settings.realmFile.schema.parse(undefined), "utf8"));
  const [ui] = clients;
  const server = await startInjected({
    env: await realmWith({
      clients: [
        { ...ui, clientId: "by-page", directAccessGrantsEnabled: false },
        { ...ui, clientId: "by-password", standardFlowEnabled: false },
        { ...ui, clientId: "off", enabled: false },
      ],
    }),
  });
  const byPassword = async (client_id: string) => (await directGrant(server, { client_id })).json().error;
  expect(await byPassword("by-password")).toBeUndefined();
  expect(await byPassword("by-page")).toBe("invalid_request");
  expect(await byPassword("off")).toBe("invalid_client");
  const byPage = async (client_id: string) => {
    const { headers, statusCode } = await server.app.inject(authorizationPath({ client_id }));
    return [
      statusCode,
      String(headers.location)
        .split("?")[0]!
        .replace(/[^/]*$/, ""),
    ];
  };
  expect(await byPage("by-page")).toEqual([303, `${REALM}/login-actions/authenticate/`]);
  expect(await byPage("by-password")).toEqual([303, `${UI}/`]);
  expect(await byPage("off")).toEqual([400, ""]);
});

test("the sign-in page names the client, keeps the user name, and names the error", async () => {
  const { app } = await startInjected();
  const browser = createBrowser(injectedFetch(app));
  const start = `${ORIGIN}${authorizationPath()}`;
  const shown = await browser.follow(start, await browser.get(start));
  const page = await shown.response.text();
  expect(page).toContain("to continue to AAuth demo");
  expect(page).toContain('<label for="username">');
  expect(shown.response.headers.get("content-security-policy")).toContain(`form-action 'self' ${UI};`);
  expect(browser.cookies()).toContain("aauth_interaction-8080");

  const action = new URL(readForm(page).action, ORIGIN).href;
  const wrong = await browser.post(action, { username: '"><b>', password: "x" });
  expect(wrong.status).toBe(401);
  const again = await wrong.text();
  expect(again).toContain('role="alert"');
  expect(again).not.toContain("<b>");
  expect((await browser.post(action, {})).status).toBe(400);
  const right = await browser.post(action, { username: "mcp-user", password: "user123" });
  expect(right.status).toBe(303);
  await browser.follow(action, right);

  const done = await browser.get(action);
  expect(done.status).toBe(200);
  const text = await done.text();
  for (const part of ["You are signed in", "mcp-user", "Go to AAuth demo"]) expect(text).toContain(part);
});

test("a sign-in belongs to the browser that started it", async () => {
  const { app } = await startInjected();
  const victim = createBrowser(injectedFetch(app));
  const start = `${ORIGIN}${authorizationPath()}`;
  const shown = await victim.follow(start, await victim.get(start));
  const attacker = createBrowser(injectedFetch(app));
  const stolen = await attacker.post(shown.url, { username: "mcp-user", password: "user123" });
  expect(stolen.status).toBe(400);
});

test("the cookie of one sign-in opens no other, even if it is sent there", async () => {
  const { app } = await startInjected();
  const started = await app.inject(authorizationPath());
  const cookie = [started.headers["set-cookie"]]
    .flat()
    .map((line) => String(line).split(";")[0])
    .join("; ");
  const own = await app.inject({ url: String(started.headers.location), headers: { cookie } });
  expect(own.statusCode).toBe(200);
  const other = await app.inject({ url: `${REALM}/login-actions/authenticate/other`, headers: { cookie } });
  expect(other.statusCode).toBe(400);
});

test.each([
  [ORIGIN, false],
  ["https://auth.example", true],
])(
  "every cookie of a whole sign-in at %s is: signed, for no script and no other site, and secure where that is https",
  async (origin, secure) => {
    const { app } = await startInjected({ env: { AUTH_SERVER_URL: origin } });
    const set: string[] = [];
    let sent = "";
    const fetchIn = injectedFetch(app);
    const browser = createBrowser(async (input, init) => {
      sent = new Headers(init?.headers).get("cookie") ?? "";
      const response = await fetchIn(input, init);
      set.push(...response.headers.getSetCookie());
      return response;
    });
    await signIn(browser, `${origin}${authorizationPath()}`);
    const made = set.filter((cookie) => !/expires=Thu, 01 Jan 1970/i.test(cookie));
    const names = made.map((cookie) => cookie.slice(0, cookie.indexOf("=")));
    const port = secure ? 443 : 8080;
    const own = ["session", "interaction", "resume"].map((name) => `aauth_${name}-${port}`);
    for (const name of own) expect(names).toEqual(expect.arrayContaining([name, `${name}.sig`]));
    for (const cookie of made) {
      expect(cookie).toMatch(/; httponly/i);
      expect(cookie).toMatch(/; samesite=lax/i);
      expect(cookie).toMatch(/; path=\/realms\/aauth-test(\/|;|$)/i);
      expect(/; secure/i.test(cookie)).toBe(secure);
    }
    const silent = authorizationPath({ prompt: "none" });
    await browser.get(`${origin}${silent}`);
    const answer = async (cookie: string) =>
      (await app.inject({ url: silent, headers: { cookie } })).headers.location;
    expect(await answer(sent)).toContain("code=");
    for (const forged of [
      sent.replace(/(aauth_session-\d+\.sig)=[^;]*/, `$1=${"A".repeat(27)}`),
      sent.replace(/;? ?aauth_session-\d+\.sig=[^;]*/, ""),
    ]) {
      expect(forged).not.toBe(sent);
      expect(await answer(forged)).toContain("error=login_required");
    }
  },
);

test("an unknown redirect URI is an error page, not a redirect", async () => {
  const { app } = await startInjected();
  for (const redirect_uri of [
    "https://evil.example/",
    "http://localhost:3050.evil.example/",
    "http://localhost:3051/",
    // The page's own address must match exactly.
    `${UI}/callback`,
  ]) {
    const reply = await app.inject({
      url: authorizationPath({ redirect_uri }),
      headers: { accept: "text/html" },
    });
    expect(reply.statusCode).toBe(400);
    expect(reply.headers.location).toBeUndefined();
    expect(reply.body).toContain("invalid_redirect_uri");
  }
  // The consent client's address must match exactly.
  const below = await app.inject(
    authorizationPath({
      client_id: "aauth-consent",
      redirect_uri: `${ORIGIN}${REALM}/protocol/aauth/agent/auth/signed-in/x`,
    }),
  );
  expect(below.statusCode).toBe(400);
});

function expectGuarded(headers: Headers): void {
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("pragma") ?? "no-cache").toBe("no-cache");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
}

test("no answer is stored, framed, or sends a referrer, also where the library makes the page", async () => {
  const server = await startInjected();
  const fetchIn = injectedFetch(server.app);
  const post = (path: string, form: Record<string, string>) =>
    fetchIn(`${ORIGIN}${OIDC}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ client_id: "supply-chain-ui", ...form }).toString(),
    });
  const { username, password } = MCP_USER;
  const tokens = await post("token", { grant_type: "password", username, password });
  expect(tokens.status).toBe(200);
  const answers = [tokens, await post("token", {})];
  for (const { headers } of answers) expect(headers.get("pragma")).toBe("no-cache");

  const browser = createBrowser(fetchIn);
  const url = `${ORIGIN}${authorizationPath({ response_mode: "form_post" })}`;
  answers.push(await browser.get(url));
  const { response, url: back } = await signIn(browser, url);
  expect(back).toContain(ORIGIN);
  const posted = await response.text();
  expect(readForm(posted)).toMatchObject({ action: `${UI}/`, fields: { code: expect.any(String) } });
  const script = /<script>([\s\S]*?)<\/script>/.exec(posted)?.[1] ?? "";
  expect(response.headers.get("content-security-policy")).toContain(
    `script-src 'sha256-${hash("sha256", script, "base64")}'`,
  );
  answers.push(response, await browser.get(`${ORIGIN}${OIDC}/logout`));
  for (const { headers } of answers) expectGuarded(headers);
});

test("a path that is not served is refused in the same form as elsewhere", async () => {
  const { app } = await startInjected();
  for (const url of ["token", "introspect", "logout/confirm"].map((path) => `${OIDC}/${path}`)) {
    const reply = await app.inject(url);
    expect(reply.statusCode).toBe(404);
    expect(reply.json()).toEqual({
      status: 404,
      title: "Not Found",
      detail: `Nothing is served at GET ${url}`,
    });
  }
});

/** A cookie is only set for a stored session. */
async function refusedQuery({ app }: TestServer, url: string, description: string) {
  const json = await app.inject(url);
  expect(json.statusCode).toBe(400);
  expect(json.json()).toEqual({ error: "invalid_request", error_description: description });
  expect(json.headers["set-cookie"]).toBeUndefined();
  const page = await app.inject({ url, headers: { accept: "text/html" } });
  expect(page.statusCode).toBe(400);
  expect(page.headers["content-type"]).toContain("text/html");
  expect(page.headers.location).toBeUndefined();
  expect(page.body).toContain("invalid_request");
}

test("a request's stored parts are bounded before a sign-in or sign-out stores them", async () => {
  const server = await startInjected();
  for (const name of ["state", "redirect_uri", "unknown"]) {
    const url = authorizationPath({ [name]: `${UI}/`.padEnd(2049, "x") });
    await refusedQuery(server, url, `${name} is longer than 2048 characters`);
  }
  await refusedQuery(
    server,
    `${OIDC}/logout?state=${"x".repeat(2049)}`,
    "state is longer than 2048 characters",
  );
  const whole = "the query is longer than 8192 characters";
  await refusedQuery(server, `${authorizationPath()}${"&a=b".repeat(2048)}`, whole);
  // In this server's own requests only the state may be longer.
  const own = authorizationPath({ client_id: "aauth-consent", nonce: "x".repeat(2049) });
  await refusedQuery(server, own, "nonce is longer than 2048 characters");
  await refusedQuery(server, `${OIDC}/logout?id_token_hint=${"x".repeat(8192)}`, whole);
});

test("no session exists before the sign-in that could be planted; a new sign-in makes a new one and ends the old one", async () => {
  const { app } = await startInjected();
  const begun = [(await app.inject(authorizationPath())).headers["set-cookie"]].flat();
  expect(begun.filter((cookie) => String(cookie).startsWith("aauth_session"))).toEqual([]);

  const sent: string[] = [];
  const browser = createBrowser((input, init) => {
    sent.push(new Headers(init?.headers).get("cookie") ?? "");
    return injectedFetch(app)(input, init);
  });
  await signIn(browser, `${ORIGIN}${authorizationPath()}`);
  const silent = authorizationPath({ prompt: "none" });
  await browser.get(`${ORIGIN}${silent}`);
  const before = sent.at(-1)!;
  expect((await app.inject({ url: silent, headers: { cookie: before } })).headers.location).toContain(
    "code=",
  );
  await signIn(browser, `${ORIGIN}${authorizationPath({ prompt: "login" })}`);
  expect((await browser.get(`${ORIGIN}${silent}`)).headers.get("location")).toContain("code=");
  const old = await app.inject({ url: silent, headers: { cookie: before } });
  expect(old.headers.location).toContain("error=login_required");
});

test("a form with a repeated field, or a body that is not a form, is a 4xx and signs no user in", async () => {
  const { app } = await startInjected();
  const browser = createBrowser(injectedFetch(app));
  const start = `${ORIGIN}${authorizationPath()}`;
  const shown = await browser.follow(start, await browser.get(start));
  const action = new URL(readForm(await shown.response.text()).action, ORIGIN).href;
  const { username, password } = MCP_USER;
  for (const name of ["username", "password"]) {
    const twice = new URLSearchParams({ username, password });
    twice.append(name, twice.get(name)!);
    const refused = await browser.post(action, twice);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("Enter your user name and password.");
  }
  const json = { headers: { "content-type": "application/json" }, payload: { username, password } };
  expect((await app.inject({ method: "POST", url: new URL(action).pathname, ...json })).statusCode).toBe(415);
  const bare = await app.inject({ method: "POST", url: new URL(action).pathname });
  expect(bare.statusCode).toBe(400);
  expect(bare.body).toContain("This sign-in has expired");
  const consent = await app.inject({ method: "POST", url: `${REALM}/protocol/aauth/agent/auth/consent` });
  expect(consent.json()).toEqual({
    error: "invalid_request",
    error_description: "Missing required parameter: consent_code",
  });
});

test("a stored request comes by GET, so that no body has to be bounded", async () => {
  const { app } = await startInjected();
  const [url, payload] = authorizationPath().split("?") as [string, string];
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const path of [url, `${OIDC}/logout`]) {
    const posted = await app.inject({ method: "POST", url: path, headers, payload });
    expect(posted.statusCode).toBe(404);
    expect(posted.headers["set-cookie"]).toBeUndefined();
  }
});

test("a request object by address is refused, and not fetched", async () => {
  const { app } = await startInjected();
  const answer = await app.inject(authorizationPath({ request_uri: "https://evil.example/request" }));
  expect(`${answer.headers.location ?? ""} ${answer.body}`).toContain("request_uri_not_supported");
});

test("shows a page for a sign-out without a session, or without proof", async () => {
  const { app } = await startInjected();
  const none = await app.inject({ url: `${OIDC}/logout`, headers: { accept: "text/html" } });
  expect(none.statusCode).toBe(200);
  const success = await app.inject({ url: `${OIDC}/logout/success`, headers: { accept: "text/html" } });
  expect(success.body).toContain("Signed out");
  const elsewhere = await app.inject({
    url: `${OIDC}/logout?client_id=supply-chain-ui&post_logout_redirect_uri=https://evil.example/`,
    headers: { accept: "text/html" },
  });
  expect(elsewhere.statusCode).toBe(400);
  const own = `${ORIGIN}${REALM}/protocol/aauth/agent/auth/signed-in`;
  const ours = await app.inject({
    url: `${OIDC}/logout?client_id=aauth-consent&post_logout_redirect_uri=${own}`,
    headers: { accept: "text/html" },
  });
  expect(ours.statusCode).toBe(400);
});

test("a link signs no user out: without an ID token as proof, the page asks", async () => {
  const server = await startInjected();
  const browser = createBrowser(injectedFetch(server.app));
  await signIn(browser, `${ORIGIN}${authorizationPath()}`);
  const asked = await browser.get(`${ORIGIN}${OIDC}/logout?client_id=supply-chain-ui`);
  const policy = asked.headers.get("content-security-policy");
  expect(policy).toContain("form-action 'self'");
  expect(policy).not.toContain("script-src");
  expect(await asked.text()).not.toContain("<script");
  const { id_token: proof } = (await directGrant(server)).json();
  const proven = await browser.get(`${ORIGIN}${OIDC}/logout?id_token_hint=${proof}`);
  expect(await proven.text()).toContain("<script>");
  const still = await browser.get(`${ORIGIN}${authorizationPath({ prompt: "none" })}`);
  expect(still.headers.get("location")).toContain("code=");
});

test("a form that is not from the page signs no user out", async () => {
  const { app } = await startInjected();
  const browser = createBrowser(injectedFetch(app));
  await signIn(browser, `${ORIGIN}${authorizationPath()}`);
  await browser.get(`${ORIGIN}${OIDC}/logout`);
  for (const forged of [{ logout: "yes" }, { logout: "yes", xsrf: "made-up" }]) {
    const reply = await browser.post(`${ORIGIN}${OIDC}/logout/confirm`, forged);
    expect(reply.status).toBe(400);
  }
  const still = await browser.get(`${ORIGIN}${authorizationPath({ prompt: "none" })}`);
  expect(still.headers.get("location")).toContain("code=");
});

test("nothing is written to the console", async () => {
  const writers = (["log", "info", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  const server = await startInjected();
  await directGrant(server);
  const browser = createBrowser(injectedFetch(server.app));
  const start = `${ORIGIN}${authorizationPath()}`;
  await browser.follow(start, await browser.get(start));
  await browser.get(`${ORIGIN}${OIDC}/logout`);
  for (const writer of writers) expect(writer).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

test("another user may answer a request to sign in again, and has the session from then on", async () => {
  const { app } = await startInjected();
  const browser = createBrowser(injectedFetch(app));
  await signIn(browser, `${ORIGIN}${authorizationPath()}`);
  const leaving = await signIn(browser, `${ORIGIN}${authorizationPath({ prompt: "login" })}`, {
    username: "second-user",
    password: "user123",
  });
  const signOut = readForm(await leaving.response.text());
  const left = await browser.post(signOut.action, signOut.fields);
  expect((await browser.follow(signOut.action, left)).url).toContain("/?code=");
});

test("a sign-in ends after its time, and its form issues no second code", async () => {
  const { app, clock } = await startInjected();
  const begin = async () => {
    const browser = createBrowser(injectedFetch(app));
    const start = `${ORIGIN}${authorizationPath()}`;
    const shown = await browser.follow(start, await browser.get(start));
    const action = new URL(readForm(await shown.response.text()).action, ORIGIN).href;
    return async () => browser.follow(action, await browser.post(action, MCP_USER));
  };
  const finish = await begin();
  expect((await finish()).url).toContain("?code=");
  const again = await finish();
  expect(again.url).not.toContain("?code=");
  expect(again.response.status).toBe(400);
  expect(await again.response.text()).toContain("This sign-in has expired");
  const late = await begin();
  clock.advance(300);
  expect(await (await late()).response.text()).toContain("This sign-in has expired");
});

test("S5: plain requests from one address end no sign-in of another one, and its own only briefly", async () => {
  const { app, clock } = await startInjected();
  const path = authorizationPath();
  const browser = createBrowser(injectedFetch(app));
  const { response: form } = await browser.follow(ORIGIN + path, await browser.get(ORIGIN + path));
  const { action } = readForm(await form.text());
  const begin = async () => (await app.inject({ url: path, remoteAddress: "198.51.100.1" })).headers.location;
  for (let index = 0; index < 2100; index++) await begin();
  expect(await begin()).toContain("error=temporarily_unavailable");
  const { username, password } = MCP_USER;
  const answer = await browser.post(ORIGIN + action, { username, password });
  expect((await browser.follow(ORIGIN, answer)).url).toContain(`${UI}/?`);
  clock.advance(301);
  expect(await begin()).not.toContain("error=");
}, 120_000);
