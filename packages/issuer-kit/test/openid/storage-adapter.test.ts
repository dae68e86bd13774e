import { createMemoryStores, type Stores } from "aauth";
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { createStorageAdapter } from "../../src/openid/storage-adapter.ts";

function adapters(maxEntries?: number) {
  const clock = createTestClock();
  const caller = { network: "192.0.2.1" };
  const memory = createMemoryStores(clock);
  const stores: Pick<Stores, "records"> = {
    records: (name, bounds) => memory.records(name, maxEntries === undefined ? bounds : { maxEntries }),
  };
  const adapterOf = () =>
    createStorageAdapter({
      stores,
      grantLifetimeSeconds: 1000,
      callerNetwork: () => caller.network,
      now: clock.now,
    });
  return { clock, caller, adapterFor: adapterOf(), ofAnotherProcess: adapterOf() };
}

test("a session is found by its uid", async () => {
  const { adapterFor } = adapters();
  const sessions = adapterFor("Session");
  await sessions.upsert("cookie-1", { uid: "session" }, 60);
  await sessions.destroy("cookie-1");
  await sessions.upsert("cookie-2", { uid: "session", accountId: "user" }, 60);
  expect(await sessions.findByUid("session")).toMatchObject({ accountId: "user" });
  await sessions.destroy("cookie-2");
  expect(await sessions.findByUid("session")).toBeUndefined();
});

