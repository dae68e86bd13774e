/**
 * The holes of the demo's former backend (B: docs/reference/known-holes.md), each tried against the
 * running stack and refused by the check that is meant for it. B5, requests of many users at once,
 * is in `many-users.test.ts`.
 */

import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { installLocalhostLookup } from "agent-kit/service";
import { type Progress, progressSchema, startReplySchema } from "backend-api";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { signIn as signInAtAuthServer } from "../../services/auth-server/test/support/sign-in.ts";
import {
  ForeignAgent,
  keyPair,
  type Listener,
  listen,
  makeToken,
  readToken,
  thumbprintOf,
} from "../support/foreign-agent.ts";
import { signIn } from "../support/optimization-run.ts";
import { newTrace, spansOf } from "../support/run-trace.ts";
import { DEMO_USER, userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const SECOND_USER = { ...DEMO_USER, username: "second-user" };
/** Time for an agent to be started again under way, also on a busy machine. */
const CONSENT_SECONDS = 15;

let stack: TestStack;
let first: string;
let second: string;

beforeAll(async () => {
  stack = await startStack({
    processes: ["backend", "supply-chain-agent"],
    modes: { authorizationScheme: "user-delegated" },
    env: { "auth-server": { AUTH_SERVER_CONSENT_SECONDS: String(CONSENT_SECONDS) } },
  });
  [first, second] = await Promise.all([
    userAccessToken(stack.urls),
    userAccessToken(stack.urls, SECOND_USER),
  ]);
});
afterAll(() => stack?.stop());

function ask(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...init.headers };
  return fetch(`${stack.urls.backend}${path}`, { ...init, headers, redirect: "manual" });
}

/** Starts a run that waits for its user's consent. */
async function waitingRun(
  token = first,
  request: { headers?: Record<string, string>; body?: object } = {},
): Promise<{ id: string; consentUrl: string }> {
  const started = await ask("/optimization/start", token, {
    method: "POST",
    headers: { "content-type": "application/json", ...request.headers },
    body: JSON.stringify(request.body ?? {}),
  });
  const reply = startReplySchema.parse(await started.json());
  if (!("consent_required" in reply)) throw new Error(`no consent was asked for: ${JSON.stringify(reply)}`);
  return { id: reply.request_id, consentUrl: reply.consent_url };
}

/**
 * Answers the consent page and gives the address that the browser is sent to, without going there.
 */
async function answerConsent(
  consentUrl: string,
  user: { username: string; password: string } = DEMO_USER,
  browser = createBrowser(),
): Promise<URL> {
  const shown = await signInAtAuthServer(browser, consentUrl, user);
  const { action, fields } = readForm(await shown.response.text());
  const answer = await browser.post(new URL(action, shown.url).href, { ...fields, accept: "yes" });
  return new URL(answer.headers.get("location")!);
}

async function ended(id: string, token = first): Promise<Progress> {
  for (;;) {
    const progress = progressSchema.parse(await (await ask(`/optimization/progress/${id}`, token)).json());
    if (progress.status === "completed" || progress.status === "failed") return progress;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function expectNoUser(token: string): Promise<void> {
  const answer = await ask("/auth/me", token);
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 401,
    body: { detail: "Invalid or expired token" },
  });
}

