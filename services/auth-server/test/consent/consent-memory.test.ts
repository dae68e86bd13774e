import { createMemoryStore } from "aauth";
import { expect, test } from "vitest";
import { createConsentMemory, type RememberedConsents } from "../../src/consent/consent-memory.ts";
import type { BrowserSession } from "../../src/consent/read-session.ts";
import type { ConsentRequest } from "../../src/grants.ts";

const session = { id: "session", user: { id: "user" } } as BrowserSession;
const request = (scope: string) => ({ agent: "http://a", resource: "http://r", scope }) as ConsentRequest;

test("what is remembered of one session is bounded: the newest request counts whole, the oldest are asked again", async () => {
  const store = createMemoryStore<RememberedConsents>();
  const stored: RememberedConsents[] = [];
  const memory = createConsentMemory(
    {
      get: (key) => store.get(key),
      delete: (key) => store.delete(key),
      put: (key, value, ttlSeconds) => {
        stored.push(value);
        store.put(key, value, ttlSeconds);
      },
    },
    { lifetimeSeconds: () => 60 },
  );
  const long = (index: number) => `${index}:`.padEnd(2048, "x");
  await memory.remember(session, request("first"));
  for (let index = 0; index < 50; index++) await memory.remember(session, request(long(index)));
  expect(await memory.covers(session, request(long(49)))).toBe(true);
  expect(await memory.covers(session, request(long(46)))).toBe(true);
  expect(await memory.covers(session, request(long(40)))).toBe(false);
  expect(await memory.covers(session, request("first"))).toBe(false);
  expect(JSON.stringify(stored.at(-1)).length).toBeLessThan(10_000);
});