test("of two that consume the same thing one fails, and readers see that it is consumed", async () => {
  const { clock, adapterFor } = adapters();
  const codes = adapterFor("AuthorizationCode");
  await codes.upsert("a", { jti: "a" }, 60);
  await codes.consume("a");
  expect(await codes.find("a")).toEqual({ jti: "a", consumed: clock.now() });
  await expect(codes.consume("a")).rejects.toMatchObject({ error: "invalid_grant" });
  await codes.upsert("b", { jti: "b" }, 60);
  const both = await Promise.allSettled([codes.consume("b"), codes.consume("b")]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(codes.consume("unknown")).rejects.toMatchObject({ error: "invalid_grant" });
});

test("V54: what one process has made, another finds, consumes once and revokes", async () => {
  const { adapterFor, ofAnotherProcess } = adapters();
  await adapterFor("Session").upsert("cookie", { uid: "session", accountId: "user" }, 60);
  expect(await ofAnotherProcess("Session").findByUid("session")).toMatchObject({ accountId: "user" });
  await adapterFor("Grant").upsert("g", { jti: "g" }, 60);
  await adapterFor("AuthorizationCode").upsert("a", { jti: "a", grantId: "g" }, 60);
  const both = [adapterFor, ofAnotherProcess].map((of) => of("AuthorizationCode").consume("a"));
  const outcomes = await Promise.allSettled(both);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await adapterFor("RefreshToken").upsert("b", { jti: "b", grantId: "g" }, 60);
  await ofAnotherProcess("AccessToken").revokeByGrantId("g");
  expect(await adapterFor("RefreshToken").find("b")).toBeUndefined();
});

test("a session and a sign-in of a browser without an account end after five minutes", async () => {
  const { clock, adapterFor } = adapters();
  const sessions = adapterFor("Session");
  const signIns = adapterFor("Interaction");
  await sessions.upsert("anonymous", { uid: "a" }, 36_000);
  await sessions.upsert("signed-in", { uid: "b", accountId: "user" }, 36_000);
  await signIns.upsert("begun", { jti: "begun" }, 1_800);
  await signIns.upsert("accepted", { jti: "accepted", result: { login: { accountId: "user" } } }, 1_800);
  clock.advance(301);
  expect(await signIns.find("begun")).toBeUndefined();
  expect(await signIns.find("accepted")).toBeDefined();
  expect(await sessions.find("anonymous")).toBeUndefined();
  expect(await sessions.findByUid("a")).toBeUndefined();
  expect(await sessions.findByUid("b")).toMatchObject({ accountId: "user" });
});

test("what is consumed is remembered as such as long as it lives, and no longer", async () => {
  const { clock, adapterFor } = adapters();
  const tokens = adapterFor("RefreshToken");
  const exp = clock.now() + 1800;
  await tokens.upsert("a", { jti: "a", exp }, 1800);
  clock.advance(600);
  await tokens.consume("a");
  const consumed = clock.now();
  clock.advance(1199);
  expect(await tokens.find("a")).toEqual({ jti: "a", exp, consumed });
  clock.advance(1);
  expect(await tokens.find("a")).toBeUndefined();
});

test("revoking a grant removes every artifact of it, whatever its kind", async () => {
  const { adapterFor } = adapters();
  const grants = adapterFor("Grant");
  const codes = adapterFor("AuthorizationCode");
  const refreshTokens = adapterFor("RefreshToken");
  for (const jti of ["g", "other"]) await grants.upsert(jti, { jti }, 60);
  await codes.upsert("a", { jti: "a", grantId: "g" }, 60);
  await refreshTokens.upsert("b", { jti: "b", grantId: "g" }, 60);
  await refreshTokens.upsert("c", { jti: "c", grantId: "other" }, 60);
  await refreshTokens.revokeByGrantId("g");
  expect(await codes.find("a")).toBeUndefined();
  expect(await refreshTokens.find("b")).toBeUndefined();
  expect(await refreshTokens.find("c")).toBeDefined();
  // Created during its revocation.
  await refreshTokens.upsert("d", { jti: "d", grantId: "g" }, 60);
  expect(await refreshTokens.find("d")).toBeUndefined();
});

test("what one account has made, used and revoked ends nothing of another's", async () => {
  const { adapterFor } = adapters(40);
  const kinds = ["Session", "Grant", "AuthorizationCode", "RefreshToken"].map(adapterFor);
  const thing = (accountId: string, jti: string) => ({ accountId, jti, uid: `session ${jti}` });
  for (const kind of kinds) await kind.upsert("alice", thing("alice", "alice"), 1800);
  for (let index = 0; index < 100; index++) {
    const jti = `mallory-${index}`;
    for (const kind of kinds) await kind.upsert(jti, thing("mallory", jti), 1800).catch(() => {});
    await adapterFor("RefreshToken")
      .consume(jti)
      .catch(() => {});
    if (index % 2 === 0) await adapterFor("RefreshToken").revokeByGrantId(jti);
  }
  for (const kind of kinds) expect(await kind.find("alice")).toBeDefined();
  expect(await adapterFor("Session").findByUid("session alice")).toBeDefined();
  await adapterFor("RefreshToken").consume("alice");
  for (const kind of kinds) {
    await kind.upsert("bob", thing("bob", "bob"), 1800);
    expect(await kind.find("bob")).toBeDefined();
  }
  expect(await adapterFor("RefreshToken").find("mallory-90")).toBeUndefined();
});

test("browsers that are not signed in share the quota of their network", async () => {
  const { adapterFor, caller } = adapters(40);
  const sessions = adapterFor("Session");
  await sessions.upsert("alice", { uid: "alice", accountId: "alice" }, 1800);
  await sessions.upsert("bob", { uid: "bob" }, 1800);
  caller.network = "198.51.100.1";
  const refused = new Set<unknown>();
  for (let index = 0; index < 100; index++) {
    const begun = sessions.upsert(`s${index}`, { uid: `u${index}` }, 1800);
    await begun.catch(({ status }: { status: number }) => refused.add(status));
  }
  expect([...refused]).toEqual([503]);
  expect(await sessions.find("alice")).toBeDefined();
  expect(await sessions.findByUid("alice")).toBeDefined();
  expect(await sessions.findByUid("bob")).toBeDefined();
  caller.network = "203.0.113.1";
  await sessions.upsert("later", { uid: "later" }, 1800);
  expect(await sessions.find("later")).toBeDefined();
});

test("a full store refuses a new owner, and its entries stay valid", async () => {
  const { adapterFor } = adapters(3);
  const tokens = adapterFor("RefreshToken");
  for (const accountId of ["a", "b", "c"]) await tokens.upsert(accountId, { accountId }, 1800);
  await expect(tokens.upsert("d", { accountId: "d" }, 1800)).rejects.toMatchObject({
    error: "temporarily_unavailable",
    status: 503,
  });
  for (const id of ["a", "b", "c"]) await tokens.consume(id);
  expect(await tokens.find("a")).toMatchObject({ consumed: expect.any(Number) });
});

test("a network's pending sign-ins use at most half of the room, and end no earlier one", async () => {
  const { adapterFor, caller } = adapters();
  const interactions = adapterFor("Interaction");
  const begin = (id: string, more = {}) => interactions.upsert(id, { jti: id, ...more }, 1800);
  await begin("elsewhere");
  caller.network = "198.51.100.1";
  await begin("signed-in");
  await begin("signed-in", { result: { login: { accountId: "alice" } } });
  let begun = 0;
  for (let index = 0; index < 4_000; index++) {
    await begin(`${index}`).then(
      () => begun++,
      () => {},
    );
  }
  expect(begun).toBeGreaterThan(1_300);
  expect(begun).toBeLessThan(2_001);
  caller.network = "203.0.113.1";
  await begin("later");
  for (const id of ["0", "later", "elsewhere", "signed-in"])
    expect(await interactions.find(id)).toBeDefined();
});
