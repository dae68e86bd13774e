import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { type ClaimStore, StoreUnavailableError } from "aauth";
import { claimStoreContract, type OpenTestStore } from "aauth/testing";
import { StoreSetupError } from "aauth-stores";
import { openValkeyClaims } from "aauth-stores/valkey";
import { Redis } from "iovalkey";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StoreServer, startValkey } from "../support/store-servers.ts";
import { claimsOfTwoProcesses } from "../support/two-processes.ts";

const TERMS = { owner: "alice", quota: "own", ttlSeconds: 100 } as const;
let server: StoreServer;
let client: Redis;
let names = 0;

beforeAll(async () => {
  server = await startValkey();
  client = new Redis(server.url);
  client.on("error", () => {});
});
afterAll(async () => {
  client?.disconnect();
  await server?.close();
});

/** Lets seconds pass for one store by moving the expiry of its entries forward. */
async function advance(name: string, seconds: number): Promise<void> {
  for (const key of await client.keys(`aauth:{${name}}:claim:*`)) {
    await client.pexpire(key, (await client.pttl(key)) - seconds * 1000);
  }
  const ends = `aauth:{${name}}:ends`;
  for (const entry of await client.zrange(ends, 0, -1)) await client.zincrby(ends, -seconds * 1000, entry);
}

/** The server behind a proxy, which after `slowDown()` holds one check of the policy for 500 ms. */
async function startProxy() {
  const { hostname, port } = new URL(server.url);
  let state: "usual" | "slow" | "held" = "usual";
  const proxy = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    for (const end of [socket, upstream]) end.on("error", () => {});
    upstream.pipe(socket);
    socket.on("close", () => upstream.destroy());
    socket.on("data", (bytes) => {
      const isHeld = state === "slow" && bytes.includes("memory");
      if (isHeld) state = "held";
      setTimeout(() => upstream.write(bytes), isHeld ? 500 : 0);
    });
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const url = new URL(server.url);
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    url: String(url),
    slowDown() {
      state = "slow";
    },
    isHeld: () => state === "held",
    close: () => proxy.close(),
  };
}

/** Result of a claim, or the code that it was rejected with. */
async function outcome(claims: ClaimStore, key: string): Promise<unknown> {
  try {
    return await claims.putIfAbsent(key, TERMS);
  } catch (error) {
    return (error as StoreUnavailableError).code;
  }
}

const onServer: OpenTestStore<ClaimStore> = async (bounds) => {
  const name = `contract ${names++}`;
  const stores = await openValkeyClaims({ url: server.url });
  return {
    store: stores.claims(name, bounds),
    advance: (seconds) => advance(name, seconds),
    close: () => stores.close(),
  };
};

describe("a claim store of Valkey", () => {
  test.each(claimStoreContract)("$title", ({ run }) => run(onServer));

  test("lets one of two processes claim a key, of 500", async () => {
    const claimed = await claimsOfTwoProcesses({ kind: "valkey", url: server.url });
    expect(claimed).toEqual({ claims: 500, owners: 2 });
  });

  test("counts a key once that is claimed again before its first claim was removed", async () => {
    const stores = await openValkeyClaims({ url: server.url });
    const claims = stores.claims("again", { maxEntries: 8 });
    for (let time = 0; time < 10; time++) {
      expect(await claims.putIfAbsent("a", TERMS)).toBe(true);
      await client.del("aauth:{again}:claim:a");
    }
    expect(await client.hget("aauth:{again}:counts", "total")).toBe("1");
    await stores.close();
  });

  test("leaves nothing in the server once its claims have expired", async () => {
    const stores = await openValkeyClaims({ url: server.url });
    const claims = stores.claims("empty");
    for (const quota of ["own", "shared", "reserved"] as const) {
      await claims.putIfAbsent(`${quota}\n\0`, { ...TERMS, owner: "a b\nc", quota });
    }
    await advance("empty", 101);
    await claims.putIfAbsent("last", { ...TERMS, ttlSeconds: 1 });
    expect(await client.hgetall("aauth:{empty}:counts")).toEqual({
      total: "1",
      "entries others": "1",
      "owners others": "1",
      "held others own alice": "1",
    });
    await stores.close();
  });

  test("answers full if the server's memory is, claims nothing, and recovers", async () => {
    const stores = await openValkeyClaims({ url: server.url });
    const claims = stores.claims("memory");
    await client.config("SET", "maxmemory", "1");
    expect(await claims.putIfAbsent("a", TERMS)).toBe("full");
    await client.config("SET", "maxmemory", "0");
    expect(await claims.putIfAbsent("a", TERMS)).toBe(true);
    await stores.close();
  });
});

