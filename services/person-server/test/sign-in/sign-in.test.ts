import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type LyingProvider, startLyingProvider } from "../support/lying-provider.ts";
import {
  beginSignIn,
  OWN_ORIGIN,
  pageOf,
  relyingParty,
  type Shown,
  shown,
  TestBrowser,
} from "../support/relying-party.ts";

const EVIL = "https://evil.example";
const SESSION = `${OWN_ORIGIN} person-server-session-8081`;
let provider: LyingProvider;
let app: FastifyInstance;
let browser: TestBrowser;
let clock: number;

beforeEach(async () => {
  clock = Date.now() / 1000;
  provider = await startLyingProvider();
  app = await relyingParty({ issuer: new URL(provider.issuer), now: () => clock });
  browser = new TestBrowser(app);
});

afterEach(async () => {
  await app.close();
  await provider.stop();
});

const begin = (page = "/who", from = browser) => beginSignIn(from, page);

/** Follows the provider's page back to the server's own. */
async function finish(callback: string, from = browser): Promise<Shown> {
  return shown((await from.follow(callback)).response);
}

async function signIn(subject: string, from = browser): Promise<Shown> {
  provider.lies = { claims: { sub: subject } };
  return finish(await begin("/who", from), from);
}

const isSignedIn = (from = browser) => from.isSignedIn();

test("an authorization request has code, PKCE, state and nonce", async () => {
  const response = await browser.open("/who?x=1");
  const url = new URL(response.headers.get("location") ?? "");
  expect(response.status).toBe(303);
  expect(url.origin + url.pathname).toBe(`${provider.issuer}/authorize`);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: "person-server",
    response_type: "code",
    scope: "openid",
    redirect_uri: `${OWN_ORIGIN}/sign-in/callback`,
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: "S256",
  });
});

test("a browser returns to the page that it came to, and stays signed in for a working day", async () => {
  const response = await browser.open(await begin("/who?x=1"));
  expect(response.headers.get("location")).toBe(`${OWN_ORIGIN}/who?x=1`);
  expect((await browser.open("/who")).status).toBe(200);
  clock += 8 * 3_600;
  expect((await browser.open("/who")).status).toBe(303);
});

test("cookies are for this server alone, and secure with https", async () => {
  const attributes = (response: Response) =>
    response.headers
      .getSetCookie()
      .map((line) => line.replace(/^(\w*-?person-server-(?:sign-in|session)-\d+)[^;]*/, "$1=…"));
  const begun = await browser.open("/who");
  expect(attributes(begun)).toEqual([
    "person-server-sign-in-8081=…; Max-Age=900; Path=/; HttpOnly; SameSite=Lax",
  ]);
  const done = await browser.open(await begin());
  expect(attributes(done)).toEqual([
    "person-server-sign-in-8081=…; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "person-server-session-8081=…; Max-Age=28800; Path=/; HttpOnly; SameSite=Lax",
  ]);
  const secure = await relyingParty({
    issuer: new URL(provider.issuer),
    publicUrl: new URL("https://ps.example"),
  });
  expect(attributes(await new TestBrowser(secure).open("/who"))).toEqual([
    "__Host-person-server-sign-in-443=…; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure",
  ]);
  await secure.close();
});

test("several tabs sign in side by side, and keep the pages that are open", async () => {
  const [first, second] = [await begin("/who?tab=1"), await begin("/who?tab=2")];
  const one = await finish(second);
  expect((await finish(first)).id).toBe(one.id);
});

test("a name is shown on one line", async () => {
  provider.lies = {
    claims: {
      name: "Alice\n\u202eA",
      preferred_username: "alice1",
      email: "alice@example.test",
      email_verified: true,
    },
  };
  const { person } = await finish(await begin());
  expect(person).toMatchObject({
    name: "Alice A",
    email: "alice@example.test",
  });
});

test.each([false, undefined, "true"])(
  "U16: an address is a name of the person only with email_verified true: %j",
  async (email_verified) => {
    provider.lies = { claims: { name: 5, email: "bob@example.test", email_verified } };
    const { person } = await finish(await begin());
    expect(person).toMatchObject({ name: "alice" });
    expect(person).not.toHaveProperty("email");
  },
);

