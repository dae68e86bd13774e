import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { DocumentTransport } from "../../src/discovery/transport.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { startServer } from "./loopback-server.ts";

const { kinds } = february2026.documents;
const KEY = { kty: "OKP", crv: "Ed25519", x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs", kid: "k1" };
const ISSUER = "https://issuer.example";
const HONEST = "https://honest.example";

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "found",
    (error) => error.code,
  );

/** Documents for every identity, except that hosts whose name begins with `silent` never answer. */
function network() {
  const asked: string[] = [];
  const given: string[] = [];
  const transport: DocumentTransport = async ({ href, hostname, origin, pathname }, { signal }) => {
    asked.push(href);
    if (hostname.startsWith("silent")) {
      await new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          given.push(href);
          reject(signal.reason);
        });
      });
    }
    const id = origin + pathname.replace(/\/(\.well-known\/.*|jwks\.json)$/, "");
    const document = pathname.endsWith("/jwks.json")
      ? { keys: [KEY] }
      : { agent: id, issuer: id, jwks_uri: `${id}/jwks.json`, agent_token_endpoint: `${id}/token` };
    return { status: 200, body: new TextEncoder().encode(JSON.stringify(document)) };
  };
  return { asked, given, transport };
}

function discover(options: { timeoutMs?: number } = {}) {
  const clock = { seconds: 1_000 };
  const { transport, ...seen } = network();
  const discovery = createDiscovery({
    transport,
    now: () => clock.seconds,
    ...options,
  });
  return { ...seen, clock, discovery };
}

type Discovery = ReturnType<typeof discover>["discovery"];

const silent = (discovery: Discovery, count: number, name = (index: number) => `silent${index}.example`) =>
  Array.from({ length: count }, (_, index) =>
    code(discovery.key(kinds.agent, `https://${name(index)}`, "k1")),
  );

/** The answers that have arrived already. */
async function answered(promises: Promise<string>[]): Promise<string[]> {
  const open = Symbol("open");
  await delay(5);
  const states = await Promise.all(promises.map((promise) => Promise.race([promise, Promise.resolve(open)])));
  return states.filter((state) => typeof state === "string");
}

describe("fetches for parties that have proven nothing", () => {
  it("A2: are at most 40 at the same time, across all owners, and the next is refused at once", async () => {
    const { discovery, asked } = discover({ timeoutMs: 1_000 });
    const all = silent(discovery, 60, (index) => `silent.owner${index}.test`);
    expect(await answered(all)).toEqual(Array(20).fill("discovery_busy"));
    expect(asked).toHaveLength(40);
    expect(new Set(await Promise.all(all))).toEqual(new Set(["discovery_failed", "discovery_busy"]));
    // There is room again.
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("found");
  });

  it("A2: are at most 6 for one owner, however many hosts it has", async () => {
    const { discovery, asked } = discover({ timeoutMs: 1_000 });
    const all = silent(discovery, 20, (index) => `silent${index}.wildcard.example`);
    expect(await answered(all)).toEqual(Array(14).fill("discovery_busy"));
    expect(asked).toHaveLength(6);
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("found");
    await Promise.all(all);
  });

  it("A2, A8: give way, the oldest first, once they have had 500 ms, so that a new party is not locked out", async () => {
    const { discovery, given } = discover({ timeoutMs: 1_500 });
    const all = silent(discovery, 40, (index) => `silent.owner${index}.test`);
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("discovery_busy");
    await delay(520);
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("found");
    expect(given).toEqual(["https://silent.owner0.test/.well-known/aauth-agent"]);
    expect(await all[0]).toBe("discovery_busy");
    await Promise.all(all);
  });

  it("A2: delay neither a configured issuer nor a party that is proven", async () => {
    const { discovery, clock } = discover({ timeoutMs: 200 });
    await discovery.key(kinds.agent, HONEST, "k1");
    discovery.proven?.(kinds.agent, HONEST);
    clock.seconds += 300;
    const all = silent(discovery, 40, (index) => `silent.owner${index}.test`);
    // All slots are in use, including those of its owner.
    all.push(...silent(discovery, 6, (index) => `silent${index}.honest.example`));
    expect(await code(discovery.key(kinds.agent, "https://new.example", "k1"))).toBe("discovery_busy");
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("found");
    expect(await code(discovery.key(kinds.issuer, ISSUER, "k1"))).toBe("found");
    await Promise.all(all);
  });

  it("X20: end in their time, even if the transport ignores its signal", async () => {
    const clock = { seconds: 1_000 };
    const { transport } = network();
    let isDeaf = true;
    const discovery = createDiscovery({
      transport: (...request) => (isDeaf ? new Promise<never>(() => {}) : transport(...request)),
      now: () => clock.seconds,
      timeoutMs: 50,
    });
    expect(await code(discovery.key(kinds.issuer, ISSUER, "k1"))).toBe("discovery_failed");
    isDeaf = false;
    clock.seconds += 2;
    expect(await code(discovery.key(kinds.issuer, ISSUER, "k1"))).toBe("found");
  }, 5_000);

  it("A2: are not remembered as failed when there was no room", async () => {
    const { discovery } = discover({ timeoutMs: 50 });
    const all = silent(discovery, 40, (index) => `silent.owner${index}.test`);
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("discovery_busy");
    await Promise.all(all);
    expect(await code(discovery.key(kinds.agent, HONEST, "k1"))).toBe("found");
  });
});

