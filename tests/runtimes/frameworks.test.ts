/** One list of attacks on each Node framework, in both dialects. */

import { afterAll, beforeAll, describe } from "vitest";
import { Answers, testPage } from "./answers.ts";
import { attackTests } from "./attack-tests.ts";
import { NODE_SERVERS } from "./node-servers.ts";
import { draft11Parties, februaryParties, type Parties } from "./parties.ts";

const answers = new Answers(["draft -11", "February 2026"]);

describe.each([
  ["draft -11", draft11Parties],
  ["February 2026", februaryParties],
])("%s", (dialect, createParties) => {
  let parties: Parties;
  beforeAll(async () => {
    parties = await createParties();
  });
  afterAll(() => parties.stop());

  describe.each(Object.entries(NODE_SERVERS))("%s", (name, server) => {
    attackTests(() => parties, server, answers.to(dialect, name, server, dialect));
  });
});
testPage("frameworks", () => answers.tables());
