/** The journey of tests/e2e/user-delegated.test.ts through containers. */
import { throughContainers } from "../through-containers.ts";

throughContainers();
await import("../../e2e/user-delegated.test.ts");
