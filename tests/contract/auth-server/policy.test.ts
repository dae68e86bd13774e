/** Policy from the realm's attributes (profile 6.4): absent and malformed ones. */

import { describe, expect, test } from "vitest";
import { expectRefusal, grantedToken, startWorld } from "./world.ts";

const { server, agent, resource, wish } = await startWorld();

describe("J16: a malformed attribute allows nothing", () => {
  const only = JSON.stringify([resource.id]);

  test.each([
    ["aauth.allowed.agents", only, "not JSON"],
    ["aauth.allowed.agents", only, "[1]"],
    ["aauth.blocked.agents", JSON.stringify([agent.id]), `${agent.id}, ${resource.id}`],
    ["aauth.allowed.scopes", '["data.read"]', "data.read"],
    ["aauth.enabled", "false", "yes"],
  ])("%s: where %s holds, %s accepts no agent", async (name, closed, malformed) => {
    await server.setAttributes({ [name]: closed });
    const change = await server.tryAttributes({ [name]: malformed });
    // One server refuses the change and keeps the old value; the other accepts it and refuses to
    // serve.
    const reply = await agent.ask(server, wish());
    expect(reply.status).toBeGreaterThanOrEqual(400);
    if (change.ok) expectRefusal(reply, 500, "server_error");
    else expect(change.status).toBe(400);
  });

  test.each([
    ["aauth.exchange.max.depth", "21"],
    ["aauth.token.lifespan", "-1"],
    ["aauth.exchange.enabled", "maybe"],
    ["aauth.consent.required.scopes", "openid"],
    ["aauth.trusted.issuers", "http://x.localhost"],
    ["aauth.self.agents", "http://x.localhost"],
    ["aauth.exchange.agents", "http://x.localhost"],
    ["aauth.published.peers", "http://x.localhost"],
    ["aauth.published.peers", '["http://x.localhost/"]'],
    ["aauth.no.such.thing", "x"],
  ])("%s=%s is not taken, or stops the serving", async (name, malformed) => {
    const change = await server.tryAttributes({ [name]: malformed });
    const reply = await agent.ask(server, wish());
    if (change.ok) expectRefusal(reply, 500, "server_error");
    else expect([change.status, reply.status]).toEqual([400, 200]);
  });

  test("once it is corrected, requests are accepted again", async () => {
    await server.tryAttributes({ "aauth.allowed.agents": "not JSON" });
    await server.setAttributes();
    grantedToken(await agent.ask(server, wish()));
  });
});

test("matches a trusted issuer, an agent or a scope only as a whole", async () => {
  await server.setAttributes({
    "aauth.allowed.agents": JSON.stringify([`${agent.id}/`, agent.id.slice(0, -1)]),
  });
  expectRefusal(await agent.ask(server, wish()), 403, "access_denied", "Agent is not allowed by policy");
  await server.setAttributes({ "aauth.allowed.scopes": '["supply-chain:", "supply-chain:optimize2"]' });
  expectRefusal(await agent.ask(server, wish()), 403, "access_denied", "Authorization denied");
});
