import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createTokenCache,
  exactKey,
  type Grant,
  type GrantOwner,
  isGrant,
  latestKey,
} from "../../src/agent/grant-cache.ts";

/** Short and of few characters, among them those that the keys are written with: two lists are soon nearly alike. */
const part = fc.string({ unit: fc.constantFrom("a", ":", ",", "-", "1"), maxLength: 4 });
const optional = fc.option(part, { nil: undefined });
const owner: fc.Arbitrary<GrantOwner> = fc.record({
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

const grant: Grant = {
  ...{ token: "x.y.z", server: "https://auth.example", scope: "a", thumbprint: "t" },
  ...{ expiresAt: 300, renewAt: 270 },
};

test("what a store brings back is a grant only with all members of one", () => {
  expect(isGrant(grant)).toBe(true);
  expect(isGrant({ ...grant, refreshToken: "r", subject: "s", isRefused: true })).toBe(true);
  for (const name of ["token", "server", "scope", "thumbprint", "expiresAt", "renewAt"] as const) {
    for (const value of [undefined, null, name.endsWith("At") ? "300" : 300]) {
      expect(isGrant({ ...grant, [name]: value } as never)).toBe(false);
    }
  }
  // What the version before this one has written.
  expect(isGrant({ authToken: "x", authServer: "y", scope: "z", expiresAt: 9, renewAt: 9 } as never)).toBe(
    false,
  );
});

test("a cache in memory forgets what was used least recently", () => {
  const cache = createTokenCache({ maxEntries: 2 });
  for (const key of ["a", "b"]) cache.set(key, { ...grant, token: key });
  expect(cache.get("a")?.token).toBe("a");
  cache.set("c", grant);
  expect(["a", "b", "c"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  cache.delete("a");
  expect(cache.get("a")).toBeUndefined();
});
