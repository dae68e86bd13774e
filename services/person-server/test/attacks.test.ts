/** Attacks on the person server and the access server, and on the person's pages. */

import { issueAgentToken, issueResourceToken } from "aauth/server";
import { expect, test } from "vitest";
import { createBrowser, readForm } from "../../auth-server/test/support/browser.ts";
import { recordingLogger, startListening } from "./support/person-server.ts";
import { MCP_USER, personNamed, SECOND_USER, SIGN_IN_FORM } from "./support/test-sign-in.ts";
import {
  ACCESS_SERVER,
  AGENT,
  BACKEND,
  browserOf,
  CALLBACK,
  createWorld,
  openInteraction,
  PERSON_SERVER,
  press,
  pressing,
  STRANGE,
  SUPPLY_CHAIN,
  sendWith,
  shownAt,
  type World,
} from "./support/world.ts";

const PERSON_TOKENS = `${PERSON_SERVER}/aauth/person`;
const CAPABILITIES = ["interaction", "clarification"];

async function agentTokenOf(world: World, agent = AGENT): Promise<string> {
  const key = world.keys[BACKEND]!;
  const options = { key, issuer: BACKEND, agent, personServer: PERSON_SERVER };
  return (await issueAgentToken({ ...options, confirmationKey: key.publicJwk })).token;
}

/**
 * A request that waits for a person: its pending URL, and the address of the page with the code.
 */
async function waiting(world: World, members: Record<string, unknown> = {}, agent = AGENT) {
  const body = { resource: SUPPLY_CHAIN, capabilities: CAPABILITIES, ...members };
  return waitingFor(world, await agentTokenOf(world, agent), PERSON_TOKENS, body);
}

async function waitingFor(world: World, token: string, endpoint: string, body: object) {
  const answer = await sendWith(world, endpoint, token, { method: "POST", body });
  expect(answer.status).toBe(202);
  const [, url = "", code = ""] =
    /url="([^"]+)"; ?code="([^"]+)"/.exec(answer.headers.get("aauth-requirement") ?? "") ?? [];
  const pending = answer.headers.get("location")!;
  const poll = async (jwt = token): Promise<Response> => {
    const polled = await sendWith(world, pending, jwt);
    if (polled.status !== 429) return polled;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return poll(jwt);
  };
  return { token, code, page: `${url}?code=${code}`, pending, poll };
}

const errorOf = async (answer: Response) => ((await answer.json()) as { error: string }).error;

test("T43: the documents are there under the host names of their servers only", async () => {
  const world = await createWorld({ accessServer: ACCESS_SERVER });
  const from = async (id: string, path: string) => {
    const answer = await world.map.requests(id + path, { method: "GET", headers: {} } as never);
    return answer.status === 200 ? await answer.json() : answer.status;
  };
  expect(await from(PERSON_SERVER, "/.well-known/aauth-person.json")).toMatchObject({
    issuer: PERSON_SERVER,
    person_token_endpoint: PERSON_TOKENS,
  });
  expect(await from(ACCESS_SERVER, "/.well-known/aauth-access.json")).toMatchObject({
    issuer: ACCESS_SERVER,
  });
  expect(await from(PERSON_SERVER, "/.well-known/aauth-access.json")).toBe(404);
  const person = (await from(PERSON_SERVER, "/jwks.json")) as { keys: { kid: string }[] };
  const access = (await from(ACCESS_SERVER, "/jwks.json")) as { keys: { kid: string }[] };
  expect(person.keys[0]!.kid).not.toBe(access.keys[0]!.kid);
  expect((await fetch(`${world.url}/jwks.json`)).status).toBe(404);
});

test("without a sign-in no request is allowed, and no code is used up", async () => {
  const world = await createWorld();
  const { page, poll } = await waiting(world);
  const stranger = createBrowser();
  const shown = await openInteraction(world, stranger, page);
  expect(new URL(shown.url).pathname).toBe(SIGN_IN_FORM);
  expect(shown.text).not.toContain(AGENT);
  expect((await poll()).status).toBe(202);
  const browser = await browserOf(world);
  expect((await openInteraction(world, browser, page)).text).toContain(AGENT);
});

test("T38: another user's session decides neither with the address nor with the form", async () => {
  const world = await createWorld();
  const { page, poll } = await waiting(world);
  const browser = await browserOf(world);
  const other = await browserOf(world, SECOND_USER);
  const shown = await openInteraction(world, browser, page);
  expect((await shownAt(other, shown.url)).status).toBe(404);
  expect((await press(other, shown, "accept")).status).toBe(400);
  // An attempt uses the form up, regardless of its sender.
  expect((await press(browser, shown, "accept")).status).toBe(400);
  expect((await poll()).status).toBe(202);
  const again = await shownAt(browser, shown.url);
  expect((await press(browser, again, "accept")).status).toBe(200);
  expect((await poll()).status).toBe(200);
});

test("an agent is one person's: another one cannot allow it anything (N46)", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const other = await browserOf(world, SECOND_USER);
  const first = await waiting(world);
  const second = await waiting(world, { resource: "https://strange.localhost" });
  // Both pages are open before the agent belongs to a person.
  const shown = await openInteraction(world, browser, first.page);
  const theirs = await openInteraction(world, other, second.page);
  expect((await press(browser, shown, "accept")).status).toBe(200);
  expect((await press(other, theirs, "accept")).status).toBe(403);
  expect((await second.poll()).status).toBe(202);
  const third = await waiting(world, { resource: "https://strange.localhost" });
  expect((await openInteraction(world, other, third.page)).status).toBe(404);
});

