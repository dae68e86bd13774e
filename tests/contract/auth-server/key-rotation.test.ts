/** Agents and the realm change their keys. */

import { expect, test } from "vitest";
import { consentedCode, redeem } from "./journey.ts";
import { jwkOf, newPair } from "./party.ts";
import { verifiedToken } from "./verified-token.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource, nextResource, wish } = world;

test("a new key in the agent's set: refreshed tokens are bound to it; a code stays bound to the key that asked for it", async () => {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  const { body } = await redeem(world, await consentedCode(world));
  const code = await consentedCode(world);
  await server.setAttributes();
  const upstream = await agent.ask(
    server,
    wish({ resource_token: resource.resourceToken(server, agent, { scope: "market-analysis:analyze" }) }),
  );
  const scheme = { scheme: "jwt", jwt: String(upstream.body.auth_token) } as const;
  const exchange = () => {
    const resource_token = nextResource.resourceToken(server, resource, { scope: "market-analysis:analyze" });
    return resource.ask(server, { request_type: "exchange", resource_token }, { scheme });
  };
  grantedToken(await exchange());

  for (const party of [agent, resource]) {
    party.pair = newPair("rotated");
    party.keySet = [jwkOf(party.pair)];
  }
  const refresh = () =>
    agent.ask(server, { request_type: "refresh", refresh_token: String(body.refresh_token) });
  const [refreshed, exchanged] = await Promise.all([refresh(), exchange()]);
  expect(grantedToken(refreshed).claims).toMatchObject({ cnf: { jwk: { x: agent.pair.x } } });
  expect(grantedToken(exchanged).claims).toMatchObject({ cnf: { jwk: { x: resource.pair.x } } });
  expectRefusal(await redeem(world, code), 400, "invalid_grant", "Agent signature mismatch");
});

test("a new key of the realm, by the admin API: tokens from before and after verify by the published keys", async () => {
  const certs = `${server.issuer}/protocol/aauth/certs`;
  const keyIds = async () => {
    const { keys } = (await (await fetch(certs)).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };
  const before = await agent.ask(server, wish());
  const oldKeyIds = await keyIds();
  const reply = await server.admin("/components", {
    method: "POST",
    body: JSON.stringify({
      name: "rsa-new",
      providerId: "rsa-generated",
      providerType: "org.keycloak.keys.KeyProvider",
      config: { priority: ["200"], algorithm: ["RS256"] },
    }),
  });
  expect(reply.status).toBe(201);
  expect(await keyIds()).toEqual(expect.arrayContaining(oldKeyIds));
  expect(await keyIds()).toHaveLength(oldKeyIds.length + 1);
  const after = await agent.ask(server, wish());
  for (const { body } of [before, after]) await verifiedToken(String(body.auth_token), certs);
});
