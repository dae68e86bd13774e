import { traceFlowTests } from "../support/trace-flow-tests.ts";

traceFlowTests({ jaegerProgram: process.env.JAEGER_UNDER_TEST! });