test("T41, S22a: a login hint excludes other users, and reveals no user", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const shownTo = async (login_hint: string) => {
    const { page } = await waiting(world, { login_hint });
    const { status, text } = await openInteraction(world, browser, page);
    return { status, text: text.replace(/code%3D[\w-]+/, "code%3D…") };
  };
  const shown = await shownTo("second-user@provider.example");
  expect(shown).toEqual({ status: 403, text: expect.stringContaining("not for you") });
  expect(shown.text).not.toContain(AGENT);
  expect(await shownTo("no-such-user")).toEqual(shown);
});

test("S42: a login hint matches what the provider guarantees, never a name or another subject", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const statusFor = async (login_hint: string) =>
    (await openInteraction(world, browser, (await waiting(world, { login_hint })).page)).status;
  const { subject, name } = personNamed(MCP_USER.username);
  for (const hint of [name, subject.toUpperCase()]) expect(await statusFor(hint)).toBe(403);
  for (const hint of [subject, `${name.toUpperCase()}@provider.example`])
    expect(await statusFor(hint)).toBe(200);
});

test("S22b: a link that another user opens stays valid for its own user", async () => {
  const world = await createWorld();
  const other = await browserOf(world);
  const unbound = await waiting(world, { login_hint: "SECOND-user@provider.example" });
  expect((await openInteraction(world, other, unbound.page)).status).toBe(403);
  expect((await openInteraction(world, other, unbound.page)).status).toBe(403);
  expect((await unbound.poll()).status).toBe(202);
  const theirs = await browserOf(world, SECOND_USER);
  const shown = await openInteraction(world, theirs, unbound.page);
  expect(shown.text).toContain(AGENT);
  expect((await press(theirs, shown, "accept")).status).toBe(200);
  // The agent has a person now.
  const bound = await waiting(world, { resource: "https://strange.localhost" });
  expect((await openInteraction(world, other, bound.page)).status).toBe(404);
  expect((await bound.poll()).status).toBe(202);
  expect((await openInteraction(world, theirs, bound.page)).text).toContain(AGENT);
});

