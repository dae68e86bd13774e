/**
 * The agent is the resource itself: `scope` instead of a resource token, and the user's identity
 * for agents on the realm's list (SPEC 3.5, 7.4).
 */

import { beforeEach, describe, expect, test } from "vitest";
import { MCP_USER, redeem, saidBy, sentTo, textOf, User } from "./journey.ts";
import { Party, type Reply } from "./party.ts";
import { verifiedToken } from "./verified-token.ts";
import { expectRefusal, grantedToken, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource } = world;
const SELF = { "aauth.self.agents": JSON.stringify([agent.id]) };
const NOT_ALLOWED = "Agent is not allowed to ask who its users are";
const redirect = { redirect_uri: agent.callback };
const ask = (scope: string, more: Record<string, string> = redirect) =>
  agent.ask(server, { request_type: "auth", scope, ...more });

const expectNotTold = (reply: Reply) => expectRefusal(reply, 403, "access_denied", NOT_ALLOWED);

/** The user signs in and consents: the page, and the code that the agent gets. */
async function agreedTo(asked: Reply) {
  expect(Object.keys(asked.body)).toEqual(["expires_in", "request_token", "token_type"]);
  const user = new User();
  const page = await user.openSignedIn(`${server.authEndpoint}?request_token=${asked.body.request_token}`);
  const { code } = sentTo(await user.decide(page, "accept")).query;
  return { page, code: code! };
}

/** The user consents: the page, and the token that the agent gets for the code. */
async function identityOf(scope: string, asked = ask(scope)) {
  const { page, code } = await agreedTo(await asked);
  const { body } = await redeem(world, code);
  const certs = `${server.issuer}/protocol/aauth/certs`;
  return { page, body, claims: (await verifiedToken(String(body.auth_token), certs)).claims };
}

describe("an agent that may learn its users' identity", () => {
  beforeEach(() => server.setAttributes(SELF));

  test("X7: gets a token for itself with the claims in this order, and only those agreed to", async () => {
    const { page, claims } = await identityOf("openid profile email");
    expect(Object.keys(claims)).toEqual([
      "exp",
      "iat",
      "iss",
      "aud",
      "sub",
      "cnf",
      "name",
      "email",
      "email_verified",
      "jti",
    ]);
    expect(claims).toMatchObject({
      aud: agent.id,
      sub: MCP_USER.id,
      name: "mcp user",
      email: "mcp@user.com",
      email_verified: true,
      cnf: { jwk: { x: agent.pair.x } },
    });
    for (const text of ["your user id", "See your name", "See your e-mail address"])
      expect(textOf(page)).toContain(text);
    expect(saidBy(page)).toEqual(["As described by this server:"]);
    expect(textOf(page)).toContain("An agent wants to know who you are");

    const other = await identityOf("openid");
    expect(Object.keys(other.claims)).toEqual(["exp", "iat", "iss", "aud", "sub", "cnf", "jti"]);
  });

  test("keeps its own scopes beside them, and gets the same again for the refresh token", async () => {
    const { page, body, claims } = await identityOf("profile data.read");
    expect(saidBy(page)).toEqual([`As described by ${agent.id}:`, "As described by this server:"]);
    expect(claims).toMatchObject({ scope: "data.read", sub: MCP_USER.id, name: "mcp user" });
    const { refresh_token } = body;
    const again = await agent.ask(server, { request_type: "refresh", refresh_token: String(refresh_token) });
    expect(grantedToken(again).claims).toMatchObject({
      aud: agent.id,
      scope: "data.read",
      sub: MCP_USER.id,
      name: "mcp user",
    });
    expect(grantedToken(again).claims).not.toHaveProperty("agent");
  });

  test("never learns it without the user's consent, even if other scopes need none", async () => {
    await server.setAttributes({
      ...SELF,
      "aauth.consent.required.scopes": "[]",
      "aauth.consent.required.scope.prefixes": "[]",
    });
    for (const scope of ["openid", "profile", "data.read email"])
      expect((await ask(scope)).body).toHaveProperty("request_token");
  });

  test("cannot send the user elsewhere", async () => {
    expectRefusal(
      await ask("openid", { redirect_uri: "https://evil.example/" }),
      400,
      "invalid_request",
      "redirect_uri is not registered for this agent",
    );
    expectRefusal(
      await ask("openid", {}),
      400,
      "invalid_request",
      "redirect_uri is required when user consent is needed",
    );
  });
});

