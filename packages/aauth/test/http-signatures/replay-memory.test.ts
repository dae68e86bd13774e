import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplayMemory, type ReplayShare } from "../../src/http-signatures/replay-memory.ts";

const TTL_SECONDS = 61;

function memoryWithClock(maxEntries: number) {
  const clock = { seconds: 1_000 };
  const memory = new ReplayMemory(maxEntries, () => clock.seconds);
  let next = 0;
  /** Claims new keys until there is no more room; how many there was room for. */
  const flood = (share: ReplayShare) => {
    for (let claims = 0; ; claims++) {
      if (memory.putIfAbsent(`flood ${next++}`, TTL_SECONDS, share) !== true) return claims;
    }
  };
  return { clock, memory, flood };
}

const pseudonymous = (owner: string): ReplayShare => ({ level: "pseudonymous", owner });
const identified = (owner: string): ReplayShare => ({ level: "identified", owner });
const authorized = (owner: string): ReplayShare => ({ level: "authorized", owner });

describe("who gets how much", () => {
  test("all keys without an owner together a quarter", () => {
    const { memory, flood } = memoryWithClock(1_000);
    const claims = Array.from({ length: 50 }, (_, index) => flood(pseudonymous(`key ${index}`)));
    expect(claims.reduce((sum, count) => sum + count)).toBe(250);
    expect(memory.putIfAbsent("known", TTL_SECONDS, identified("https://known.example"))).toBe(true);
  });

  test("an agent as much as it leaves free for the others", () => {
    const { flood } = memoryWithClock(1_000);
    // Of the 750 that are not kept for callers with an auth token.
    expect(flood(identified("https://one.example"))).toBe(375);
    expect(flood(identified("https://two.example"))).toBe(125);
    expect(flood(identified("https://one.example"))).toBe(0);
    expect(flood(authorized("https://one.example"))).toBe(250);
  });

  test("however many identities an owner has, the next caller finds room", () => {
    const { memory, flood } = memoryWithClock(10_000);
    for (let index = 0; index < 100; index++) flood(identified(`https://unknown-${index}.example`));
    for (let index = 0; index < 100; index++) flood(pseudonymous(`unknown ${index}`));
    expect(memory.putIfAbsent("a", TTL_SECONDS, identified("https://known.example"))).toBe(true);
    // Of those there may be any number; auth tokens are had from somebody who is trusted here.
    for (let index = 0; index < 1_000; index++) {
      expect(memory.putIfAbsent(`b ${index}`, TTL_SECONDS, authorized("https://known.example"))).toBe(true);
    }
  });
});

test("a claim is never forgotten before its time, whichever caller floods", () => {
  const claim = fc.record({
    key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    share: fc.constantFrom(pseudonymous("k1"), pseudonymous("k2"), identified("i1"), authorized("i1")),
    seconds: fc.integer({ min: 1, max: 9 }),
    wait: fc.integer({ min: 0, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 80 }), (claims) => {
      const { clock, memory } = memoryWithClock(5);
      const model = new Map<string, number>();
      for (const { key, share, seconds, wait } of claims) {
        clock.seconds += wait / 2;
        for (const [held, expiresAt] of model) if (Math.floor(clock.seconds) >= expiresAt) model.delete(held);
        const claimed = memory.putIfAbsent(key, seconds, share);
        if (model.has(key)) expect(claimed).toBe(false);
        else expect(claimed === true || claimed === "full").toBe(true);
        if (claimed === true) model.set(key, Math.ceil(clock.seconds + seconds));
        expect(memory.size).toBe(model.size);
        expect(memory.size).toBeLessThanOrEqual(5);
      }
    }),
  );
});
