import { ACCESS_SERVER_CHECKS } from "aauth-conformance";
import { rowTests } from "./row-tests.ts";
import { startOwnServer } from "./targets/own-servers.ts";

rowTests(ACCESS_SERVER_CHECKS, () => startOwnServer("access"));