describe("requests of a caller", () => {
  test("U5: a session that was fixed before the sign-in is not the person's", async () => {
    const fixed = "f".repeat(43);
    const attacker = new TestBrowser(app);
    for (const value of [fixed, await attackersOwnSession()]) {
      browser = new TestBrowser(app);
      const callback = await begin();
      browser.cookies.set(SESSION, value);
      provider.lies = { claims: { sub: "alice" } };
      await browser.open(callback);
      expect(await isSignedIn()).toBe(true);
      attacker.cookies.set(SESSION, value);
      expect(await isSignedIn(attacker)).toBe(false);
    }

    async function attackersOwnSession(): Promise<string> {
      await signIn("mallory", attacker);
      return attacker.cookies.get(SESSION) ?? "";
    }
  });

  test("U6: another person who signs in in the same browser has another session", async () => {
    const tabs = [await begin(), await begin()] as const;
    provider.lies = { claims: { sub: "alice" } };
    const alice = await finish(tabs[0]);
    provider.lies = { claims: { sub: "bob" } };
    const bob = await finish(tabs[1]);
    expect([alice.person?.subject, bob.person?.subject]).toEqual(["alice", "bob"]);
    expect(bob.id).not.toBe(alice.id);
  });

  test("U7: one subject of two issuers is two persons", async () => {
    const other = await startLyingProvider();
    const elsewhere = await relyingParty({ issuer: new URL(other.issuer) });
    const away = new TestBrowser(elsewhere);
    const alice = await signIn("alice");
    const namesake = await finish(await begin("/who", away), away);
    expect(namesake.person?.subject).toBe(alice.person?.subject);
    expect(namesake.person?.id).not.toBe(alice.person?.id);
    await elsewhere.close();
    await other.stop();
  });

  test("U8: another site's page cannot sign a user out", async () => {
    await signIn("alice");
    const cookie = `person-server-session-8081=${browser.cookies.get(SESSION)}`;
    const foreign = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: OWN_ORIGIN },
      { origin: "null" },
      { origin: "http://localhost:3050" },
      {},
    ];
    for (const url of ["/sign-in/sign-out", "/sign-in/switch-user?return_to=/who"]) {
      for (const headers of foreign) {
        const type = { "content-type": "application/x-www-form-urlencoded" };
        const reply = await app.inject({ method: "POST", url, headers: { cookie, ...type, ...headers } });
        expect(reply.statusCode).toBe(403);
      }
    }
    expect(await isSignedIn()).toBe(true);
  });

  test.each([
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/".repeat(2_049),
  ])("U10: a sign-in returns to no other server: %j", async (returnTo) => {
    const response = await browser.open(`/who?returnTo=${encodeURIComponent(returnTo)}`);
    expect(await pageOf(response)).toMatchObject({
      status: 400,
      code: "invalid_return",
      link: ["/public", "Try again"],
    });
  });

  test("a path that looks like another server's address stays on this one", async () => {
    const response = await browser.open(
      await begin(`/who?returnTo=${encodeURIComponent("/.//evil.example")}`),
    );
    expect(response.headers.get("location")).toBe(`${OWN_ORIGIN}//evil.example`);
  });
});

