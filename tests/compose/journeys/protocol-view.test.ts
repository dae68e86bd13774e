/** The journey of tests/e2e/protocol-view.test.ts through containers. */
import { isReal } from "../compose-stack.ts";
import { throughContainers } from "../through-containers.ts";

throughContainers({
  "stands beside its spans, and leads to the trace store's page":
    isReal("jaeger") && "the link is named after Jaeger there",
});
await import("../../e2e/protocol-view.test.ts");
