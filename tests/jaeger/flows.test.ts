import { traceFlowTests } from "../support/trace-flow-tests.ts";

// Each service is a separate process, as in the containers.
traceFlowTests({ modes: { jaegerProgram: process.env.JAEGER_UNDER_TEST! }, processes: true });