describe("answers of a provider", () => {
  test.each(["error=access_denied", "", "code=", "code=1&code=2"])(
    "U13: sends the provider no request for a response with %j",
    async (query) => {
      const { searchParams } = new URL(await begin(), OWN_ORIGIN);
      clock += 60;
      const response = await browser.open(`/sign-in/callback?${query}&state=${searchParams.get("state")}`);
      expect(response.status).toBeGreaterThan(400);
      expect(provider.requested).toEqual(["/.well-known/openid-configuration"]);
    },
  );

  test("U13: requests at most 64 codes at a time", async () => {
    const browsers = Array.from({ length: 65 }, () => new TestBrowser(app));
    const callbacks = await Promise.all(browsers.map((each) => begin("/who", each)));
    provider.lies = { hangs: "/token" };
    const pages = browsers.map(async (each, index) => pageOf(await each.open(callbacks[index] ?? "")));
    expect(await Promise.race(pages)).toMatchObject({ status: 503, code: "provider_unreachable" });
    const redeemed = () => provider.requested.filter((path) => path === "/token").length;
    await vi.waitFor(() => expect(redeemed()).toBe(64));
    await provider.stop();
    await Promise.all(pages);
    expect(redeemed()).toBe(64);
  });

  const lies = [
    ["U1: names another issuer in its document", { document: { issuer: EVIL }, claims: { iss: EVIL } }],
    ["U2: signs with a key that it does not publish", { signsWithAnotherKey: true }],
    ["issues a token of another issuer", { claims: { iss: EVIL } }],
    ["issues a token for another client", { claims: { aud: "another" } }],
    [
      "issues a token for several clients without naming this one as its user",
      { claims: { aud: ["person-server", "x"], azp: "x" } },
    ],
    ["issues an expired token", { claims: { exp: 1 } }],
    ["issues a token of another request", { claims: { nonce: "another" } }],
    ["issues a token without nonce", { claims: { nonce: undefined } }],
    ["names no subject", { claims: { sub: undefined } }],
    ["names an empty subject", { claims: { sub: "" } }],
    ["names a subject that is not text", { claims: { sub: 5 } }],
    ["names a subject of 256 characters", { claims: { sub: "x".repeat(256) } }],
    ["sends a document that is not one", { fails: { path: "/.well-known/openid-configuration", bytes: 9 } }],
    ["sends an empty response for tokens", { fails: { path: "/token" } }],
    ["has no key set", { document: { jwks_uri: undefined } }],
    [
      "U9: has its token endpoint on another machine without https",
      { document: { token_endpoint: "http://idp.invalid/token" } },
    ],
  ] as const;
  test.each(lies)("a provider that %s signs no user in", async (_, lie) => {
    const callback = await begin();
    clock += 60;
    provider.lies = lie;
    expect(await pageOf(await browser.open(callback))).toMatchObject({
      status: 502,
      code: "provider_invalid",
      link: [`${OWN_ORIGIN}/who`, "Try again"],
    });
    expect(await isSignedIn()).toBe(false);
  });

  test.each([
    ["limits requests", { fails: { path: "/.well-known/openid-configuration", status: 429 } }],
    ["is down", { fails: { path: "/.well-known/openid-configuration", status: 503 } }],
    ["sends without end", { fails: { path: "/.well-known/openid-configuration", bytes: 300_000 } }],
  ])("a provider that %s is shown as a page with a retry, and is called again", async (_, lie) => {
    provider.lies = lie;
    expect(await pageOf(await browser.open("/who"))).toMatchObject({
      status: 503,
      code: "provider_unreachable",
      link: ["/who", "Try again"],
    });
    provider.lies = {};
    expect((await browser.open("/who")).status).toBe(303);
  });

  test("a provider that refuses the connection is shown as a page", async () => {
    const callback = await begin();
    await provider.stop();
    expect(await pageOf(await browser.open(callback))).toMatchObject({
      status: 503,
      code: "provider_unreachable",
    });
  });

  test.each(["/.well-known/openid-configuration", "/token", "/jwks"])(
    "a provider that never answers at %s times out after ten seconds",
    async (hangs) => {
      const callback = await begin();
      clock += 60;
      provider.lies = { hangs };
      const { timeout } = AbortSignal;
      const limits = vi
        .spyOn(AbortSignal, "timeout")
        .mockImplementation((ms) => timeout.call(AbortSignal, ms / 100));
      expect(await pageOf(await browser.open(callback))).toMatchObject({
        status: 503,
        code: "provider_unreachable",
      });
      expect(new Set(limits.mock.calls.flat())).toEqual(new Set([10_000]));
    },
  );

  test("a person who declines at the provider sees a page", async () => {
    const { searchParams } = new URL(await begin(), OWN_ORIGIN);
    const response = await browser.open(
      `/sign-in/callback?error=access_denied&state=${searchParams.get("state")}`,
    );
    expect(await pageOf(response)).toMatchObject({ status: 403, code: "access_denied" });
  });

  test("an error of the provider is shown by one of this server's codes", async () => {
    const { searchParams } = new URL(await begin(), OWN_ORIGIN);
    const query = new URLSearchParams({
      error: "<b>",
      error_description: "Call 555",
      state: searchParams.get("state") ?? "",
    });
    const page = await pageOf(await browser.open(`/sign-in/callback?${query}`));
    expect(page).toMatchObject({ status: 403, code: "sign_in_refused" });
    expect(JSON.stringify(page)).not.toMatch(/555|<b>/);
  });

  test("a response that names another issuer is refused (RFC 9207)", async () => {
    const response = await browser.open(`${await begin()}&iss=${encodeURIComponent(EVIL)}`);
    expect(await pageOf(response)).toMatchObject({ status: 502, code: "provider_invalid" });
    expect(provider.requested).not.toContain("/token");
  });

  test("a response without issuer is refused if the provider always names it (RFC 9207)", async () => {
    provider.lies = { document: { authorization_response_iss_parameter_supported: true } };
    expect(await pageOf(await browser.open(await begin()))).toMatchObject({
      status: 502,
      code: "provider_invalid",
    });
  });

  test("recently replaced keys are found", async () => {
    await signIn("alice");
    await provider.rotateKeys();
    expect((await signIn("bob", new TestBrowser(app))).person?.subject).toBe("bob");
  });

  test("its document is fetched once a minute for the address of its page", async () => {
    await Promise.all([begin(), begin(), begin()]);
    clock += 59;
    await begin();
    expect(provider.requested).toHaveLength(1);
    clock += 1;
    await begin();
    expect(provider.requested).toHaveLength(2);
  });
});

