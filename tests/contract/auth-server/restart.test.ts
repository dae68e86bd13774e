/**
 * An agent and a resource that restart, each time with a new key under the old name
 * (docs/decisions/0007).
 */

import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { newPair } from "./party.ts";
import { expectRefusal, grantedToken, startWorld } from "./world.ts";

const POLL_MS = 50;
/** A failed fetch is cached for a second, so a later request succeeds even on a slow machine. */
const CACHED_FAILURE_MS = 1_100;

const world = await startWorld();
const { server, agent, resource, wish } = world;

test("three restarts in a row, with requests in the agent's name meanwhile: each new key is accepted within a second", async () => {
  grantedToken(await agent.ask(server, wish()));
  for (let start = 0; start < 3; start++) {
    await Promise.all([agent.stop(), resource.stop()]);
    for (let attempt = 0; attempt < 5; attempt++) {
      const forged = await agent.ask(server, wish(), { signingKey: newPair("forged").key });
      expectRefusal(forged, 401, "invalid_signature", { code: "discovery_failed", check: "signature" });
    }
    await Promise.all([agent.startAgain(), resource.startAgain()]);
    const ready = performance.now();
    let reply = await agent.ask(server, wish());
    for (let sentAt = ready; reply.status !== 200 && sentAt - ready < CACHED_FAILURE_MS; ) {
      await pause(POLL_MS);
      sentAt = performance.now();
      reply = await agent.ask(server, wish());
    }
    expect(grantedToken(reply).claims).toMatchObject({ cnf: { jwk: { x: agent.pair.x } } });
  }
});

test("a flood of bad signatures in an agent's name makes its key set be fetched three times, and then not for 10 s", async () => {
  const { nextResource: victim } = world;
  const ask = (mistakes = {}) => victim.ask(server, { request_type: "auth", scope: "openid" }, mistakes);
  // It gets no token, but its signature has been verified.
  expectRefusal(await ask(), 403, "access_denied");
  const { length: before } = victim.asked;
  for (let attempt = 0; attempt < 6; attempt++) {
    const forged = await ask({ signingKey: newPair("forged").key });
    expectRefusal(forged, 401, "invalid_signature", { code: "invalid_signature", check: "signature" });
  }
  expect(victim.asked.slice(before)).toEqual(Array(3).fill("GET /jwks.json"));
});
