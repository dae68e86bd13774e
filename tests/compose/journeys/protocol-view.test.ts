/** The journey of tests/e2e/protocol-view.test.ts through containers. */
import { throughContainers } from "../through-containers.ts";

throughContainers();
await import("../../e2e/protocol-view.test.ts");
