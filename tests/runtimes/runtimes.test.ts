/** The same attacks at servers of other runtimes, each in a process of its own. */

import { afterAll, beforeAll, describe } from "vitest";
import { attackTests } from "./attack-tests.ts";
import { draft11Parties, type Parties } from "./parties.ts";
import { RUNTIME_SERVERS } from "./runtime-servers.ts";

let parties: Parties;
beforeAll(async () => {
  parties = await draft11Parties();
});
afterAll(() => parties.stop());

describe.each(Object.entries(RUNTIME_SERVERS))("%s", (_name, start) => {
  attackTests(
    () => parties,
    () => start(parties.settings),
  );
});
