import { openPostgresStores } from "aauth-stores/postgres";
import { expect, test } from "vitest";
import { badOf, checkOwnServer } from "../conformance/targets/own-servers.ts";
import { startPostgres } from "../support/store-servers.ts";

test.concurrent.each(["person", "access"] as const)(
  "two replicas of the %s server over PostgreSQL pass every check, asked in turn",
  async (role) => {
    const postgres = await startPostgres();
    const stores = await openPostgresStores({ url: postgres.url });
    try {
      const results = await checkOwnServer(role, stores);
      expect(badOf(results)).toEqual([]);
      expect(results.filter(({ verdict }) => verdict === "passed").length).toBeGreaterThan(140);
    } finally {
      await stores.close();
      await postgres.close();
    }
  },
  300_000,
);
