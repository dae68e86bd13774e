import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { memoryStores } from "../../src/create-store.ts";
import { createStorageAdapter } from "../../src/oidc/storage-adapter.ts";

function adapters() {
  const clock = createTestClock();
  const adapterFor = createStorageAdapter({
    createStore: memoryStores(clock.now),
    grantLifetimeSeconds: 1000,
    now: clock.now,
    alreadyUsed: () => new Error("already used"),
  });
  return { clock, adapterFor };
}

test("what is stored is found until its time is over or it is destroyed", async () => {
  const { clock, adapterFor } = adapters();
  const codes = adapterFor("AuthorizationCode");
  await codes.upsert("a", { jti: "a" }, 60);
  await codes.upsert("b", { jti: "b" }, 60);
  expect(await codes.find("a")).toEqual({ jti: "a" });
  await codes.destroy("a");
  expect(await codes.find("a")).toBeUndefined();
  clock.advance(60);
  expect(await codes.find("b")).toBeUndefined();
});

test("kinds of things do not share ids", async () => {
  const { adapterFor } = adapters();
  await adapterFor("AuthorizationCode").upsert("a", { jti: "a" }, 60);
  expect(await adapterFor("RefreshToken").find("a")).toBeUndefined();
});

test("a session is found by its uid", async () => {
  const { adapterFor } = adapters();
  const sessions = adapterFor("Session");
  await sessions.upsert("cookie-1", { uid: "session" }, 60);
  await sessions.upsert("cookie-2", { uid: "session", accountId: "user" }, 60);
  expect(await sessions.findByUid("session")).toMatchObject({ accountId: "user" });
});

test("of two that consume the same thing one fails, and readers see that it is consumed", async () => {
  const { clock, adapterFor } = adapters();
  const codes = adapterFor("AuthorizationCode");
  await codes.upsert("a", { jti: "a" }, 60);
  await codes.consume("a");
  expect(await codes.find("a")).toEqual({ jti: "a", consumed: clock.now() });
  await expect(codes.consume("a")).rejects.toThrow("already used");
});

test("revoking a grant takes everything that came of it, whatever kind", async () => {
  const { adapterFor } = adapters();
  const codes = adapterFor("AuthorizationCode");
  const refreshTokens = adapterFor("RefreshToken");
  await codes.upsert("a", { jti: "a", grantId: "g" }, 60);
  await refreshTokens.upsert("b", { jti: "b", grantId: "g" }, 60);
  await refreshTokens.upsert("c", { jti: "c", grantId: "other" }, 60);
  await refreshTokens.revokeByGrantId("g");
  expect(await codes.find("a")).toBeUndefined();
  expect(await refreshTokens.find("b")).toBeUndefined();
  expect(await refreshTokens.find("c")).toBeDefined();
});