describe("who a user is", () => {
  test("B1: neither an auth token nor an ID token of the realm signs in", async () => {
    const agent = await ForeignAgent.start();
    try {
      const form = { request_type: "auth", scope: "market-analysis:analyze" };
      const granted = await agent.askAuthServer(stack.urls.issuer, form);
      const { auth_token: authToken } = JSON.parse(granted.text) as { auth_token: string };
      expect(readToken(authToken).header.typ).toBe("auth+jwt");
      for (const token of [authToken, await idTokenOf(stack)]) await expectNoUser(token);
      expect((await ask("/auth/me", first)).status).toBe(200);
    } finally {
      await agent.stop();
    }
  });

  test("B4: no user sees or clears another user's runs", async () => {
    const { id } = await waitingRun();
    for (const path of ["progress", "results"]) {
      expect((await ask(`/optimization/${path}/${id}`, second)).status).toBe(404);
    }
    expect(await (await ask("/optimization/all", second)).json()).toEqual([]);
    await ask("/optimization/clear", second, { method: "DELETE" });
    expect((await ask(`/optimization/progress/${id}`, first)).status).toBe(200);
  });

  test("A4: a run in another user's trace shows nothing else of that trace", async () => {
    const { traceId, traceparent } = newTrace();
    const secret = "a prompt of the first user";
    const victim = await waitingRun(first, { headers: { traceparent }, body: { custom_prompt: secret } });
    const request = await vi.waitFor(async () => {
      const spans = await spansOf(stack.urls.traces, traceId);
      const found = spans.find(({ name }) => name === "POST /optimization/start");
      expect(JSON.stringify(found)).toContain(secret);
      return found!;
    }, LOG_WAIT);

    const traceOf = async (id: string, token: string, whole: string) => {
      return vi.waitFor(async () => {
        const shown = await (await ask(`/optimization/${id}/trace`, token)).text();
        expect(shown).toContain(whole);
        return shown;
      }, LOG_WAIT);
    };
    // In the same trace, and below a span of the other's.
    for (const parent of [traceparent, `00-${traceId}-${request.id}-01`]) {
      const own = "what the second user asks";
      const run = await waitingRun(second, {
        headers: { traceparent: parent },
        body: { custom_prompt: own },
      });
      const shown = await traceOf(run.id, second, own);
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(victim.id);
      expect(await traceOf(victim.id, first, secret)).not.toContain(own);
    }
  });

  test("B8: the connection test is for users", async () => {
    expect((await ask("/optimization/test-a2a-connection")).status).toBe(403);
    expect((await ask("/optimization/test-a2a-connection", "a.b.c")).status).toBe(401);
  });
});