describe("a Valkey that cannot be used", () => {
  const refusal = (code: string) => expect.objectContaining({ name: StoreSetupError.name, code });

  test("rejects a wrong password, which the error does not contain", async () => {
    const error = await openValkeyClaims({ url: server.urlWithWrongPassword }).catch(String);
    expect(error).not.toContain("wrong");
    await expect(openValkeyClaims({ url: server.urlWithWrongPassword })).rejects.toThrow(
      refusal("store_login_failed"),
    );
    const url = server.url.replace(/:\/\/.*@/, "://");
    await expect(openValkeyClaims({ url })).rejects.toThrow(refusal("store_login_failed"));
  });

  test.each(["allkeys-lru", "volatile-ttl"])("V1: is refused with maxmemory-policy %s", async (policy) => {
    await client.config("SET", "maxmemory-policy", policy);
    try {
      const opened = openValkeyClaims({ url: server.url });
      await expect(opened).rejects.toThrow(refusal("store_evicts"));
      await expect(opened).rejects.toThrow("maxmemory-policy");
    } finally {
      await client.config("SET", "maxmemory-policy", "noeviction");
    }
  });

  test("is refused within the deadline if no server listens, or none answers", async () => {
    const url = "redis://127.0.0.1:9";
    await expect(openValkeyClaims({ url })).rejects.toThrow(StoreUnavailableError);
    await server.whileStopped(async () => {
      const opened = openValkeyClaims({ url: server.url, deadlineMs: 200 });
      await expect(opened).rejects.toThrow(StoreUnavailableError);
    });
  });

  test("has calls rejected after the deadline while it is slow, and accepts no call twice", async () => {
    const stores = await openValkeyClaims({ url: server.url, deadlineMs: 200 });
    const claims = stores.claims("slow");
    expect(await claims.putIfAbsent("a", TERMS)).toBe(true);
    await server.whileStopped(async () => {
      const startedAt = performance.now();
      await expect(claims.putIfAbsent("a", TERMS)).rejects.toThrow(StoreUnavailableError);
      await expect(claims.putIfAbsent("b", TERMS)).rejects.toMatchObject({ code: "store_unavailable" });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    });
    await expect.poll(() => outcome(claims, "a")).toBe(false);
    await stores.close();
  });

  test("V5: is looked at again after it was slow at a reconnect", async () => {
    const proxy = await startProxy();
    const stores = await openValkeyClaims({ url: proxy.url, deadlineMs: 200 });
    const claims = stores.claims("slow reconnect");
    proxy.slowDown();
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await expect.poll(proxy.isHeld).toBe(true);
    expect(await outcome(claims, "a")).toBe("store_unavailable");
    await expect.poll(() => outcome(claims, "a"), { timeout: 5_000 }).toBe(true);
    await stores.close();
    proxy.close();
  });

  test("V1: has calls rejected while it is down, and after a restart that evicts", async () => {
    const own = await startValkey();
    const stores = await openValkeyClaims({ url: own.url });
    const claims = stores.claims("down");
    const claim = (key: string) => outcome(claims, key);
    await own.kill();
    expect(await claim("a")).toBe("store_unavailable");
    await own.start();
    await expect.poll(() => claim("a"), { timeout: 5_000 }).toBe(true);
    const admin = new Redis(own.url);
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await expect.poll(() => claim("b")).toBe("store_unavailable");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await claim("b")).toBe("store_unavailable");
    await admin.config("SET", "maxmemory-policy", "noeviction");
    await expect.poll(() => claim("b"), { timeout: 5_000 }).toBe(true);
    admin.disconnect();
    await stores.close();
    await own.close();
  });
});