describe("a resource token of another party that requires the user's identity", () => {
  const askAt = (at: Party, scope: string) => {
    const resource_token = at.resourceToken(server, agent, { scope });
    return agent.ask(server, { request_type: "auth", resource_token, ...redirect });
  };

  test("X16: is refused if neither is on the list: not by another name of the agent's", async () => {
    const other = await Party.start("other-name");
    other.pair = agent.pair;
    other.keySet = agent.keySet;
    const listed = JSON.stringify([`${agent.id}/`, `${other.id}/`, resource.id, "*"]);
    await server.setAttributes({ "aauth.self.agents": listed });
    for (const scope of ["openid", "profile", "data.read email"]) expectNotTold(await askAt(other, scope));
    // It is not granted without consent, either.
    await server.setAttributes({
      "aauth.consent.required.scopes": "[]",
      "aauth.consent.required.scope.prefixes": "[]",
    });
    for (const scope of ["openid", "profile", "data.read email"]) expectNotTold(await askAt(other, scope));
    grantedToken(await askAt(other, "data.read openid2"));
    await other.stop();
  });

  test.each([
    ["the agent", agent],
    ["the resource", resource],
  ])("is accepted if %s is listed", async (_, listed) => {
    await server.setAttributes({ "aauth.self.agents": JSON.stringify([listed.id]) });
    const { claims } = await identityOf("", askAt(resource, "openid profile email"));
    expect(claims).toMatchObject({ aud: resource.id, sub: MCP_USER.id, email: "mcp@user.com" });
  });

  test("is refused once that one is removed, both by the code and by the refresh token", async () => {
    const listed = { "aauth.self.agents": JSON.stringify([resource.id]) };
    await server.setAttributes(listed);
    const { body } = await identityOf("", askAt(resource, "openid"));
    const { code } = await agreedTo(await askAt(resource, "openid"));
    await server.setAttributes();
    expectNotTold(await redeem(world, code));
    const refresh = { request_type: "refresh", refresh_token: String(body.refresh_token) };
    expectNotTold(await agent.ask(server, refresh));
    await server.setAttributes(listed);
    grantedToken(await agent.ask(server, refresh));
  });
});

describe("taken off the list, an agent", () => {
  test("learns no more, neither by its code nor by its refresh token", async () => {
    await server.setAttributes(SELF);
    const { body } = await identityOf("openid profile email");
    const { code } = await agreedTo(await ask("email"));
    await server.setAttributes();
    expectNotTold(await redeem(world, code));
    const refresh = { request_type: "refresh", refresh_token: String(body.refresh_token) };
    expectNotTold(await agent.ask(server, refresh));
  });
});

describe("closed by default", () => {
  test.each(["openid", "profile", "data.read email"])("%s is not for others", async (scope) => {
    expectNotTold(await ask(scope));
  });

  test("also for a resource token that the agent issues to itself", async () => {
    const resource_token = agent.resourceToken(server, agent, { scope: "openid" });
    expectNotTold(await agent.ask(server, { request_type: "auth", resource_token, ...redirect }));
  });

  test("also for a name with a listed prefix", async () => {
    await server.setAttributes({ "aauth.self.agents": JSON.stringify([`${agent.id}/`, resource.id, "*"]) });
    expectNotTold(await ask("openid"));
  });

  test("scopes that are not about a user are for all agents", async () => {
    const { claims } = grantedToken(await ask("data.read data.write"));
    expect(claims).toMatchObject({ aud: agent.id, scope: "data.read data.write" });
    expect(claims).not.toHaveProperty("sub");
  });

  test("other scopes with consent do not reveal the user, either", async () => {
    const { page, claims } = await identityOf("user.settings");
    expect(page).not.toContain("wants to know who you are");
    expect(claims).toMatchObject({ aud: agent.id, scope: "user.settings" });
    for (const name of ["sub", "name", "email"]) expect(claims).not.toHaveProperty(name);
  });
});
