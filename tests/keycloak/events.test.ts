/** What Keycloak's administrators see: an event for each grant and each refusal. */

import { expect, test } from "vitest";
import { consentedCode, redeem } from "../contract/auth-server/journey.ts";
import { ASK_FOR_OPTIMIZE, startWorld } from "../contract/auth-server/world.ts";

interface Event {
  readonly type: string;
  readonly clientId?: string;
  readonly userId?: string;
  readonly error?: string;
  readonly details: Readonly<Record<string, string>>;
}

const world = await startWorld();
const { server, agent, resource, wish } = world;

/** The newest event of this agent and type. */
async function lastEvent(type: string): Promise<Event | undefined> {
  const query = new URLSearchParams({ type, client: agent.id, max: "1" });
  const reply = await server.admin(`/events?${query}`);
  const [event] = (await reply.json()) as Event[];
  return event;
}

test("a token for an agent: who, at which resource, for what; not the token", async () => {
  const { body } = await agent.ask(server, wish());
  const event = await lastEvent("CLIENT_LOGIN");
  expect(event).toMatchObject({
    clientId: agent.id,
    details: { agent: agent.id, resource: resource.id, scope: "supply-chain:optimize", request_type: "auth" },
  });
  expect(JSON.stringify(event)).not.toContain(String(body.auth_token).split(".")[2]);
});

test("a refusal: why", async () => {
  const resource_token = resource.resourceToken(server, agent, { claims: { exp: 1 } });
  await agent.ask(server, wish({ resource_token }));
  expect(await lastEvent("CLIENT_LOGIN_ERROR")).toMatchObject({
    clientId: agent.id,
    error: "token_expired",
    details: { agent: agent.id, reason: "Invalid resource_token: Resource token has expired" },
  });
});

test("a user's consent, and the token it brings: which user", async () => {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  await redeem(world, await consentedCode(world));
  for (const type of ["GRANT_CONSENT", "CODE_TO_TOKEN"]) {
    expect(await lastEvent(type)).toMatchObject({
      userId: "6f0f3f4e-3a0b-4c7e-9c43-5f7d5b1f8a11",
      details: { agent: agent.id, resource: resource.id, scope: "supply-chain:optimize" },
    });
  }
});
