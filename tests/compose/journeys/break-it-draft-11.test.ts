/** The journey of tests/e2e/break-it-draft-11.test.ts through containers. */
import { throughContainers } from "../through-containers.ts";

throughContainers({
  "a request that is not refused is shown as a hole": "needs an agent that is none of ours",
});
await import("../../e2e/break-it-draft-11.test.ts");