test("another user can sign in from the page of a request for another person, and decide", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { page, poll } = await waiting(world, { login_hint: "subject-of-second-user" });
  const callback = `&callback=${encodeURIComponent(CALLBACK)}`;
  const shown = await openInteraction(world, browser, page + callback);
  expect(shown.text).toContain("You are signed in as <strong>mcp-user</strong>");
  expect(shown.text).toContain(`href="${world.map.browserUrl(CALLBACK)}"`);
  const { action } = readForm(shown.text);
  const next = new URL(action, shown.url).href;
  const form = await browser.follow(next, await browser.post(next, {}));
  const signedIn = await browser.post(
    new URL(readForm(await form.response.text()).action, form.url).href,
    SECOND_USER,
  );
  const { response, url } = await browser.follow(form.url, signedIn);
  const decision = { text: await response.text(), url };
  expect(decision.text).toContain(AGENT);
  expect((await press(browser, decision, "accept")).headers.get("location")).toBe(
    world.map.browserUrl(CALLBACK),
  );
  expect((await poll()).status).toBe(200);
});

test("the browser that opened a request opens it again with the same code, until it is answered", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { page, poll } = await waiting(world);
  const first = await openInteraction(world, browser, page);
  const again = await openInteraction(world, browser, page);
  expect(again).toMatchObject({ status: 200, url: first.url });
  expect((await press(browser, again, "accept")).status).toBe(200);
  expect((await poll()).status).toBe(200);
  for (const url of [page, first.url]) {
    const ended = await openInteraction(world, browser, url);
    expect(ended).toMatchObject({ status: 200, text: expect.stringContaining("You have already answered") });
  }
  const other = await browserOf(world, SECOND_USER);
  expect((await shownAt(other, first.url)).status).toBe(404);
});

test("the list names the time and the agent's reason of each request, and the same request once", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const first = await waiting(world);
  const shown = await openInteraction(world, browser, first.page);
  expect((await press(browser, shown, "accept")).status).toBe(200);
  expect((await first.poll()).status).toBe(200);
  const resource = "https://strange.localhost";
  for (const justification of ["To plan", "To plan", "<b>To order</b>", "To plan"])
    await waiting(world, { resource, justification });
  const { text } = await shownAt(browser, world.page("/granted"));
  expect(text.match(/Decide on a request/g)).toHaveLength(2);
  expect(text).toMatch(/asked at <time datetime="[^"]+">[^<]+<\/time> and 2 times before<\/small>/);
  expect(text).toContain("<blockquote>To plan</blockquote>");
  expect(text).toContain("<blockquote>&#60;b&#62;To order&#60;/b&#62;</blockquote>");
});

test("T37: a form of another site, an old one, or one of another request decides nothing", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const first = await waiting(world);
  const second = await waiting(world, { resource: "https://strange.localhost" });
  const shown = await openInteraction(world, browser, first.page);
  const other = await openInteraction(world, browser, second.page);
  const post = (url: string, fields: Record<string, string>) =>
    browser.post(url, { accept: "yes", ...fields });
  const { consent_code = "" } = readForm(other.text).fields;
  expect((await post(shown.url, {})).status).toBe(400);
  expect((await post(shown.url, { consent_code: "guessed" })).status).toBe(400);
  expect((await post(shown.url, { consent_code })).status).toBe(400);
  const json = await fetch(shown.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ accept: "yes" }),
  });
  expect(json.status).toBe(415);
  const { headers } = await browser.get(shown.url);
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  // The same user in another browser gets no page, either.
  const copied = await openInteraction(world, browser, (await waiting(world)).page);
  expect((await press(await browserOf(world), copied, "accept")).status).toBe(400);
  expect((await press(browser, shown, "accept")).status).toBe(200);
  expect((await press(browser, shown, "accept")).status).toBe(400);
  expect((await second.poll()).status).toBe(202);
  const granted = await shownAt(browser, world.page("/granted"));
  const revoke = { revoke: "yes", provider: BACKEND, agent: AGENT };
  expect((await browser.post(granted.url, revoke)).status).toBe(400);
  const again = readForm((await shownAt(browser, other.url)).text).fields;
  expect((await browser.post(granted.url, { ...revoke, ...again })).status).toBe(400);
});

