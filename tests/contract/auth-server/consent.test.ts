/**
 * The user's side, as in a browser: sign-in, page, decision, and every wrong way to them (profile
 * 6.5).
 */

import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { readToken } from "../../support/foreign-agent.ts";
import {
  consentedCode,
  formOf,
  isConsent,
  isSignIn,
  MCP_USER,
  redeem,
  SECOND_USER,
  saidBy,
  sentTo,
  startConsent,
  textOf,
  User,
} from "./journey.ts";
import { Party } from "./party.ts";
import { ASK_FOR_OPTIMIZE, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource, wish } = world;
const CONSENT_ADDRESS = `${server.authEndpoint}/consent`;

beforeEach(() => server.setAttributes(ASK_FOR_OPTIMIZE));

/** A page with the error's text; never a redirect. */
async function expectErrorPage(page: Awaited<ReturnType<User["open"]>>, text: string): Promise<void> {
  expect(page.headers.get("location")).toBeNull();
  expect(page.headers.get("content-type")).toMatch(/^text\/html/);
  expect([page.status, textOf(page)]).toEqual([400, expect.stringContaining(text)]);
}

describe("a user who is asked", () => {
  test("signs in, sees the agent and its request, and allows it; the agent has a code, and for it a token of this user", async () => {
    const user = new User();
    const { url } = await startConsent(world, { state: "run-1" });
    const login = await user.open(url);
    expect(isSignIn(login)).toBe(true);
    const page = await user.submit(login, { username: "mcp-user", password: "user123" });
    expect(isConsent(page)).toBe(true);
    const text = textOf(page);
    for (const part of [
      "Agent authorization request",
      "mcp-user",
      agent.id,
      "Supply chain backend",
      resource.id,
      "supply-chain:optimize",
      "Run optimizations of your supply chain",
      new URL(agent.callback).host,
    ])
      expect(text).toContain(part);
    expect(saidBy(page)).toEqual([`As described by ${resource.id}:`]);
    expect(text).toContain("An agent wants to act for you");
    const { action, fields, buttons } = formOf(page);
    expect(new URL(action, page.url).href.split("?")[0]).toBe(CONSENT_ADDRESS);
    expect(fields.consent_code).toMatch(/^[\w-]{22,}$/);
    expect(buttons).toEqual(expect.arrayContaining(["accept", "cancel"]));

    const { address, query } = sentTo(await user.decide(page, "accept"));
    expect(address).toBe(agent.callback);
    expect(query).toEqual({ code: expect.stringMatching(/^[\w-]{43,}$/), state: "run-1" });
    const reply = await redeem(world, query.code!);
    expect(readToken(String(reply.body.auth_token)).claims).toMatchObject({
      aud: resource.id,
      agent: agent.id,
      sub: MCP_USER.id,
      scope: "supply-chain:optimize",
    });
  });

  test("denies: the agent gets access_denied, and the request is over", async () => {
    const user = new User();
    const { url } = await startConsent(world, { state: "run-1" });
    const page = await user.openSignedIn(url);
    expect(sentTo(await user.decide(page, "cancel"))).toEqual({
      address: agent.callback,
      query: {
        error: "access_denied",
        error_description: "User denied the authorization request",
        state: "run-1",
      },
    });
    await expectErrorPage(await user.open(url), "Invalid or expired request_token");
  });

  test("with the wrong password gets no further", async () => {
    const page = await new User().openSignedIn((await startConsent(world)).url, {
      ...MCP_USER,
      password: "wrong",
    });
    expect(isSignIn(page)).toBe(true);
  });

  test("is not asked again for the same, unless the agent insists", async () => {
    const user = new User();
    await consentedCode(world, user);
    const silent = await user.open((await startConsent(world, { state: "s2" })).url);
    expect(sentTo(silent).query).toEqual({ code: expect.any(String), state: "s2" });
    expect((await redeem(world, sentTo(silent).query.code!)).status).toBe(200);

    const insisted = await user.open((await startConsent(world, { query: { prompt: "consent" } })).url);
    expect(isConsent(insisted)).toBe(true);
  });

  test("is asked when more is wanted, by another agent, or in another browser", async () => {
    const user = new User();
    await consentedCode(world, user);
    const resource_token = resource.resourceToken(server, agent, { scope: "supply-chain:optimize a:more" });
    const reply = await agent.ask(server, wish({ resource_token, redirect_uri: agent.callback }));
    const wider = await user.open(`${server.authEndpoint}?request_token=${reply.body.request_token}`);
    expect(isConsent(wider)).toBe(true);
    expect(textOf(wider)).toContain("a:more");

    const other = await Party.start("other-agent");
    other.agentMetadata = { redirect_uris: [other.callback] };
    const foreign = await other.ask(
      server,
      wish({ resource_token: resource.resourceToken(server, other), redirect_uri: other.callback }),
    );
    const asked = await user.open(`${server.authEndpoint}?request_token=${foreign.body.request_token}`);
    expect(isConsent(asked)).toBe(true);
    await other.stop();

    expect(isConsent(await new User().openSignedIn((await startConsent(world)).url))).toBe(true);
  });

  test("after a refusal is asked again", async () => {
    const user = new User();
    await user.decide(await user.openSignedIn((await startConsent(world)).url), "cancel");
    expect(isConsent(await user.open((await startConsent(world)).url))).toBe(true);
  });

  test("is asked again once the agent has revoked its refresh token; no other agent can cause that", async () => {
    const user = new User();
    const { body } = await redeem(world, await consentedCode(world, user));
    const revoke = { url: server.revocationEndpoint };
    const token = String(body.refresh_token);
    await resource.ask(server, { token }, revoke);
    const silent = await user.open((await startConsent(world)).url);
    expect(sentTo(silent).query).toHaveProperty("code");
    expect((await agent.ask(server, { token }, revoke)).status).toBe(200);
    expect(isConsent(await user.open((await startConsent(world)).url))).toBe(true);
  });

  test("X2: is asked again once the refresh token has expired, revoked or not: no consent is remembered that could not be revoked", async () => {
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, "aauth.refresh.lifespan": "2" });
    const [revoking, silent] = [new User(), new User()];
    const { body } = await redeem(world, await consentedCode(world, revoking));
    await redeem(world, await consentedCode(world, silent, SECOND_USER));
    await pause(3100);
    const token = String(body.refresh_token);
    expect((await agent.ask(server, { token }, { url: server.revocationEndpoint })).status).toBe(200);
    for (const user of [revoking, silent])
      expect(isConsent(await user.open((await startConsent(world)).url))).toBe(true);
  });

  test("under a policy that has changed meanwhile: the policy decides", async () => {
    for (const change of [
      { "aauth.blocked.agents": JSON.stringify([agent.id]) },
      { "aauth.allowed.scopes": '["supply-chain:other"]' },
    ]) {
      const user = new User();
      const page = await user.openSignedIn((await startConsent(world, { state: "s" })).url);
      await server.setAttributes({ ...ASK_FOR_OPTIMIZE, ...change });
      const { address, query } = sentTo(await user.decide(page, "accept"));
      expect(address).toBe(agent.callback);
      expect(query).toEqual({
        error: "access_denied",
        error_description: expect.any(String),
        state: "s",
      });
      // The consent is not remembered, either.
      await server.setAttributes(ASK_FOR_OPTIMIZE);
      expect(isConsent(await user.open((await startConsent(world)).url))).toBe(true);
    }
  });
});

