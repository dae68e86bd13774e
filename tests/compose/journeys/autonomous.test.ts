/** The journey of tests/e2e/autonomous.test.ts through containers. */
import { isReal } from "../compose-stack.ts";
import { throughContainers } from "../through-containers.ts";

throughContainers({
  "has begun the run's trace in the page": isReal("jaeger") && "it opens the embedded trace store's page",
});
await import("../../e2e/autonomous.test.ts");
