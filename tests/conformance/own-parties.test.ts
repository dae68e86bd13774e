import {
  createResourceBench,
  createTarget,
  createWorld,
  listen,
  RESOURCE_CHECKS,
  runChecks,
} from "aauth-conformance";
import { describe, expect, test } from "vitest";
import { RESOURCE, ROUTES, startOwnResource } from "./targets/own-resource.ts";
import { badOf, checkOwnServer } from "./targets/own-servers.ts";

describe("our resource", () => {
  test.each(["fetch", "fastify"] as const)("behind %s passes every check", async (gate) => {
    const world = createWorld("conformance.example");
    const listener = await listen(world);
    const peers = Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address]));
    const own = await startOwnResource({ gate, peers, personServer: world.parties.ps.id });
    try {
      const target = createTarget({ map: new Map([[RESOURCE, own.address]]), ids: [] });
      const bench = await createResourceBench({ target, world, id: RESOURCE, routes: ROUTES });
      const results = await runChecks(RESOURCE_CHECKS, bench);
      expect(badOf(results)).toEqual([]);
      // A run without claims would skip everything and be green.
      expect(results.filter(({ verdict }) => verdict === "passed").length).toBeGreaterThan(140);
    } finally {
      await own.close();
      await listener.close();
    }
  });
});

describe("our servers", () => {
  test.concurrent.each([
    ["person", 200],
    ["access", 140],
  ] as const)(
    "pass every check of the %s server",
    async (role, atLeast) => {
      const results = await checkOwnServer(role);
      expect(badOf(results)).toEqual([]);
      // Without decisions, most would be skipped.
      expect(results.filter(({ verdict }) => verdict === "passed").length).toBeGreaterThan(atLeast);
    },
    180_000,
  );
});
