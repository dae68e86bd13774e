/** Attacks on servers of other runtimes, each in a separate process. */

import { afterAll, beforeAll, describe } from "vitest";
import { Answers, regionOfPage, testPage } from "./answers.ts";
import { attackTests } from "./attack-tests.ts";
import { draft11Parties, type Parties } from "./parties.ts";
import { RUNTIME_SERVERS } from "./runtime-servers.ts";

const answers = new Answers(Object.keys(RUNTIME_SERVERS));
let parties: Parties;
beforeAll(async () => {
  parties = await draft11Parties();
});
afterAll(() => parties.stop());

describe.each(Object.entries(RUNTIME_SERVERS))("%s", (name, server) => {
  attackTests(() => parties, server, answers.to(name, name, server, "draft -11"));
});
testPage("runtimes", () => answers.tables({ except: regionOfPage("frameworks") }));
