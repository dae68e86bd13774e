import type { ClaimQuota, ClaimStore } from "../store/claim-store.ts";
import { equal, MANY, rejects, type StoreTest, type TestStore, withStore } from "./store-test.ts";

const MAX_ENTRIES = 400;
const SECONDS = 60;

/**
 * Tests that every implementation of `ClaimStore` must pass.
 *
 * @example
 * for (const { title, run } of claimStoreContract) {
 *   test(title, () => run(onTestClock(createMemoryClaimStore)));
 * }
 */
export const claimStoreContract: readonly StoreTest<ClaimStore>[] = [
  {
    title: "claims a key once until its lifetime ends",
    run: claiming(async ({ claim, advance }) => {
      equal(await claim("a", "bob"), true);
      equal(await claim("a", "bob"), false);
      equal(await claim("a", "alice", "reserved"), false);
      equal(await claim("b", "bob"), true);
      await advance(SECONDS - 1);
      equal(await claim("a", "bob"), false);
      // A store may keep claims for whole seconds.
      await advance(2);
      equal(await claim("a", "bob"), true);
    }),
  },
  {
    title: "lets one of many callers claim a key",
    run: claiming(async ({ claim }) => {
      const claims = Array.from({ length: MANY }, (_, index) => claim("a", `owner ${index}`));
      equal((await Promise.all(claims)).filter((claimed) => claimed === true).length, 1);
    }),
  },
  {
    title: "rejects a lifetime that is not positive, and claims nothing",
    run: claiming(async ({ claim }) => {
      for (const seconds of [0, -1, Number.NaN]) {
        await rejects(() => claim("a", "bob", "own", seconds), RangeError);
      }
      equal(await claim("a", "bob"), true);
    }),
  },
  {
    title: "keeps every claim until its lifetime ends, whichever owner floods",
    run: claiming(async ({ claim, flood, advance }) => {
      equal(await claim("honest", "bob", "own", 2 * SECONDS), true);
      for (const quota of ["own", "shared", "reserved"] as const) {
        equal((await flood("mallory", quota)) > 0, true);
      }
      equal(await claim("honest", "bob"), false);
      equal(await claim("mallory own 0", "mallory"), false);
      await advance(SECONDS + 1);
      equal(await claim("honest", "bob"), false);
      equal(await claim("mallory own 0", "mallory"), true);
      equal((await flood("carol", "own")) > 0, true);
    }),
  },
  {
    title: "leaves later owners room, however much one has claimed",
    run: claiming(async ({ flood }) => {
      equal((await flood("mallory", "own")) < 0.75 * MAX_ENTRIES, true);
      equal((await flood("bob", "own")) > 0, true);
      equal((await flood("mallory", "reserved")) > 0, true);
    }),
  },
  {
    title: "gives shared claims a quarter together, whatever their owners",
    run: claiming(async ({ claim, flood }) => {
      let claimed = 0;
      for (let owner = 0; owner < 10; owner++) claimed += await flood(`key ${owner}`, "shared");
      equal(claimed > 0 && claimed <= MAX_ENTRIES / 4, true);
      equal(await claim("a", "bob"), true);
    }),
  },
  {
    title: "keeps the last quarter for reserved claims",
    run: claiming(async ({ claim, flood }) => {
      let claimed = 0;
      for (let owner = 0; owner < 20; owner++) claimed += await flood(`owner ${owner}`, "own");
      equal(claimed <= 0.75 * MAX_ENTRIES, true);
      equal(await claim("a", "bob", "reserved"), true);
    }),
  },
];

type Claim = (
  key: string,
  owner: string,
  quota?: ClaimQuota,
  ttlSeconds?: number,
) => Promise<boolean | "full">;

interface Claiming extends Pick<TestStore<ClaimStore>, "advance"> {
  readonly claim: Claim;
  /** Claims new keys until the store refuses their owner; returns how many it claimed. */
  flood(owner: string, quota: ClaimQuota): Promise<number>;
}

function claiming(test: (kit: Claiming) => Promise<void>): StoreTest<ClaimStore>["run"] {
  return withStore(MAX_ENTRIES, async ({ store, advance }) => {
    const claim: Claim = async (key, owner, quota = "own", ttlSeconds = SECONDS) =>
      store.putIfAbsent(key, { owner, quota, ttlSeconds });
    await test({
      claim,
      advance,
      async flood(owner, quota) {
        for (let claims = 0; claims <= MAX_ENTRIES; claims++) {
          if ((await claim(`${owner} ${quota} ${claims}`, owner, quota)) === "full") return claims;
        }
        throw new Error("expected a full store to refuse its owner");
      },
    });
  });
}
