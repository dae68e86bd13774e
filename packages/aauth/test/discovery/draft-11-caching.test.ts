/**
 * Frequency of fetches of documents in draft -11, and the time that they are cached (section 11.4).
 */

import { describe, expect, test } from "vitest";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import { freshSeconds } from "../../src/discovery/fresh-seconds.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { NOW, PERSON_SERVER, publications } from "../draft-11/kit.ts";

const JWKS = `${PERSON_SERVER}/jwks.json`;
const METADATA = `${PERSON_SERVER}/.well-known/aauth-person.json`;

/** A person server whose answers a test changes, and the times of its requests. */
function world() {
  const clock = createTestClock(NOW);
  const published = publications();
  const server = { answers: true, isTooLong: false, status: 200, headers: {} as Record<string, string> };
  const fetched: [address: string, second: number][] = [];
  const discovery = createDiscovery({
    now: clock.now,
    async transport({ href }) {
      fetched.push([href, clock.now() - NOW]);
      if (!server.answers) throw new Error("connect ECONNREFUSED");
      if (href === JWKS && server.isTooLong) throw new RangeError("more than 65536 bytes");
      const body = new TextEncoder().encode(JSON.stringify(published.get(href) ?? null));
      const status = href === JWKS ? server.status : 200;
      return { status, headers: new Headers(server.headers), body };
    },
  });
  const key = (kid: string) =>
    discovery.key(draft11.documents.kinds.person, PERSON_SERVER, kid).then(
      ({ source }) => source,
      ({ code }: { readonly code: string }) => code,
    );
  const secondsOf = (address: string) => fetched.filter(([href]) => href === address).map(([, at]) => at);
  /** Requests a key in each second of a period. */
  async function askFor(seconds: number, kid = "ps-1") {
    const outcomes = new Set<string>();
    for (let second = 0; second < seconds; second++) {
      outcomes.add(await key(kid));
      clock.advance(1);
    }
    return [...outcomes];
  }
  return { clock, discovery, server, published, key, secondsOf, askFor };
}

describe("a key set", () => {
  test.each([
    ["an error", { status: 500 }],
    ["no document", { status: 404 }],
    ["too long a body", { isTooLong: true }],
  ])(
    "S11a: is requested once a minute while its server answers with %s (section 11.4)",
    async (_name, wrong) => {
      const { server, secondsOf, askFor } = world();
      Object.assign(server, wrong);
      expect(await askFor(181)).toEqual(["discovery_failed"]);
      expect(secondsOf(JWKS)).toEqual([0, 60, 120, 180]);
    },
  );

  test("S11a: is requested after 1, 2, 4 … 60 s while its server does not answer (section 11.4)", async () => {
    const { server, key, secondsOf, askFor, clock } = world();
    await key("ps-1");
    clock.advance(86_400);
    server.answers = false;
    await askFor(200);
    expect(secondsOf(METADATA).map((second) => second - 86_400)).toEqual([
      -86_400, 0, 1, 3, 7, 15, 31, 63, 123, 183,
    ]);
    server.answers = true;
    clock.advance(43);
    expect(await key("ps-1")).toBe("discovery");
  });

  test("S11b: is used for a day while its server is down, and no longer (section 11.4)", async () => {
    const { server, key, clock } = world();
    await key("ps-1");
    server.answers = false;
    for (const seconds of [300, 3_600, 82_499]) {
      clock.advance(seconds);
      expect(await key("ps-1")).toBe("discovery-cache");
    }
    clock.advance(1);
    expect(await key("ps-1")).toBe("discovery_failed");
  });

  test("S11b: is not used once its document names another server", async () => {
    const { published, key, clock } = world();
    await key("ps-1");
    published.set(METADATA, { ...(published.get(METADATA) as object), issuer: "https://other.example" });
    clock.advance(300);
    expect(await key("ps-1")).toBe("metadata_mismatch");
  });

  test("S11c: is requested once a minute for unknown keys, the first time included (section 11.4)", async () => {
    const { secondsOf, askFor } = world();
    expect(await askFor(130, "ps-2")).toEqual(["unknown_key"]);
    expect(secondsOf(JWKS)).toEqual([0, 60, 120]);
  });

  test.each([
    ["no header", {}, 300],
    ["a time below a minute", { "cache-control": "max-age=5" }, 60],
    ["no-store", { "cache-control": "no-store, max-age=900" }, 60],
    ["a time", { "cache-control": "public, max-age=900" }, 900],
    ["a time and an age", { "cache-control": "max-age=900", age: "100" }, 800],
    ["a date", { expires: new Date((NOW + 500) * 1000).toUTCString() }, 500],
    ["more than a day", { "cache-control": "max-age=604800" }, 86_400],
  ])("S11d: is fresh as long as its headers say, with %s (section 11.4)", async (_name, headers, seconds) => {
    const { server, key, clock } = world();
    Object.assign(server.headers, headers);
    await key("ps-1");
    clock.advance(seconds - 1);
    expect(await key("ps-1")).toBe("discovery-cache");
    clock.advance(1);
    expect(await key("ps-1")).toBe("discovery");
  });
});

test.each([
  [{ "cache-control": "max-age=60, no-cache" }, 0],
  [{ "cache-control": 'private, max-age="60"' }, 60],
  [{ "cache-control": "s-maxage=60" }, undefined],
  [{ "cache-control": "max-age=soon", expires: "0" }, 0],
  [{ expires: "Thu, 01 Jan 1970 00:01:00 GMT", date: "Thu, 01 Jan 1970 00:00:00 GMT" }, 60],
  [{ "cache-control": "max-age=10", age: "20" }, 0],
  [{ "x-no-store": "1" }, undefined],
])("reads the freshness of %j", (headers, seconds) => {
  expect(freshSeconds(new Headers(headers), NOW)).toBe(seconds);
});