describe("state", () => {
  test("J12: is that of the agent's signed request, whatever the address says; also without a consent page", async () => {
    const user = new User();
    const forged = { state: "signed", query: { state: "forged" } };
    const page = await user.openSignedIn((await startConsent(world, forged)).url);
    expect(sentTo(await user.decide(page, "accept")).query.state).toBe("signed");
    const silent = await user.open((await startConsent(world, forged)).url);
    expect(sentTo(silent).query.state).toBe("signed");
  });

  test("that only the address has is kept through the sign-in", async () => {
    const user = new User();
    const state = "a b&c=d?e#f+é";
    const page = await user.openSignedIn((await startConsent(world, { query: { state } })).url);
    expect(sentTo(await user.decide(page, "accept")).query.state).toBe(state);
  });

  test("is ignored without a value, and the address may have another", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world, { state: "" })).url);
    expect(sentTo(await user.decide(page, "accept")).query).toEqual({ code: expect.any(String) });
    const { url } = await startConsent(world, { state: "", query: { state: "address" } });
    expect(sentTo(await user.open(url)).query.state).toBe("address");
  });

  test("that was not given is not there", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    expect(sentTo(await user.decide(page, "accept")).query).toEqual({ code: expect.any(String) });
  });
});

describe("J10: an address that cannot be trusted is never gone to", () => {
  const evil = "redirect_uri=https://evil.example/";
  const cases = async (): Promise<[string, string][]> => {
    const { requestToken } = await startConsent(world);
    return [
      [evil, "Missing required parameter: request_token"],
      [`request_token=&${evil}`, "Missing required parameter: request_token"],
      [`request_token=wrong&${evil}`, "Invalid or expired request_token"],
      [`request_token=${requestToken}&${evil}`, "redirect_uri mismatch"],
      [`request_token=${requestToken}&redirect_uri=${agent.callback}/x`, "redirect_uri mismatch"],
      [`request_token=${requestToken}&request_token=x`, "duplicated parameter: request_token"],
    ];
  };

  test("signed out: a page says why", async () => {
    for (const [query, text] of await cases())
      await expectErrorPage(await new User().open(`${server.authEndpoint}?${query}`), text);
  });

  test("signed in: a page says why", async () => {
    const user = new User();
    await consentedCode(world, user);
    for (const [query, text] of await cases())
      await expectErrorPage(await user.open(`${server.authEndpoint}?${query}`), text);
  });

  test("for a program: JSON", async () => {
    for (const [query, text] of await cases()) {
      const reply = await fetch(`${server.authEndpoint}?${query}`, {
        redirect: "manual",
        headers: { accept: "application/json" },
      });
      expect([reply.status, await reply.json()]).toEqual([
        400,
        { error: "invalid_request", error_description: text },
      ]);
    }
  });

  test("redirect_uri may be left out of the address: the agent's signed request has it", async () => {
    const user = new User();
    const { requestToken } = await startConsent(world);
    const page = await user.openSignedIn(`${server.authEndpoint}?request_token=${requestToken}`);
    expect(sentTo(await user.decide(page, "accept")).address).toBe(agent.callback);
  });

  test("a query that the agent's redirect_uri has is kept", async () => {
    const redirect_uri = `${agent.callback}?tenant=a%20b`;
    const other = await Party.start("tenant-agent");
    const own = redirect_uri.replace(agent.id, other.id);
    other.agentMetadata = { redirect_uris: [own] };
    const resource_token = resource.resourceToken(server, other);
    const reply = await other.ask(server, wish({ resource_token, redirect_uri: own, state: "s" }));
    const user = new User();
    const page = await user.openSignedIn(`${server.authEndpoint}?request_token=${reply.body.request_token}`);
    expect(sentTo(await user.decide(page, "accept")).query).toEqual({
      tenant: "a b",
      code: expect.any(String),
      state: "s",
    });
    await other.stop();
  });
});