describe("the way back from the consent page", () => {
  /** Its user does not come back; its time runs during the other tests. */
  let abandoned: Awaited<ReturnType<typeof waitingRun>>;
  beforeAll(async () => {
    abandoned = await waitingRun();
  });

  test("B2: what the auth server says cannot forge success", async () => {
    const { id, consentUrl } = await waitingRun();
    const query = new URLSearchParams({
      error: "access_denied",
      error_description: "x&aauth_authorized=1&request_id=evil",
      state: (await answerConsent(consentUrl)).searchParams.get("state")!,
    });
    const location = new URL((await ask(`/auth/aauth/callback?${query}`)).headers.get("location")!);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      aauth_error: "1",
      error: "access_denied",
      error_description: "x&aauth_authorized=1&request_id=evil",
      request_id: id,
    });
    expect(await ended(id)).toMatchObject({ status: "failed", failure: { code: "access_denied" } });
  });

  test("B3: an unknown state requests no token", async () => {
    const before = stack.log().length;
    const location = (await ask(`/auth/aauth/callback?code=x&state=${randomUUID()}`)).headers.get("location");
    expect(location).toContain("error=unknown_request");
    // The auth server logs what it refuses as well as what it grants.
    expect(stack.log().slice(before)).not.toMatch(/code exchange|agent\/token/);
  });

  test("B3: the consent of another user ends the run", async () => {
    const { id, consentUrl } = await waitingRun();
    const callback = await answerConsent(consentUrl, SECOND_USER);
    const { headers } = await fetch(callback, { redirect: "manual" });
    expect(new URL(headers.get("location")!).searchParams.get("error")).toBe("wrong_user");
    expect(await ended(id)).toMatchObject({
      status: "failed",
      failure: { check: "consent", code: "wrong_user" },
    });
  });

  test("B3: a callback works once, also for two at the same time", async () => {
    const { id, consentUrl } = await waitingRun();
    const callback = await answerConsent(consentUrl);
    const open = async () => {
      const { headers } = await fetch(callback, { redirect: "manual" });
      const { searchParams } = new URL(headers.get("location")!);
      return searchParams.get("error") ?? `authorized: ${searchParams.get("aauth_authorized")}`;
    };
    const together = await Promise.all([open(), open(), open()]);
    expect(together.sort()).toEqual(["authorized: 1", "unknown_request", "unknown_request"]);
    expect(await open()).toBe("unknown_request");
    expect(await ended(id)).toMatchObject({ status: "completed" });
  });

  test("A17: another user's link takes back no consent that is remembered, neither that of its reader nor that of its owner", async () => {
    const [owner, reader] = [createBrowser(), createBrowser()];
    /** Where a browser in which a consent is remembered is sent on to: no page is shown. */
    const passedThrough = async (browser: typeof owner, consentUrl: string) =>
      new URL((await browser.get(consentUrl)).headers.get("location") ?? "about:no-redirect");
    const consents = [
      [await waitingRun(), DEMO_USER, owner, first],
      [await waitingRun(second), SECOND_USER, reader, second],
    ] as const;
    for (const [{ id, consentUrl }, user, browser, token] of consents) {
      await fetch(await answerConsent(consentUrl, user, browser), { redirect: "manual" });
      expect(await ended(id, token)).toMatchObject({ status: "completed" });
    }

    const { id, consentUrl } = await waitingRun();
    const callback = await passedThrough(reader, consentUrl);
    const { headers } = await fetch(callback, { redirect: "manual" });
    expect(new URL(headers.get("location")!).searchParams.get("error")).toBe("wrong_user");
    expect(await ended(id)).toMatchObject({ failure: { code: "wrong_user" } });

    for (const [, , browser, token] of consents) {
      const next = await waitingRun(token);
      const { searchParams } = await passedThrough(browser, next.consentUrl);
      expect(searchParams.has("code")).toBe(true);
    }
  });

  test("A17: another user who only looks at the page ends neither the request nor the run", async () => {
    const { id, consentUrl } = await waitingRun();
    const shown = await signInAtAuthServer(createBrowser(), consentUrl, SECOND_USER);
    expect(readForm(await shown.response.text()).fields).toHaveProperty("consent_code");
    await fetch(await answerConsent(consentUrl), { redirect: "manual" });
    expect(await ended(id)).toMatchObject({ status: "completed" });
  });

  test("B7: a second demand for consent ends the run", async () => {
    const { id, consentUrl } = await waitingRun(second);
    const callback = await answerConsent(consentUrl, SECOND_USER);
    // Between consent and call, the agent raises what it wants, and that needs consent as well.
    await stack.kill("supply-chain-agent");
    await stack.startAgain("supply-chain-agent", { AAUTH_RESOURCE_ADDITIONAL_SCOPES: "user.profile" });
    await fetch(callback, { redirect: "manual" });
    expect(await ended(id, second)).toMatchObject({
      status: "failed",
      failure: { code: "consent_repeated" },
    });
  });

  test("B9: who does not come back in time finds a run that has failed", async () => {
    expect(await ended(abandoned.id)).toMatchObject({
      status: "failed",
      failure: { code: "consent_expired" },
    });
  });
});

