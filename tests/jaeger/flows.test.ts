import { traceFlowTests } from "../support/trace-flow-tests.ts";

// Each service in a process of its own, as in the containers.
traceFlowTests({ modes: { jaegerProgram: process.env.JAEGER_UNDER_TEST! }, processes: true });
