/** The journey of tests/e2e/signature-only.test.ts through containers. */
import { throughContainers } from "../through-containers.ts";

throughContainers();
await import("../../e2e/signature-only.test.ts");
