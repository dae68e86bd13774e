import { createMemoryStores, type RecordStore } from "aauth";
import { expect, test } from "vitest";
import { type AgreedScope, createConsentMemory } from "../../../src/february-2026/consent/consent-memory.ts";
import type { ConsentRequest } from "../../../src/february-2026/grants.ts";
import type { BrowserSession } from "../../../src/oidc/read-session.ts";

const session = { id: "session", user: { id: "user" } } as BrowserSession;
const signedInAs = (id: string) => ({ ...session, id }) as BrowserSession;
const request = (scope: string) => ({ agent: "http://a", resource: "http://r", scope }) as ConsentRequest;

/** A memory with a configurable lifetime, and the notes that it writes into its store. */
function world(options: { lifetimeSeconds?: () => number } = {}) {
  const clock = { now: 1_000 };
  const store = createMemoryStores({ now: () => clock.now }).records<readonly AgreedScope[]>("test");
  const notes: { text: string; ttlSeconds: number }[] = [];
  const noted: RecordStore<readonly AgreedScope[]> = {
    ...store,
    update: (key, change) =>
      store.update(key, (before) => {
        const changed = change(before);
        if (changed === undefined) return undefined;
        const text = JSON.stringify(changed.value);
        notes.push({ text, ttlSeconds: changed.ttlSeconds });
        return { ...changed, value: JSON.parse(text) };
      }),
  };
  const { lifetimeSeconds = () => 1_800 } = options;
  const memory = createConsentMemory(noted, { lifetimeSeconds, now: () => clock.now });
  return { clock, notes, memory };
}

test("each scope is remembered until its own time, whatever is agreed to meanwhile", async () => {
  const { clock, memory } = world();
  await memory.remember(session, request("payments:transfer"));
  clock.now += 1_700;
  await memory.remember(session, request("weather:read"));
  clock.now += 99;
  expect(await memory.covers(session, request("weather:read payments:transfer"))).toBe(true);
  clock.now += 1;
  expect(await memory.covers(session, request("payments:transfer"))).toBe(false);
  expect(await memory.covers(session, request("weather:read payments:transfer"))).toBe(false);
  expect(await memory.covers(session, request("weather:read"))).toBe(true);
});

test("consent in one browser does not prolong consent in another", async () => {
  const { clock, notes, memory } = world();
  const [laptop, phone] = [signedInAs("laptop"), signedInAs("phone")];
  await memory.remember(laptop, request("payments:transfer"));
  for (let round = 0; round < 10; round++) {
    clock.now += 1_700;
    await memory.remember(phone, request("weather:read"));
    expect(await memory.covers(laptop, request("payments:transfer"))).toBe(round === 0);
  }
  expect(await memory.covers(phone, request("weather:read"))).toBe(true);
  // Expired entries take no space.
  expect(notes.at(-1)?.text).not.toContain("laptop");
});

test("a delegate's consent applies to no other delegate, nor to the agent itself", async () => {
  const { memory } = world();
  const by = (agentDelegate: string) => ({ ...request("read"), agentDelegate });
  await memory.remember(session, by("one"));
  expect(await memory.covers(session, by("one"))).toBe(true);
  expect(await memory.covers(session, by("other"))).toBe(false);
  expect(await memory.covers(session, request("read"))).toBe(false);
  await memory.remember(session, request("read"));
  expect(await memory.covers(session, by("other"))).toBe(false);
  await memory.forget({ ...request("read"), subject: "user" });
  expect(await memory.covers(session, by("one"))).toBe(true);
});

test("agreed to again, a scope lasts from then", async () => {
  const { clock, notes, memory } = world();
  await memory.remember(session, request("read"));
  clock.now += 1_700;
  await memory.remember(session, request("read write"));
  // Stored once, because a second copy would take the room of others.
  expect(notes.at(-1)?.text.match(/"read"/g)).toHaveLength(1);
  clock.now += 1_799;
  expect(await memory.covers(session, request("read write"))).toBe(true);
  clock.now += 1;
  expect(await memory.covers(session, request("read"))).toBe(false);
});

test("a shorter policy does not shorten earlier consents, and the note lasts as long as its last scope", async () => {
  let lifetime = 1_800;
  const { clock, notes, memory } = world({ lifetimeSeconds: () => lifetime });
  await memory.remember(session, request("read"));
  lifetime = 60;
  await memory.remember(session, request("write"));
  expect(notes.map(({ ttlSeconds }) => ttlSeconds)).toEqual([1_800, 1_800]);
  clock.now += 61;
  expect(await memory.covers(session, request("read"))).toBe(true);
  expect(await memory.covers(session, request("write"))).toBe(false);
});

test("of more scopes than there is room for the oldest are asked again", async () => {
  const { notes, memory } = world();
  const many = Array.from({ length: 1_024 }, (_, index) => index.toString(36));
  await memory.remember(session, request("first"));
  await memory.remember(session, request(many.join(" ")));
  expect(await memory.covers(session, request(many.join(" ")))).toBe(true);
  expect(await memory.covers(session, request("first"))).toBe(false);
  for (let index = 0; index < 3; index++)
    await memory.remember(session, request(many.map((name) => `${index}${name}`).join(" ")));
  expect(JSON.parse(notes.at(-1)!.text)).toHaveLength(1_024);
});

test("the memory of one session is bounded: the newest request is kept whole, the oldest are asked again", async () => {
  const { notes, memory } = world();
  const long = (index: number) => `${index}:`.padEnd(2048, "x");
  await memory.remember(session, request("first"));
  for (let index = 0; index < 50; index++) await memory.remember(session, request(long(index)));
  expect(await memory.covers(session, request(long(49)))).toBe(true);
  expect(await memory.covers(session, request(long(46)))).toBe(true);
  expect(await memory.covers(session, request(long(40)))).toBe(false);
  expect(await memory.covers(session, request("first"))).toBe(false);
  expect(notes.at(-1)?.text.length).toBeLessThan(10_000);
});
