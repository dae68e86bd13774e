/** The attacks at a route handler of Next. */

import { afterAll, beforeAll, describe } from "vitest";
import { Answers, regionOfPage, testPage } from "../answers.ts";
import { attackTests } from "../attack-tests.ts";
import { NEXT } from "../next-server.ts";
import { draft11Parties, type Parties } from "../parties.ts";

const answers = new Answers(["Next"]);
let parties: Parties;
beforeAll(async () => {
  parties = await draft11Parties();
});
afterAll(() => parties.stop());

describe("Next", () => {
  attackTests(() => parties, NEXT, answers.to("Next", "Next", NEXT, "draft -11"));
});
testPage("next", () => answers.tables({ except: regionOfPage("frameworks") }));
