/** The journey of tests/e2e/draft-11-order.test.ts through containers. */
import { throughContainers } from "../through-containers.ts";

throughContainers();
await import("../../e2e/draft-11-order.test.ts");