describe("B1: an access token counts only whole", () => {
  const realm = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const unknown = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const seconds = Math.floor(Date.now() / 1000);
  let authServer: Listener;

  /** The good one, except for what is given. */
  function accessToken({ claims = {}, typ = "JWT", key = realm.privateKey }: Forgery): string {
    const header = { alg: "RS256", typ, kid: "realm" };
    const good = {
      iss: `${authServer.url}/realms/aauth-test`,
      azp: "supply-chain-ui",
      typ: "Bearer",
      sub: "user-1",
      iat: seconds,
      exp: seconds + 300,
    };
    const parts = [header, { ...good, ...claims }];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${input}.${sign("RSA-SHA256", Buffer.from(input), key).toString("base64url")}`;
  }
  interface Forgery {
    readonly claims?: object;
    readonly typ?: string;
    readonly key?: KeyObject;
  }

  beforeAll(async () => {
    // An auth server whose key the test has: it can sign what no auth server would.
    const jwk = { ...realm.publicKey.export({ format: "jwk" }), kid: "realm", alg: "RS256", use: "sig" };
    authServer = await listen(() => ({ body: { keys: [jwk] } }));
    await stack.kill("backend");
    await stack.startAgain("backend", { KEYCLOAK_URL: authServer.url });
  });
  afterAll(() => authServer?.stop());

  test("the good one signs in", async () => {
    expect((await ask("/auth/me", accessToken({}))).status).toBe(200);
  });

  test.each<[string, Forgery, string]>([
    ["without an end", { claims: { exp: undefined } }, "exp"],
    ["that is an auth token", { typ: "auth+jwt" }, "JWT header value"],
    ["by an unknown key", { key: unknown.privateKey }, "signature verification failed"],
  ])("one %s does not", async (_what, forgery, reason) => {
    const before = stack.log().length;
    await expectNoUser(accessToken(forgery));
    const told = () => stack.log().slice(before);
    await expect.poll(told, LOG_WAIT).toContain("user token refused");
    await expect.poll(told, LOG_WAIT).toContain(reason);
  });
});

describe("B6: a challenge that is not for this agent is not followed", () => {
  const impostorsKey = keyPair();
  const resourceKey = { kty: "OKP", crv: "Ed25519", x: impostorsKey.x, kid: "k" };
  /** What the impostor's next challenge says otherwise than a good one. */
  let change: { authServer?: string; claims?: object } = {};
  let misled: TestStack;
  let impostor: Listener;
  let elsewhere: Listener;
  let agentJkt: string;

  beforeAll(async () => {
    elsewhere = await listen(() => ({ status: 500 }));
    impostor = await listen((path, own) => {
      if (path === "/.well-known/aauth-resource")
        return { body: { resource: own, jwks_uri: `${own}/jwks.json` } };
      if (path === "/jwks.json") return { body: { keys: [resourceKey] } };
      const { backendAgent: agent, issuer } = misled.urls;
      const { authServer = issuer, claims = {} } = change;
      const exp = Math.floor(Date.now() / 1000) + 300;
      const good = { iss: own, aud: authServer, agent, agent_jkt: agentJkt, exp, scope: "a" };
      const header = { alg: "EdDSA", kid: "k", typ: "resource+jwt" };
      const token = makeToken(header, { ...good, ...claims }, impostorsKey.key);
      const agentAuth = `httpsig; auth-token; resource_token="${token}"; auth_server="${authServer}"`;
      return { status: 401, headers: { "agent-auth": agentAuth } };
    });
    misled = await startStack({ env: { backend: { SUPPLY_CHAIN_AGENT_URL: impostor.url } } });
    const { keys } = (await (await fetch(`${misled.urls.backend}/jwks.json`)).json()) as {
      keys: [{ x: string }];
    };
    agentJkt = thumbprintOf(keys[0]);
  });
  afterAll(() => Promise.all([misled?.stop(), impostor?.stop(), elsewhere?.stop()]));

  test.each<[string, () => typeof change]>([
    ["names an untrusted auth server", () => ({ authServer: elsewhere.url })],
    ["is for another agent", () => ({ claims: { agent: "http://127.0.0.1:1" } })],
  ])("%s", async (_what, make) => {
    change = make();
    const run = await (await signIn(misled)).run({});
    expect(run).toMatchObject({ status: "failed", failure: { code: "challenge_untrusted" } });
    expect(elsewhere.requests).toEqual([]);
    expect(misled.log()).not.toMatch(/Requesting auth_token/);
  });

  test("a good one of the same resource is followed", async () => {
    change = {};
    await (await signIn(misled)).run({});
    await expect.poll(() => misled.log(), LOG_WAIT).toMatch(/Requesting auth_token/);
  });
});

async function idTokenOf({ urls }: TestStack): Promise<string> {
  const reply = await fetch(`${urls.issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "supply-chain-ui",
      scope: "openid",
      ...DEMO_USER,
    }),
  });
  const { id_token: idToken } = (await reply.json()) as { id_token?: string };
  if (idToken === undefined) throw new Error("the auth server gives no ID token");
  return idToken;
}