describe("callers that wait for one silent host", () => {
  it("A8: are at most 64 beside the first, and the others are refused after a moment", async () => {
    const { discovery } = discover({ timeoutMs: 1_000 });
    const all = silent(discovery, 200, () => "silent.example");
    expect(await answered(all)).toEqual([]);
    await delay(150);
    expect(await answered(all)).toEqual(Array(200 - 65).fill("discovery_busy"));
    expect((await Promise.all(all)).filter((outcome) => outcome === "discovery_failed")).toHaveLength(65);
  });

  it("A8: may be many for a host that answers", async () => {
    const { discovery, asked } = discover();
    const all = Array.from({ length: 500 }, () => code(discovery.key(kinds.agent, HONEST, "k1")));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["found"]));
    expect(asked).toHaveLength(2);
  });
});

describe("documents of a proven party", () => {
  it.each([
    ["of one owner", (index: number) => `https://a${index}.wildcard.example`],
    ["of an owner each", (index: number) => `https://owner${index}.test`],
  ])("A2: are not pushed out by 3,200 unproven names %s", async (_whose, name) => {
    const { discovery, asked } = discover();
    await discovery.key(kinds.agent, HONEST, "k1");
    discovery.proven?.(kinds.agent, HONEST);
    await discovery.key(kinds.issuer, ISSUER, "k1");
    for (let index = 0; index < 3_200; index++) await discovery.key(kinds.agent, name(index), "k1");
    const before = asked.length;
    expect((await discovery.key(kinds.agent, HONEST, "k1")).source).toBe("discovery-cache");
    expect((await discovery.key(kinds.issuer, ISSUER, "k1")).source).toBe("discovery-cache");
    expect(asked).toHaveLength(before);
  });

  it("A2: are not pushed out by the proven names of another owner", async () => {
    const { discovery } = discover();
    const prove = async (id: string) => {
      await discovery.key(kinds.agent, id, "k1");
      discovery.proven?.(kinds.agent, id);
    };
    await prove(HONEST);
    for (let index = 0; index < 3_200; index++) await prove(`https://a${index}.wildcard.example`);
    expect((await discovery.key(kinds.agent, HONEST, "k1")).source).toBe("discovery-cache");
  });
});

describe("connections", () => {
  it("A2: do not outlive their fetch, whatever the host's headers say", async () => {
    const server = await startServer((request, response) => {
      const id = `http://${request.headers.host}`;
      const metadata = { agent: id, jwks_uri: `${id}/jwks.json` };
      response.writeHead(200, { connection: "keep-alive", "keep-alive": "timeout=600" });
      response.end(JSON.stringify(request.url === "/jwks.json" ? { keys: [KEY] } : metadata));
    });
    onTestFinished(server.close);
    const discovery = createDiscovery({ development: true });
    for (let index = 0; index < 20; index++) {
      await discovery.key(kinds.agent, `http://a${index}.localhost:${server.port}`, "k1");
    }
    await expect.poll(() => server.openConnections()).toBe(0);
  });

  it("A2: end with an aborted fetch, before and after the answer has begun", async () => {
    const server = await startServer((request, response) => {
      if (request.url?.includes("half")) response.writeHead(200, { "content-length": "100" }).write("{");
    });
    onTestFinished(server.close);
    const discovery = createDiscovery({ development: true, timeoutMs: 50 });
    for (const path of ["silent", "half"]) {
      expect(await code(discovery.key(kinds.agent, `${server.origin}/${path}`, "k1"))).toBe(
        "discovery_failed",
      );
    }
    expect(server.connections()).toBe(2);
    await expect.poll(() => server.openConnections()).toBe(0);
  });
});
