import { traceFlowTests } from "../support/trace-flow-tests.ts";

traceFlowTests();
