import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createTokenCache,
  exactKey,
  isObtainedToken,
  latestKey,
  type TokenOwner,
} from "../../src/agent/token-cache.ts";
import type { ObtainedToken } from "../../src/profile/token-requests.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createTestClock } from "../../src/testing/index.ts";

/**
 * Short strings of few characters, including those in the cache's keys, so that two lists are often
 * almost equal.
 */
const part = fc.string({ unit: fc.constantFrom("a", ":", ",", "-", "1"), maxLength: 4 });
const optional = fc.option(part, { nil: undefined });
const owner: fc.Arbitrary<TokenOwner> = fc.record({
  profile: part,
  thumbprint: part,
  resource: part,
  upstreamHash: optional,
  cacheKey: optional,
});

test("owners that differ share no key", () => {
  fc.assert(
    fc.property(owner, owner, (one, other) => {
      expect(latestKey(one) === latestKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 5_000 },
  );
});

test("auth server and scope do not run into one another", () => {
  const one = { profile: "p", thumbprint: "t", resource: "r", upstreamHash: undefined, cacheKey: undefined };
  expect(exactKey(one, "s,a", "b")).not.toBe(exactKey(one, "s", "a,b"));
  expect(exactKey(one, "s", "")).not.toBe(latestKey(one));
});

const grant: ObtainedToken = {
  token: "x.y.z",
  server: "https://auth.example",
  scope: "a",
  thumbprint: "t",
  expiresAt: 300,
  renewAt: 270,
};

test("accepts a stored value as a grant only with all members", () => {
  expect(isObtainedToken(grant)).toBe(true);
  expect(isObtainedToken({ ...grant, continuation: {}, subject: "s", isRefused: true })).toBe(true);
  for (const name of ["token", "server", "scope", "thumbprint", "expiresAt", "renewAt"] as const) {
    for (const value of [undefined, null, name.endsWith("At") ? "300" : 300]) {
      expect(isObtainedToken({ ...grant, [name]: value } as never)).toBe(false);
    }
  }
  // A record written by the previous version.
  expect(
    isObtainedToken({ authToken: "x", authServer: "y", scope: "z", expiresAt: 9, renewAt: 9 } as never),
  ).toBe(false);
});

describe("the tokens of an agent", () => {
  const clock = createTestClock(100);
  const kit = (maxEntries = 20) => {
    const store = createMemoryRecordStore<ObtainedToken>({ maxEntries, now: clock.now });
    return { store, tokens: createTokenCache(store, clock.now) };
  };

  test("are kept until they expire, with a continuation longer", async () => {
    const { tokens } = kit();
    await tokens.set("a", grant);
    await tokens.set("b", { ...grant, continuation: { refreshToken: "r" } });
    await tokens.set("c", { ...grant, expiresAt: Number.MAX_SAFE_INTEGER });
    await tokens.set("d", { ...grant, expiresAt: 1 });
    expect(await tokens.get("a")).toEqual(grant);
    await tokens.delete("a");
    expect(await tokens.get("a")).toBeUndefined();
    await tokens.set("a", grant);
    clock.advance(200);
    const kept = ["a", "b", "c", "d"].map(async (name) => (await tokens.get(name)) !== undefined);
    expect(await Promise.all(kept)).toEqual([false, true, true, false]);
  });

  test("of one person leave those of others, and are not kept beyond the room there is", async () => {
    const { tokens } = kit();
    const of = (subject: string) => ({ ...grant, subject, expiresAt: 900 });
    await tokens.set("bob", of("bob"));
    for (let index = 0; index < 30; index++) await tokens.set(`${index}`, of("mallory"));
    expect(await tokens.get("bob")).toBeDefined();
    expect(await tokens.get("29")).toBeUndefined();
  });
});
