/**
 * Parties of the dialect of February 2026 for tests, in addition to `aauth/testing`.
 *
 * @module
 */

export type { TestDiscovery } from "../../testing/test-discovery.ts";
export type { TestIdentities } from "./test-discovery.ts";
export { createTestDiscovery } from "./test-discovery.ts";
export type { TestParties } from "./test-parties.ts";
export { createTestParties } from "./test-parties.ts";
