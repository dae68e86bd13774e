/**
 * Messages, peers and a clock for tests. Everything is deterministic and uses no network.
 *
 * @module
 */

export { claimStoreContract } from "./claim-store-contract.ts";
export { recordStoreContract } from "./record-store-contract.ts";
export type { SignedRequestOptions, TestRequest } from "./signed-request.ts";
export { signedRequest } from "./signed-request.ts";
export type { OpenTestStore, StoreTest, TestStore } from "./store-test.ts";
export type { TestClock } from "./test-clock.ts";
export { createTestClock } from "./test-clock.ts";
export type { TestDiscovery, TestIdentities } from "./test-discovery.ts";
export { createTestDiscovery } from "./test-discovery.ts";
export { testKey } from "./test-key.ts";
