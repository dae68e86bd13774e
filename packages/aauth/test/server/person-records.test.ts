import { describe, expect, it } from "vitest";
import { PersonRecords, type TokenRecord } from "../../src/server/person-records.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";

describe("a person server's record of tokens", () => {
  const { now, advance } = createTestClock();
  const store = () => createMemoryRecordStore<unknown>({ maxEntries: 20_000, now });
  const record = (index: number, over: Partial<TokenRecord> = {}): TokenRecord => ({
    type: "person-token",
    iss: "https://ps.example",
    jti: String(index),
    exp: now() + 60,
    person: "alice",
    agent: { iss: "https://agent.example", sub: "aauth:a@agent.example" },
    scopes: [],
    resource: "https://resource.example",
    subject: "s",
    shownTo: [],
    agentTokens: [],
    ...over,
  });

  it("is bounded for each agent, and forgotten with the tokens", async () => {
    const records = new PersonRecords(store(), store(), now);
    for (let index = 0; index < 2_500; index++) await records.add(record(index));
    await expect(records.add(record(2_500))).rejects.toMatchObject({ status: 429, error: "slow_down" });
    // Another agent of the same person has a separate quota.
    const other = { iss: "https://agent.example", sub: "aauth:b@agent.example" };
    await records.add(record(2_501, { agent: other }));
    expect(await records.tokensFor(other)).toHaveLength(1);
    expect(await records.tokensOf("alice")).toHaveLength(2_501);
    advance(60);
    expect(await records.tokensOf("alice")).toEqual([]);
    await records.add(record(2_502));
    expect(await records.tokensOf("alice")).toHaveLength(1);
  });

  it("T5: names no further access server for a revoked token", async () => {
    const records = new PersonRecords(store(), store(), now);
    await records.add(record(1, { shownTo: ["https://as.example"], undelivered: [] }));
    await records.markShown(record(1), "https://as.example");
    await expect(records.markShown(record(1), "https://as2.example")).rejects.toMatchObject({
      status: 403,
      error: "revoked",
    });
    expect(await records.tokens.get(record(1))).toMatchObject({ shownTo: ["https://as.example"] });
  });

  it("is complete for an agent, except for an unreadable entry", async () => {
    const tokens = store();
    const records = new PersonRecords(store(), tokens, now);
    for (let index = 0; index < 3; index++) await records.add(record(index));
    const tampered = await records.tokens.get(record(1));
    const { get } = tokens;
    tokens.get = async (key) => {
      const kept = await get(key);
      if (kept === tampered) throw Object.assign(new Error("tampered"), { code: "store_record_unreadable" });
      return kept;
    };
    expect((await records.tokensFor(record(1).agent)).map(({ jti }) => jti)).toEqual(["0", "2"]);
    // A malformed record never passes for one that is not revoked.
    await expect(records.tokens.isRevoked(record(1))).rejects.toThrow("tampered");
  });
});
