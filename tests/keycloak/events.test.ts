/** Events that Keycloak's administrators see: one for each grant and each refusal. */

import { expect, test } from "vitest";
import {
  consentedCode,
  MCP_USER,
  redeem,
  sentTo,
  startConsent,
  User,
} from "../contract/auth-server/journey.ts";
import { ASK_FOR_OPTIMIZE, grantedToken, startWorld } from "../contract/auth-server/world.ts";

interface Event {
  readonly type: string;
  readonly clientId?: string;
  readonly userId?: string;
  readonly error?: string;
  readonly details: Readonly<Record<string, string>>;
}

interface Expected {
  readonly client?: string;
  readonly user?: string;
  readonly error?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const world = await startWorld();
const { server, agent, resource, nextResource, wish } = world;
const THE_WISH = { agent: agent.id, resource: resource.id, scope: "supply-chain:optimize" };

/** The newest event of this type. */
async function lastEvent(type: string): Promise<Event | undefined> {
  const reply = await server.admin(`/events?${new URLSearchParams({ type, max: "1" })}`);
  const [event] = (await reply.json()) as Event[];
  return event;
}

async function refreshToken(): Promise<string> {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  return String((await redeem(world, await consentedCode(world))).body.refresh_token);
}

/** The resource makes a call with its caller's token. */
async function exchange(scope: string) {
  const upstream = await agent.ask(server, wish());
  grantedToken(upstream);
  const resource_token = nextResource.resourceToken(server, resource, { scope });
  return resource.ask(
    server,
    { request_type: "exchange", resource_token },
    { scheme: { scheme: "jwt", jwt: String(upstream.body.auth_token) } },
  );
}

const EVENTS: readonly [type: string, what: string, happens: () => Promise<unknown>, expected: Expected][] = [
  [
    "CLIENT_LOGIN",
    "a token for an agent: who, at which resource, for what",
    () => agent.ask(server, wish()),
    { client: agent.id, details: { ...THE_WISH, request_type: "auth", token_id: expect.any(String) } },
  ],
  [
    "CLIENT_LOGIN_ERROR",
    "a refusal: why, and which check",
    () =>
      agent.ask(
        server,
        wish({ resource_token: resource.resourceToken(server, agent, { claims: { exp: 1 } }) }),
      ),
    {
      client: agent.id,
      error: "token_expired",
      details: {
        agent: agent.id,
        reason: "Invalid resource_token: Resource token has expired",
        oauth_error: "invalid_grant",
      },
    },
  ],
  [
    "CLIENT_LOGIN_ERROR",
    "a refusal of an unproven caller: the event has no name",
    () => agent.ask(server, wish(), { created: 1 }),
    {
      error: "created_out_of_window",
      details: { oauth_error: "invalid_signature", request_type: "auth" },
    },
  ],
  [
    "CLIENT_LOGIN",
    "a token for a published peer: its signature does not cover the body",
    async () => {
      await server.setAttributes({ "aauth.published.peers": JSON.stringify([agent.id]) });
      await agent.ask(server, wish(), { nonce: null, without: ["content-type", "content-digest"] });
    },
    { client: agent.id, details: { ...THE_WISH, body_bound: "false" } },
  ],
  [
    "GRANT_CONSENT",
    "a user agrees: which user",
    refreshToken,
    {
      client: agent.id,
      user: MCP_USER.id,
      details: { ...THE_WISH, username: MCP_USER.username, consent: "consent_granted" },
    },
  ],
  [
    "GRANT_CONSENT_ERROR",
    "a user does not",
    async () => {
      await server.setAttributes(ASK_FOR_OPTIMIZE);
      const person = new User();
      await person.decide(await person.openSignedIn((await startConsent(world)).url), "cancel");
    },
    { client: agent.id, user: MCP_USER.id, error: "rejected_by_user", details: THE_WISH },
  ],
  [
    "CODE_TO_TOKEN",
    "the token that a consent brings",
    refreshToken,
    {
      client: agent.id,
      user: MCP_USER.id,
      details: { ...THE_WISH, request_type: "code", token_id: expect.any(String) },
    },
  ],
  [
    "REFRESH_TOKEN",
    "a token without asking the user again",
    async () => {
      const refresh_token = await refreshToken();
      grantedToken(await agent.ask(server, { request_type: "refresh", refresh_token }));
    },
    {
      client: agent.id,
      user: MCP_USER.id,
      details: { ...THE_WISH, request_type: "refresh", token_id: expect.any(String) },
    },
  ],
  [
    "REFRESH_TOKEN_ERROR",
    "another agent's refresh token: the event does not name its owner",
    async () => {
      const refresh_token = await refreshToken();
      await resource.ask(server, { request_type: "refresh", refresh_token });
    },
    {
      client: resource.id,
      error: "invalid_grant",
      details: { agent: resource.id, request_type: "refresh" },
    },
  ],
  [
    "TOKEN_EXCHANGE",
    "a resource calls on",
    () => exchange("supply-chain:optimize"),
    {
      client: resource.id,
      details: {
        agent: resource.id,
        resource: nextResource.id,
        scope: "supply-chain:optimize",
        request_type: "exchange",
        token_id: expect.any(String),
      },
    },
  ],
  [
    "TOKEN_EXCHANGE_ERROR",
    "and wants more than its caller may",
    () => exchange("market-analysis:analyze"),
    {
      client: resource.id,
      error: "invalid_grant",
      details: {
        agent: resource.id,
        resource: nextResource.id,
        reason: expect.stringContaining("Scope expansion not allowed"),
        request_type: "exchange",
      },
    },
  ],
  [
    "REVOKE_GRANT",
    "a refresh token is given back",
    async () => agent.ask(server, { token: await refreshToken() }, { url: server.revocationEndpoint }),
    { client: agent.id, user: MCP_USER.id, details: THE_WISH },
  ],
  [
    "CLIENT_LOGIN_ERROR",
    "the realm's policy cannot be understood: which attribute is to be mended",
    async () => {
      await server.tryAttributes({ "aauth.exchange.max.depth": "many" });
      await agent.ask(server, wish());
    },
    {
      error: "server_error",
      details: {
        problem: expect.stringContaining("aauth.exchange.max.depth: expected a positive whole number"),
      },
    },
  ],
];

test.each(EVENTS)("logs %s: %s", async (type, _what, happens, { client, user, error, details }) => {
  await happens();
  const event = await lastEvent(type);
  expect(event).toMatchObject({
    type,
    ...(client !== undefined && { clientId: client }),
    ...(user !== undefined && { userId: user }),
    ...(error !== undefined && { error }),
    details,
  });
  if (client === undefined) expect(event).not.toHaveProperty("details.agent");
});

test("another agent's refresh token cannot be revoked, without an event or an error", async () => {
  await server.admin("/events", { method: "DELETE" });
  const token = await refreshToken();
  const reply = await resource.ask(server, { token }, { url: server.revocationEndpoint });
  expect(reply.status).toBe(200);
  expect(await lastEvent("REVOKE_GRANT")).toBeUndefined();
});

test("no event contains a usable credential", async () => {
  await server.admin("/events", { method: "DELETE" });
  const { requestToken, url } = await (async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    return startConsent(world);
  })();
  const person = new User();
  const { code = "" } = sentTo(await person.decide(await person.openSignedIn(url), "accept")).query;
  const { body } = await redeem(world, code);
  await agent.ask(server, { request_type: "refresh", refresh_token: String(body.refresh_token) });
  const events = await (await server.admin("/events?max=100")).text();
  expect(events).toContain("CODE_TO_TOKEN");
  expect(events).toContain("REFRESH_TOKEN");
  const signature = String(body.auth_token).split(".")[2]!;
  for (const secret of [requestToken, code, String(body.refresh_token), signature])
    expect(events).not.toContain(secret);
});
