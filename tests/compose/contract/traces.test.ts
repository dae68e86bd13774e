/**
 * The contract of the query API (tests/contract/traces), against the trace store of the running
 * stack.
 */
import { beforeAll } from "vitest";
import { up, urls } from "../compose-stack.ts";
import { throughContainers } from "../through-containers.ts";

throughContainers();
process.env.JAEGER_QUERY_URL = urls.traces;
process.env.JAEGER_OTLP_URL = "http://localhost:4318";
beforeAll(() => up());
await import("../../contract/traces/query-api.test.ts");