test("a form without a button grants nothing, and a request's form is not accepted by the page of codes", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { page, poll } = await waiting(world);
  const shown = await openInteraction(world, browser, page);
  expect((await browser.post(shown.url, readForm(shown.text).fields)).status).toBe(400);
  const again = readForm((await shownAt(browser, shown.url)).text).fields;
  const typed = await browser.post(world.page("/interaction"), { ...again, code: "ZZZZ00001000" });
  expect([typed.status, await typed.text()]).toEqual([400, expect.stringContaining("consent code")]);
  expect((await poll()).status).toBe(202);
});

test("a code is valid once; wrong ones are counted, for the request and for the user", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { page, code, poll } = await waiting(world);
  expect((await openInteraction(world, browser, page)).status).toBe(200);
  expect((await openInteraction(world, await browserOf(world, SECOND_USER), page)).status).toBe(410);
  expect((await openInteraction(world, await browserOf(world), page)).status).toBe(410);
  expect((await poll()).status).toBe(202);

  // The attacker knows the request's name and guesses its secret.
  const guessed = await waiting(world);
  const name = guessed.code.replaceAll("-", "").slice(0, 4);
  for (const secret of ["00000000", "00000001", "00000002", "00000003", "00000004"]) {
    const url = `${PERSON_SERVER}/interaction?code=${name}${secret}`;
    expect((await openInteraction(world, browser, url)).status).toBe(410);
  }
  expect(await errorOf(await guessed.poll())).toBe("invalid_code");
  expect((await openInteraction(world, browser, guessed.page)).status).toBe(410);

  // After twenty codes this user may try no more for a while; another user may.
  for (let tried = 0; tried < 20; tried++) {
    await openInteraction(world, browser, `${PERSON_SERVER}/interaction?code=ZZZZ0000${1000 + tried}`);
  }
  const last = await waiting(world);
  expect((await openInteraction(world, browser, last.page)).status).toBe(429);
  expect((await openInteraction(world, await browserOf(world, SECOND_USER), last.page)).status).toBe(200);
  expect(code).toMatch(/^[0-9A-Z-]+$/);
});

test("a pending URL answers only the agent that has asked (N35)", async () => {
  const world = await createWorld();
  const { pending, poll } = await waiting(world);
  const other = await agentTokenOf(world, "aauth:Other@backend.localhost");
  expect((await poll(other)).status).toBe(404);
  expect((await sendWith(world, pending, other, { method: "DELETE" })).status).toBe(404);
  expect((await fetch(world.map.browserUrl(pending), { headers: {} })).status).toBe(404);
  expect((await poll()).status).toBe(202);
  expect((await sendWith(world, pending, await agentTokenOf(world), { method: "DELETE" })).status).toBe(204);
  expect((await poll()).status).toBe(410);
});

test("T39: the browser is redirected only to the address that the agent's provider has published", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const at = async (callback: string, button: string) => {
    const { page } = await waiting(world, { resource: "https://strange.localhost" });
    const shown = await openInteraction(world, browser, `${page}&callback=${encodeURIComponent(callback)}`);
    const answer = await press(browser, shown, button);
    return { location: answer.headers.get("location"), policy: shown.text, status: answer.status };
  };
  const backend = world.map.browserUrl(CALLBACK);
  expect((await at(CALLBACK, "cancel")).location).toBe(`${backend}?error=access_denied`);
  for (const callback of [
    "https://evil.example/",
    `${CALLBACK}/../other`,
    `${BACKEND}/other`,
    "http://localhost:1/",
    "javascript:alert(1)",
    "//evil.example",
  ])
    expect(await at(callback, "cancel")).toMatchObject({ location: null, status: 200 });
  expect((await at(CALLBACK, "accept")).location).toBe(backend);
});