test("U17: a sign-out continues to the provider's end of the session, with the ID token", async () => {
  await signIn("alice");
  const response = await browser.open("/sign-in/sign-out", {});
  const [, address = ""] = /^0; url=(.+)$/.exec(response.headers.get("refresh") ?? "") ?? [];
  const url = new URL(address);
  expect(await pageOf(response)).toMatchObject({ status: 200, link: [address, "Continue"] });
  expect(url.origin + url.pathname).toBe(`${provider.issuer}/logout`);
  expect(Object.keys(Object.fromEntries(url.searchParams)).sort()).toEqual(["client_id", "id_token_hint"]);
  expect(await isSignedIn()).toBe(false);
});

test("a provider without https is for development on loopback alone", async () => {
  const of = (issuer: string, development: boolean) => relyingParty({ issuer: new URL(issuer), development });
  await expect(of("http://127.0.0.1:1", false)).rejects.toThrow(/https/);
  await expect(of("http://192.0.2.1", true)).rejects.toThrow(/https/);
  await (await of("https://idp.example", false)).close();
});

describe("a person who hands over to another one", () => {
  const switchUser = (returnTo = "/who?x=1") =>
    browser.open(`/sign-in/switch-user?${new URLSearchParams({ return_to: returnTo })}`, {});
  const next = (response: Response) => response.headers.get("refresh")?.replace("0; url=", "") ?? "";
  const callbackOf = (address: string) => {
    const { searchParams } = new URL(address);
    const query = { state: searchParams.get("state") ?? "", code: searchParams.get("nonce") ?? "" };
    return `/sign-in/callback?${new URLSearchParams(query)}`;
  };

  test("is signed out, and the other one returns to the page", async () => {
    await signIn("alice");
    const address = next(await switchUser());
    expect(await isSignedIn()).toBe(false);
    expect(new URL(address).searchParams.has("prompt")).toBe(false);
    provider.lies = { claims: { sub: "bob" } };
    const { response, url } = await browser.follow(callbackOf(address));
    expect(url).toBe(`${OWN_ORIGIN}/who?x=1`);
    expect((await shown(response)).person?.subject).toBe("bob");
  });

  test("is asked by the provider if its session is still the same person's", async () => {
    await signIn("alice");
    const back = await browser.open(callbackOf(next(await switchUser())));
    const asked = back.headers.get("location") ?? "";
    expect(new URL(asked).searchParams.get("prompt")).toBe("login");
    expect(await isSignedIn()).toBe(false);
    const { url } = await browser.follow(callbackOf(asked));
    expect(url).toBe(`${OWN_ORIGIN}/who?x=1`);
    expect(await isSignedIn()).toBe(true);
  });

  test("U10: returns to no other server", async () => {
    await signIn("alice");
    expect(await pageOf(await switchUser(EVIL))).toMatchObject({ status: 400, code: "invalid_return" });
  });
});
