import { createMemoryStore } from "aauth";
import { expect, test } from "vitest";
import { createGrants } from "../src/grants.ts";
import { createHoldings, MAX_PER_HOLDER } from "../src/holdings.ts";
import { createSecrets } from "../src/secrets.ts";

let now = 1_730_217_600;
const clock = () => now;

test("a holder's oldest goes when there are too many of its own; nobody else's does", () => {
  const holdings = createHoldings({ now: clock, maxPerHolder: 2 });
  expect(holdings.add("a", "a1", 60)).toEqual([]);
  expect(holdings.add("b", "b1", 60)).toEqual([]);
  expect(holdings.add("a", "a2", 60)).toEqual([]);
  expect(holdings.add("a", "a3", 60)).toEqual(["a1"]);
  expect(holdings.add("b", "b2", 60)).toEqual([]);
});

test("what has been used makes room", () => {
  const holdings = createHoldings({ now: clock, maxPerHolder: 2 });
  holdings.add("a", "a1", 60);
  holdings.add("a", "a2", 60);
  holdings.remove("a", "a2");
  expect(holdings.add("a", "a3", 60)).toEqual([]);
  expect(holdings.add("a", "a4", 60)).toEqual(["a1"]);
});

test("the count ends with what is counted last, not before", () => {
  const holdings = createHoldings({ now: clock, maxPerHolder: 1 });
  holdings.add("a", "a1", 60);
  now += 50;
  holdings.add("b", "b1", 5);
  expect(holdings.add("a", "a2", 5)).toEqual(["a1"]);
  now += 6;
  expect(holdings.add("b", "b2", 5)).toEqual([]);
});

test("secrets of one holder that are too many are gone, also when they are issued at the same time", async () => {
  const secrets = createSecrets(createMemoryStore<string>(), {
    holderOf: (value) => value.slice(0, 1),
    holdings: createHoldings({ now: clock, maxPerHolder: 3 }),
  });
  const other = await secrets.issue("b", 60);
  const own = await Promise.all([1, 2, 3, 4, 5].map((number) => secrets.issue(`a${number}`, 60)));
  const left = await Promise.all(own.map((secret) => secrets.find(secret)));
  expect(left).toEqual([undefined, undefined, "a3", "a4", "a5"]);
  expect(await secrets.take(other)).toBe("b");
});

test("one agent, whatever delegates it makes, cannot push out the consents that others wait for", async () => {
  // A store that is full when one agent has all it may have.
  const createStore = <Value>() => createMemoryStore<Value>({ maxEntries: MAX_PER_HOLDER + 1, now: clock });
  const grants = createGrants(createStore, clock);
  const request = (agent: string, agentDelegate: string) => ({
    agent,
    agentDelegate,
    key: { kty: "OKP", crv: "Ed25519", x: "" } as const,
    thumbprint: "",
    resource: "http://resource.localhost",
    scope: "s",
    redirectUri: "http://backend.localhost/callback",
    subject: "user",
  });
  for (const store of [grants.consentRequests, grants.codes, grants.refreshTokens]) {
    const waiting = await store.issue(request("http://backend.localhost", "d"), 60);
    for (let index = 0; index < MAX_PER_HOLDER + 5; index++)
      await store.issue(request("http://greedy.localhost", `delegate-${index}`), 60);
    expect(await store.find(waiting)).toBeDefined();
  }
});
