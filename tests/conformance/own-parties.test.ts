import {
  ACCESS_SERVER_CHECKS,
  createResourceBench,
  createServerBench,
  createTarget,
  createWorld,
  listen,
  PERSON_SERVER_CHECKS,
  RESOURCE_CHECKS,
  runChecks,
} from "aauth-conformance";
import { describe, expect, test } from "vitest";
import { RESOURCE, ROUTES, startOwnResource } from "./targets/own-resource.ts";
import { OWNER_SCOPE, SERVER, startAccessServer, startPersonServer } from "./targets/own-servers.ts";

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

describe("our servers", () => {
  const run = async (role: "person" | "access") => {
    const world = createWorld("conformance.example");
    const listener = await listen(world);
    const { as, ps, "ps-other": other, resource } = world.parties;
    const peers = Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address]));
    const own =
      role === "person"
        ? await startPersonServer({ peers, accessServer: as.id })
        : await startAccessServer({ peers, resource: resource.id, personServers: [ps.id, other.id] });
    try {
      const target = createTarget({ map: new Map([[SERVER, own.address]]), ids: [] });
      const document = `aauth-${role}.json`;
      const has = ["federation", "clarification"];
      const ownerScope = role === "access" ? OWNER_SCOPE : undefined;
      const common = { target, world, listener, id: SERVER, document };
      const bench = await createServerBench({ ...common, decide: own.decide, has, ownerScope });
      return await runChecks(role === "person" ? PERSON_SERVER_CHECKS : ACCESS_SERVER_CHECKS, bench);
    } finally {
      await own.close();
      await listener.close();
    }
  };

  test.concurrent.each([
    ["person", 200],
    ["access", 140],
  ] as const)(
    "pass every check of the %s server",
    async (role, atLeast) => {
      const results = await run(role);
      expect(badOf(results)).toEqual([]);
      // Without decisions, most would be skipped.
      expect(results.filter(({ verdict }) => verdict === "passed").length).toBeGreaterThan(atLeast);
    },
    180_000,
  );
});
