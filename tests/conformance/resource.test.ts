import { createResourceBench, createTarget, createWorld, listen, RESOURCE_CHECKS } from "aauth-conformance";
import { describe } from "vitest";
import { rowTests } from "./row-tests.ts";
import { RESOURCE, ROUTES, startOwnResource } from "./targets/own-resource.ts";

describe.each(["fetch", "fastify"] as const)("our resource behind %s", (gate) => {
  rowTests(RESOURCE_CHECKS, async () => {
    const world = createWorld("conformance.example");
    const listener = await listen(world);
    const peers = Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address]));
    const own = await startOwnResource({ gate, peers, personServer: world.parties.ps.id });
    const target = createTarget({ map: new Map([[RESOURCE, own.address]]), ids: [] });
    const bench = await createResourceBench({ target, world, id: RESOURCE, routes: ROUTES });
    return { bench, close: () => Promise.all([own.close(), listener.close()]) };
  });
});
