/** The attacks of tests/runtimes on each gate of the workspace, in both dialects. */

import { getRequestListener } from "@hono/node-server";
import { protect } from "aauth/fetch";
import { afterAll, beforeAll, describe } from "vitest";
import { attackTests } from "../../runtimes/attack-tests.ts";
import { NODE_SERVERS } from "../../runtimes/node-servers.ts";
import { draft11Parties, februaryParties, listen, type Parties } from "../../runtimes/parties.ts";
import type { ServerUnderTest } from "../../runtimes/server-under-test.ts";
import { handle } from "../../runtimes/servers/handle.ts";
import { BOUNDS, createReports, requirementOf } from "../../runtimes/servers/reports.ts";

const FETCH: ServerUnderTest = {
  gate: "aauth/fetch",
  start: async (settings) =>
    listen(
      getRequestListener(protect(await createReports(settings), requirementOf(settings), handle, BOUNDS)),
    ),
};

describe.each([
  ["draft -11", draft11Parties],
  ["February 2026", februaryParties],
])("%s", (_dialect, createParties) => {
  let parties: Parties;
  beforeAll(async () => {
    parties = await createParties();
  });
  afterAll(() => parties.stop());

  describe.each([NODE_SERVERS["node:http"]!, NODE_SERVERS.Fastify!, FETCH])("$gate", (server) => {
    attackTests(
      () => parties,
      server,
      () => {},
    );
  });
});
