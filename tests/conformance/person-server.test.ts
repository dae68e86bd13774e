import { PERSON_SERVER_CHECKS } from "aauth-conformance";
import { rowTests } from "./row-tests.ts";
import { startOwnServer } from "./targets/own-servers.ts";

rowTests(PERSON_SERVER_CHECKS, () => startOwnServer("person"));