test("T39: a forged return from a resource's page leads nowhere, as does a server's own identifier", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const forged = world.page("/interaction/returned/forged?error=access_denied");
  expect(await shownAt(browser, forged)).toMatchObject({ url: forged, status: 404 });
  const path = "/interaction?code=A&callback=https://evil.example";
  const moved = await world.map.requests(PERSON_SERVER + path, { redirect: "manual" } as never);
  expect([moved.status, moved.headers.get("location")]).toEqual([303, world.page(path)]);
});

test("the resource's own page comes first: no decision is made before the browser has returned from it", async () => {
  const world = await createWorld();
  const browser = await browserOf(world);
  const { context } = pressing(world, browser);
  await world.agent().fetchFor(context)(`${SUPPLY_CHAIN}/caller`);
  const { caller, token: presented } = world.callers[0]!;
  const ask = async () => {
    const { token } = await issueResourceToken({
      key: world.keys[SUPPLY_CHAIN]!,
      issuer: SUPPLY_CHAIN,
      caller,
      scope: "supply-chain:optimize",
      interaction: { url: `${SUPPLY_CHAIN}/approve`, code: "R-1" },
    });
    const body = { resource_token: token, presented_token: presented, capabilities: CAPABILITIES };
    return waitingFor(world, await agentTokenOf(world), `${PERSON_SERVER}/aauth/token`, body);
  };
  const first = async (page: string) => {
    const shown = await openInteraction(world, browser, page);
    expect(shown.text).toContain("needs you to complete a step on its own page first");
    expect(shown.text).not.toContain('name="accept"');
    const link = new URL(/href="([^"]+\/approve[^"]*)"/.exec(shown.text)![1]!.replaceAll("&#38;", "&"));
    expect(link.searchParams.get("code")).toBe("R-1");
    const callback = new URL(link.searchParams.get("callback")!);
    expect(callback.origin).toBe(PERSON_SERVER);
    return { shown, callback: world.map.browserUrl(callback.href) };
  };
  const one = await ask();
  const { shown, callback } = await first(one.page);
  // Another user with the callback's address sees nothing.
  expect((await shownAt(await browserOf(world, SECOND_USER), callback)).status).toBe(404);
  const back = await shownAt(browser, shown.url);
  expect((await press(browser, back, "accept")).status).toBe(200);
  expect((await one.poll()).status).toBe(200);

  const two = await ask();
  const refused = await first(two.page);
  expect((await shownAt(browser, `${refused.callback}?error=access_denied`)).status).toBe(404);
  expect(await errorOf(await two.poll())).toBe("denied");
});

test("T46: an agent's words are never markup, and are shown as the agent's", async () => {
  const world = await createWorld();
  const justification = `<script>alert(1)</script> [click](https://evil.example) \u202Egnp.exe\nsecond line`;
  const { page } = await waiting(world, { justification, platform: "web", device: "<b>Phone</b>" });
  const { text } = await openInteraction(world, await browserOf(world), page);
  const [before = "", agentPart = ""] = text.split('class="says by-agent"');
  expect(before).not.toContain("alert(1)");
  expect(agentPart).toContain(
    "&#60;script&#62;alert(1)&#60;/script&#62; [click](https://evil.example) gnp.exe\nsecond line",
  );
  expect(agentPart).toContain("No one has checked them");
  expect(text).not.toContain("<script");
  expect(text).not.toContain("\u202E");
  expect(text).not.toContain('href="https://evil.example');
});

test("an agent whose provider is blocked is refused before a person is asked", async () => {
  const env = { PERSON_SERVER_BLOCKED_AGENTS: BACKEND };
  const world = await createWorld({ env });
  const body = { resource: SUPPLY_CHAIN, capabilities: CAPABILITIES };
  const answer = await sendWith(world, PERSON_TOKENS, await agentTokenOf(world), { method: "POST", body });
  expect([answer.status, await errorOf(answer)]).toEqual([403, "denied"]);
});

