import fc from "fast-check";
import { expect, test } from "vitest";
import { exactKey, latestKey, type TokenHolder } from "../../src/agent/token-cache.ts";

/** Short and of few characters, among them those that the keys are written with: two lists are soon nearly alike. */
const part = fc.string({ unit: fc.constantFrom("a", ":", ",", "-", "1"), maxLength: 4 });
const optional = fc.option(part, { nil: undefined });
const holder: fc.Arbitrary<TokenHolder> = fc.record({
  thumbprint: part,
  resource: part,
  upstreamHash: optional,
  cacheKey: optional,
});

test("holders that differ share no key", () => {
  fc.assert(
    fc.property(holder, holder, (one, other) => {
      expect(latestKey(one) === latestKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  [
    { thumbprint: "t", resource: "r", upstreamHash: "x,y", cacheKey: undefined },
    { thumbprint: "t", resource: "r,x", upstreamHash: "y", cacheKey: undefined },
  ],
  [
    { thumbprint: "t", resource: "r", upstreamHash: undefined, cacheKey: "-" },
    { thumbprint: "t", resource: "r", upstreamHash: "-", cacheKey: undefined },
  ],
])("nearly the same holders share no key", (one, other) => {
  expect(latestKey(one)).not.toBe(latestKey(other));
  expect(exactKey(one, "s", "a b")).not.toBe(exactKey(other, "s", "a b"));
});

test("auth server and scope do not run into one another", () => {
  const one = { thumbprint: "t", resource: "r", upstreamHash: undefined, cacheKey: undefined };
  expect(exactKey(one, "s,a", "b")).not.toBe(exactKey(one, "s", "a,b"));
  expect(exactKey(one, "s", "")).not.toBe(latestKey(one));
});
