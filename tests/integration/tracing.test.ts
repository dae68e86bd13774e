import { describe } from "vitest";
import { traceFlowTests } from "../support/trace-flow-tests.ts";

describe("the gateway asks gateway-authz", () => traceFlowTests({}));
describe("the gateway judges in its own process", () => traceFlowTests({ gatewayCheck: "in-process" }));