describe("J11: accepts an answer only from the page, in the browser and of the person that were asked", () => {
  test("without the page's code, or with a made-up one", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    const { action } = formOf(page);
    const sent = (fields: Record<string, string>) =>
      user.submit(page, { accept: "yes" }, { action, fields, buttons: [] });
    await expectErrorPage(await sent({}), "Missing required parameter: consent_code");
    await expectErrorPage(await sent({ consent_code: "made-up" }), "Invalid or expired consent code");
    // The real one is still valid.
    expect(sentTo(await user.decide(page, "accept")).query).toHaveProperty("code");
  });

  test("from a browser that is not signed in", async () => {
    const page = await new User().openSignedIn((await startConsent(world)).url);
    await expectErrorPage(await new User().decide(page, "accept"), "User session not found or expired");
  });

  test("from another user's browser, or another browser of the same user", async () => {
    for (const user of [SECOND_USER, MCP_USER]) {
      const page = await new User().openSignedIn((await startConsent(world)).url);
      const other = new User();
      await other.openSignedIn((await startConsent(world)).url, user);
      await expectErrorPage(await other.decide(page, "accept"), "User session not found or expired");
    }
  });

  test("once: twice the same button", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    const [one, two] = await Promise.all([user.decide(page, "accept"), user.decide(page, "accept")]);
    expect([one.status, two.status].sort()).toEqual([303, 400]);
    await expectErrorPage(await user.decide(page, "accept"), "Invalid or expired consent code");
  });

  test("both buttons, or neither, mean no", async () => {
    for (const buttons of [{ accept: "yes", cancel: "yes" }, {}] as Record<string, string>[]) {
      const user = new User();
      const page = await user.openSignedIn((await startConsent(world)).url);
      expect(sentTo(await user.submit(page, buttons)).query).toMatchObject({ error: "access_denied" });
    }
  });

  test("a form with a duplicate field is refused, and uses nothing up", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    for (const name of ["accept", "consent_code", "other"]) {
      const twice = new URLSearchParams({ ...formOf(page).fields, accept: "yes" });
      for (const value of ["a", "b"]) twice.append(name, value);
      await expectErrorPage(await user.send(page, twice), `duplicated parameter: ${name}`);
    }
    expect(sentTo(await user.decide(page, "accept")).query).toHaveProperty("code");
  });

  test("a body that is not a form decides nothing; a form's fields never cause a server error", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    const fields = { ...formOf(page).fields, accept: "yes" };
    const send = async (type: string, body: string) =>
      (
        await fetch(CONSENT_ADDRESS, {
          method: "POST",
          body,
          headers: { accept: "application/json", "content-type": type },
          redirect: "manual",
        })
      ).status;
    for (const type of ["application/json", "text/plain"])
      expect([type, await send(type, JSON.stringify(fields))]).toEqual([type, 415]);
    expect(await send("multipart/form-data; boundary=x", "--x--")).toBe(415);
    const form = "application/x-www-form-urlencoded";
    for (const body of ["consent_code=%zz", "consent_code=%", "%=%", "=&&=", "consent_code=%00%ff", ""])
      expect([body, await send(form, body)]).toEqual([body, 400]);
    expect(await send(form, `consent_code=${"x".repeat(65_536)}`)).toBe(413);
    expect(sentTo(await user.decide(page, "accept")).query).toHaveProperty("code");
  });

  test("POSTed: a link cannot decide", async () => {
    const user = new User();
    const page = await user.openSignedIn((await startConsent(world)).url);
    const { fields } = formOf(page);
    const linked = await user.open(`${CONSENT_ADDRESS}?${new URLSearchParams({ ...fields, accept: "yes" })}`);
    expect(linked.status).toBeGreaterThanOrEqual(400);
    expect(linked.headers.get("location")).toBeNull();
    expect(sentTo(await user.decide(page, "accept")).query).toHaveProperty("code");
  });
});