test("T40: a person cannot allow what the operator's policy excludes", async () => {
  let config = { blockedAgents: [] as string[] };
  const world = await createWorld({
    startServer: async (env) => {
      const started = await startListening({ env });
      config = started.config;
      return started;
    },
  });
  const browser = await browserOf(world);
  const { page, poll } = await waiting(world);
  const shown = await openInteraction(world, browser, page);
  config.blockedAgents.push(BACKEND);
  expect(await (await press(browser, shown, "accept")).text()).toContain("can no longer be granted");
  expect(await errorOf(await poll())).toBe("denied");
});

test("T44: the log has the decision, and neither a token nor a code", async () => {
  const { logger, lines } = recordingLogger();
  const world = await createWorld({ logger });
  const { page, code, pending, token } = await waiting(world);
  await sendWith(world, pending, token, { method: "DELETE" });
  await openInteraction(world, await browserOf(world), page);
  const answered = lines.map((line) => JSON.parse(line)).filter(({ server }) => server === PERSON_SERVER);
  expect(answered).toMatchObject([
    { method: "POST", path: "/aauth/person", status: 202, requirement: "requirement=interaction" },
    { method: "DELETE", path: "/aauth/pending/…", status: 204 },
  ]);
  for (const secret of [token, code, code.replaceAll("-", "")]) expect(lines.join("")).not.toContain(secret);
});

test("an access server hears person servers that it knows, and no agent", async () => {
  const world = await createWorld({ accessServer: ACCESS_SERVER });
  const token = await agentTokenOf(world);
  const answer = await sendWith(world, `${ACCESS_SERVER}/aauth/access/token`, token, {
    method: "POST",
    body: {},
  });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("signature-error")).toContain("unsupported_scheme");
});

/** Maximum bytes that are read of a picture. */
const png = (width: number, height: number) => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "latin1"), size]);
};
const OWN = `${BACKEND}/logo.png`;

async function shownWith(logo: Buffer, logoUri: string) {
  const world = await createWorld({ logo, logoUri });
  const { page } = await waiting(world);
  const browser = await browserOf(world);
  const { url } = await openInteraction(world, browser, page);
  const again = await browser.get(url);
  const policy = again.headers.get("content-security-policy")!;
  return { text: await again.text(), images: /img-src[^;]*/.exec(policy)![0], fetched: world.fetched };
}

test("S31: a logo is part of the page, beside the provider's name, and is fetched once by the server", async () => {
  const logo = png(512, 512);
  const { text, images, fetched } = await shownWith(logo, OWN);
  expect(text).toContain(
    `src="data:image/png;base64,${logo.toString("base64")}" alt=""> <strong>“A provider”</strong>`,
  );
  expect(images).toBe("img-src 'self' data:");
  expect(fetched).toEqual([OWN]);
});

test.each([
  ["is not fetched from another origin", png(32, 32), `${STRANGE}/logo.png`, []],
  ["is left out where it is too wide", png(513, 32), OWN, [OWN]],
  ["is left out where it is too high", png(32, 65_536), OWN, [OWN]],
  ["is left out where it has too many bytes", Buffer.concat([png(32, 32), Buffer.alloc(32_768)]), OWN, [OWN]],
  ["is left out where it is markup", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), OWN, [OWN]],
  ["is left out where it is cut off", png(32, 32).subarray(0, 17), OWN, [OWN]],
])("S31: a logo %s", async (_, logo, logoUri, expected) => {
  const { text, images, fetched } = await shownWith(logo, logoUri);
  expect(text).toContain("“A provider”");
  expect(text).not.toContain("<img");
  expect(images).toBe("img-src 'self'");
  expect(fetched).toEqual(expected);
});
