import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClaimTerms, createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { claimStoreContract } from "../../src/testing/index.ts";
import { onTestClock } from "../../src/testing/store-test.ts";

type Charge = Omit<ClaimTerms, "ttlSeconds">;

const shared = (owner: string): Charge => ({ quota: "shared", owner });
const own = (owner: string): Charge => ({ quota: "own", owner });
const reserved = (owner: string): Charge => ({ quota: "reserved", owner });

describe("a claim store in memory", () => {
  test.each(claimStoreContract)("$title", ({ run }) => run(onTestClock(createMemoryClaimStore)));

  test("rejects a bound below one", () => {
    expect(() => createMemoryClaimStore({ maxEntries: 0 })).toThrow(RangeError);
  });

  test("allows an owner as many places as it leaves free for others", () => {
    const store = createMemoryClaimStore({ maxEntries: 1_000, now: () => 1_000 });
    let next = 0;
    const flood = (charge: Charge) => {
      for (let claims = 0; ; claims++) {
        if (store.putIfAbsent(`${next++}`, { ...charge, ttlSeconds: 61 }) !== true) return claims;
      }
    };
    // 750 places are not reserved.
    expect(flood(own("one.example"))).toBe(375);
    expect(flood(own("two.example"))).toBe(125);
    expect(flood(own("one.example"))).toBe(0);
    expect(flood(reserved("one.example"))).toBe(250);
  });

  test("never forgets a claim before its time, whichever owner floods", () => {
    const claim = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      charge: fc.constantFrom(shared("k1"), shared("k2"), own("i1"), reserved("i1")),
      seconds: fc.integer({ min: 1, max: 9 }),
      wait: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 80 }), (claims) => {
        const clock = { seconds: 1_000 };
        const store = createMemoryClaimStore({ maxEntries: 5, now: () => clock.seconds });
        const model = new Map<string, number>();
        for (const { key, charge, seconds, wait } of claims) {
          clock.seconds += wait / 2;
          for (const [held, expiresAt] of model) {
            if (Math.floor(clock.seconds) >= expiresAt) model.delete(held);
          }
          const claimed = store.putIfAbsent(key, { ...charge, ttlSeconds: seconds });
          expect(model.has(key) ? [false] : [true, "full"]).toContain(claimed);
          if (claimed === true) model.set(key, Math.ceil(clock.seconds + seconds));
          expect(model.size).toBeLessThanOrEqual(5);
        }
      }),
    );
  });
});
