import { expect, it } from "vitest";
import { createTokenCache } from "../../src/services/token-cache.ts";

const token = {
  token: "t",
  server: "http://auth",
  thumbprint: "p",
  expiresAt: 2000,
  renewAt: 1900,
  scope: "s",
};

it("keeps a token as long as a run when no other run may use it", () => {
  let now = 1000;
  const cache = createTokenCache(0, () => now);
  cache.set("k", token);
  now += 3600;
  expect(cache.get("k")).toBe(token);
  now += 1;
  expect(cache.get("k")).toBeUndefined();
});

it("keeps a token for its lifetime, and lets it be dropped before", () => {
  let now = 1000;
  const cache = createTokenCache(60, () => now);
  cache.set("k", token);
  now = 1060;
  expect(cache.get("k")).toBe(token);
  now = 1061;
  expect(cache.get("k")).toBeUndefined();
  cache.set("k", token);
  cache.delete("k");
  expect(cache.get("k")).toBeUndefined();
});
