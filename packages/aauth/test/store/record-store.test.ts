import { describe, test } from "vitest";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { recordStoreContract } from "../../src/testing/record-store-contract.ts";

describe("a record store in memory", () => {
  test.each(recordStoreContract)("$title", ({ run }) => run(createMemoryRecordStore));
});
