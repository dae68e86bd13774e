import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimStoreContract, type OpenTestStore, recordStoreContract } from "aauth/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { OpenStores } from "../../src/index.ts";
import { openSqliteStores } from "../../src/sqlite/index.ts";

let folder = "";
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function inFile<Store>(
  open: (stores: OpenStores, bounds: { maxEntries: number }) => Store,
): OpenTestStore<Store> {
  return (bounds) => {
    let seconds = 1_800_000_000;
    const stores = openSqliteStores({ path: join(folder, `${files++}.db`), now: () => seconds });
    return {
      store: open(stores, bounds),
      advance(by) {
        seconds += by;
      },
      close: () => stores.close(),
    };
  };
}

describe("a claim store of SQLite", () => {
  test.each(claimStoreContract)("$title", ({ run }) =>
    run(inFile((stores, bounds) => stores.claims("nonces", bounds))),
  );
});

describe("a record store of SQLite", () => {
  test.each(recordStoreContract)("$title", ({ run }) =>
    run(inFile((stores, bounds) => stores.records("grants", bounds))),
  );
});
