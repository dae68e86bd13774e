/**
 * Checks of parties of AAuth draft -11, for tests that start a party themselves.
 *
 * @module
 */

export { listen } from "./peers/listener.ts";
export { createWorld } from "./peers/world.ts";
export { ACCESS_SERVER_CHECKS } from "./roles/access-server.ts";
export { createGatewayBench, GATEWAY_CHECKS } from "./roles/gateway.ts";
export { PERSON_SERVER_CHECKS } from "./roles/person-server.ts";
export { RESOURCE_CHECKS } from "./roles/resource.ts";
export { createResourceBench } from "./roles/resource-bench.ts";
export { createServerBench, type Decide } from "./roles/server-bench.ts";
export { VERIFY_CHECKS, type VerifyBench } from "./roles/verify.ts";
export type { Check } from "./suite/check.ts";
export { startProgram } from "./suite/program.ts";
export { type Bench, countVerdicts, runChecks } from "./suite/run.ts";
export { createTarget } from "./suite/target.ts";