describe("J13: a request token is valid for one decision", () => {
  test("with two pages open, for one of them", async () => {
    const user = new User();
    const { url } = await startConsent(world);
    const first = await user.openSignedIn(url);
    const second = await user.open(url);
    expect(formOf(first).fields.consent_code).not.toBe(formOf(second).fields.consent_code);
    expect(sentTo(await user.decide(first, "accept")).query).toHaveProperty("code");
    await expectErrorPage(await user.decide(second, "accept"), "Request token expired");
    await expectErrorPage(await user.open(url), "Invalid or expired request_token");
  });

  test("without a page, too: a remembered consent uses it up", async () => {
    const user = new User();
    await consentedCode(world, user);
    const { url } = await startConsent(world);
    expect(sentTo(await user.open(url)).query).toHaveProperty("code");
    await expectErrorPage(await user.open(url), "Invalid or expired request_token");
  });
});

describe("a page", () => {
  test("is not stored, not framed, and sends no referrer", async () => {
    const page = await new User().openSignedIn((await startConsent(world)).url);
    const { headers } = page;
    expect(headers.get("cache-control")).toContain("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("content-security-policy")).toMatch(/frame-ancestors '(none|self)'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("shows the parties' words as text", async () => {
    const hostile = await Party.start("hostile-agent");
    hostile.agentMetadata = {
      name: '<script>alert("x")</script>\u202Egnp.exe',
      redirect_uris: [hostile.callback],
    };
    const resource_token = resource.resourceToken(server, hostile);
    const reply = await hostile.ask(server, wish({ resource_token, redirect_uri: hostile.callback }));
    const page = await new User().openSignedIn(
      `${server.authEndpoint}?request_token=${reply.body.request_token}`,
    );
    await hostile.stop();
    expect(isConsent(page)).toBe(true);
    expect(page.text).not.toContain("<script>alert");
    expect(page.text).not.toMatch(/\u202E|&#8238;|&#x202e;/i);
  });

  test("is shown when a party cannot be asked for its name", async () => {
    const quiet = await Party.start("quiet-agent");
    quiet.agentMetadata = { redirect_uris: [quiet.callback] };
    const resource_token = resource.resourceToken(server, quiet);
    const reply = await quiet.ask(server, wish({ resource_token, redirect_uri: quiet.callback }));
    await quiet.stop();
    const page = await new User().openSignedIn(
      `${server.authEndpoint}?request_token=${reply.body.request_token}`,
    );
    expect(textOf(page)).toContain(quiet.id);
  });
});
