import { describe, test } from "vitest";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { recordStoreContract } from "../../src/testing/index.ts";
import { onTestClock } from "../../src/testing/store-test.ts";
import { outsideStore } from "./outside-store.ts";

describe("a record store in memory", () => {
  test.each(recordStoreContract)("$title", ({ run }) => run(onTestClock(createMemoryRecordStore)));
});

describe("a record store outside of the process", () => {
  test.each(recordStoreContract)("$title", ({ run }) => run(onTestClock(outsideStore)));
});
