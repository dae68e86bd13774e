import { expect, test } from "vitest";
import { memoryStores } from "../src/create-store.ts";
import { createGrants } from "../src/grants.ts";
import { createHoldings } from "../src/holdings.ts";

let now = 1_730_217_600;
const clock = () => now;

/** Room for all that a test is not about. */
const holdingsFor = (maxPerHolder: number) => createHoldings({ maxEntries: 1000, now: clock, maxPerHolder });

test("a holder's oldest goes when there are too many of its own; nobody else's does", () => {
  const holdings = holdingsFor(2);
  expect(holdings.add("a", "a1", 60)).toEqual([]);
  expect(holdings.add("b", "b1", 60)).toEqual([]);
  expect(holdings.add("a", "a2", 60)).toEqual([]);
  expect(holdings.add("a", "a3", 60)).toEqual(["a1"]);
  expect(holdings.add("b", "b2", 60)).toEqual([]);
  expect(["a1", "a2", "a3", "b1", "b2"].map(holdings.has)).toEqual([false, true, true, true, true]);
});

test("what has been used makes room", () => {
  const holdings = holdingsFor(2);
  holdings.add("a", "a1", 60);
  holdings.add("a", "a2", 60);
  holdings.remove("a2");
  expect(holdings.add("a", "a3", 60)).toEqual([]);
  expect(holdings.add("a", "a4", 60)).toEqual(["a1"]);
});

test("what is stored again counts once, for its new holder, and is its newest", () => {
  const holdings = holdingsFor(2);
  holdings.add("a", "x", 60);
  holdings.add("a", "a1", 60);
  expect(holdings.add("a", "x", 60)).toEqual([]);
  expect(holdings.add("a", "a2", 60)).toEqual(["a1"]);
  expect(holdings.add("b", "x", 60)).toEqual([]);
  expect(holdings.add("a", "a3", 60)).toEqual([]);
});

test("each counts until it has expired, not a second longer or shorter", () => {
  const holdings = holdingsFor(1);
  holdings.add("a", "a1", 60);
  now += 59;
  expect(holdings.add("a", "a2", 1)).toEqual(["a1"]);
  expect(holdings.add("b", "b1", 5)).toEqual([]);
  now += 1;
  expect(holdings.add("a", "a3", 5)).toEqual([]);
  expect(holdings.add("b", "b2", 5)).toEqual(["b1"]);
});

test("all that expire in one second are forgotten, and make room", () => {
  const holdings = holdingsFor(3);
  for (const key of ["a1", "a2", "a3"]) holdings.add("a", key, 60);
  holdings.remove("a1");
  now += 60;
  for (const key of ["a4", "a5", "a6"]) expect(holdings.add("a", key, 60)).toEqual([]);
  expect(["a1", "a2", "a3", "a4", "a5", "a6"].map(holdings.has)).toEqual([
    ...[false, false, false],
    ...[true, true, true],
  ]);
});

test("who holds nothing any more is no holder, and takes no share from others", () => {
  const holdings = createHoldings({ maxEntries: 10, now: clock, maxPerHolder: 10 });
  holdings.add("b", "b1", 60);
  holdings.remove("b1");
  holdings.add("c", "c1", 5);
  now += 5;
  for (const key of ["a1", "a2", "a3", "a4", "a5"]) expect(holdings.add("a", key, 60)).toEqual([]);
  expect(holdings.add("a", "a6", 60)).toEqual(["a1"]);
});

test("what one holds, times the number of holders, does not exceed what is left free; a tenth is the most", () => {
  const holdings = createHoldings({ maxEntries: 100, now: clock });
  const held = new Map<string, number>();
  for (let index = 0; index < 200; index++) {
    const holder = `flood-${Math.floor(index / 10)}`;
    if (holdings.add(holder, `${index}`, 60).length === 0) held.set(holder, (held.get(holder) ?? 0) + 1);
  }
  const shares = [...held.values()];
  expect(shares.slice(0, 4)).toEqual([10, 10, 10, 10]);
  expect(Math.min(...shares)).toBe(1);
  // Twenty that took what they could have left something for whoever comes next.
  expect(shares.reduce((sum, share) => sum + share)).toBeLessThan(100);
  expect(holdings.add("patient", "p", 60)).toEqual([]);
});

test("for whom nothing is left it is full, and nothing is lost or noted", () => {
  const holdings = createHoldings({ maxEntries: 3, now: clock });
  for (const holder of ["a", "b", "c"]) expect(holdings.add(holder, holder, 60)).toEqual([]);
  expect(holdings.add("d", "d", 60)).toBe("full");
  expect(["a", "b", "c", "d"].map(holdings.has)).toEqual([true, true, true, false]);
  // Who has something changes it for its own.
  expect(holdings.add("a", "a2", 60)).toEqual(["a"]);
  now += 60;
  expect(holdings.add("d", "d", 60)).toEqual([]);
});

/** Request tokens, codes and refresh tokens, as the demo's backend has one of each; then a flood of them from others. */
async function backendsAfter(flood: (index: number) => { agent: string; agentDelegate?: string }) {
  const grants = createGrants(memoryStores(clock, 200), clock);
  const request = (party: { agent: string; agentDelegate?: string }) => ({
    ...party,
    key: { kty: "OKP", crv: "Ed25519", x: "" } as const,
    thumbprint: "",
    resource: "http://resource.localhost",
    scope: "s",
    redirectUri: "http://backend.localhost/callback",
    subject: "user",
  });
  const found: boolean[] = [];
  for (const store of [grants.consentRequests, grants.codes, grants.refreshTokens]) {
    const waiting = await store.issue(request({ agent: "http://backend.localhost" }), 60);
    for (let index = 0; index < 500; index++) await store.issue(request(flood(index)), 60);
    found.push((await store.find(waiting)) !== undefined);
  }
  return found;
}

test("one agent, whatever delegates it makes, cannot push out the consents that others wait for", async () => {
  const flood = (index: number) => ({ agent: "http://greedy.localhost", agentDelegate: `delegate-${index}` });
  expect(await backendsAfter(flood)).toEqual([true, true, true]);
});

test("nor can one host, whatever agents it has below it, on whatever ports, and whatever keys without a name", async () => {
  for (const agent of [
    "http://greedy.localhost/agent-",
    "http://greedy.localhost:1",
    "http://greedy.localhost.:1",
  ]) {
    expect(await backendsAfter((index) => ({ agent: `${agent}${index}` }))).toEqual([true, true, true]);
  }
  const keys = (index: number) => ({ agent: `pseudonymous:${index}` });
  expect(await backendsAfter(keys)).toEqual([true, true, true]);
});

test("nor can fifty hosts", async () => {
  const flood = (index: number) => ({ agent: `http://greedy-${index % 50}.localhost` });
  expect(await backendsAfter(flood)).toEqual([true, true, true]);
});
