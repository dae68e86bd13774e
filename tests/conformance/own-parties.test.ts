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

/** What is not green, one line each. */
const badOf = (results: Awaited<ReturnType<typeof runChecks>>) =>
  results
    .filter(({ verdict }) => verdict !== "passed" && verdict !== "skipped")
    .map(({ id, verdict, reason }) => `${id} ${verdict}: ${reason}`);

describe("our resource", () => {
  test.each(["fetch", "fastify"] as const)("behind %s passes every check", async (gate) => {
    const world = createWorld("conformance.example");
    const listener = await listen(world);
    const peers = Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address]));
    const own = await startOwnResource({ gate, peers, personServer: world.parties.ps.id });
    try {
      const target = createTarget({ map: new Map([[RESOURCE, own.address]]), ids: [] });
      const bench = await createResourceBench({ target, world, listener, id: RESOURCE, routes: ROUTES });
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
