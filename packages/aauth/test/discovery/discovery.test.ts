import type { RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createDiscovery, type DiscoveryOptions } from "../../src/discovery/create-discovery.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { codeOf } from "../refusal.ts";
import { type LoopbackServer, startServer } from "./loopback-server.ts";

const { kinds } = february2026.documents;
const KEY = { kty: "OKP", crv: "Ed25519", x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs", kid: "k1" };
const servers: LoopbackServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(listener: RequestListener): Promise<LoopbackServer> {
  const server = await startServer(listener);
  servers.push(server);
  return server;
}

/** A server that answers with the JSON of a path's map; a function is called for each request. */
async function serve(documents: (origin: string) => Record<string, unknown>): Promise<LoopbackServer> {
  const server = await start((request, response) => {
    const found = documents(server.origin)[request.url ?? ""];
    if (found === undefined) return void response.writeHead(404).end();
    const document = typeof found === "function" ? found() : found;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
  });
  return server;
}

const agentServer = (keys: () => object[] = () => [KEY]) =>
  serve((origin) => ({
    "/.well-known/aauth-agent": { agent: origin, jwks_uri: `${origin}/jwks.json` },
    "/jwks.json": () => ({ keys: keys() }),
  }));

function discover(options: DiscoveryOptions = {}) {
  const clock = { seconds: 1_000 };
  return {
    clock,
    discovery: createDiscovery({
      development: true,
      now: () => clock.seconds,
      ...options,
    }),
  };
}

describe("finding keys", () => {
  it("reads the metadata, then the key set, then the cache", async () => {
    const server = await agentServer();
    const { discovery } = discover();
    expect(await discovery.key(kinds.agent, server.origin, "k1")).toEqual({ jwk: KEY, source: "discovery" });
    expect(await discovery.key(kinds.agent, server.origin, "k1")).toEqual({
      jwk: KEY,
      source: "discovery-cache",
    });
    expect(server.requests).toEqual(["/.well-known/aauth-agent", "/jwks.json"]);
  });

  it("keeps of a key what it is made of, and leaves out one with a member of the wrong shape", async () => {
    const more = {
      x5c: [{}],
      x5t: "t",
      note: { a: 1 },
      key_ops: ["verify", "more"],
      use: "sig",
      alg: "EdDSA",
    };
    const wrong = [
      { alg: 7 },
      { use: ["sig"] },
      { crv: null },
      { kid: "" },
      { key_ops: "verify" },
      { x: {} },
      { kty: "oct" },
      { kty: undefined },
    ];
    const none = [null, "key", 7] as unknown as object[];
    const keys = [{ ...KEY, ...more }, ...none, ...wrong.map((member) => ({ ...KEY, kid: "k2", ...member }))];
    const server = await agentServer(() => keys);
    const { discovery } = discover();
    expect(await discovery.keys(kinds.agent, server.origin)).toEqual({
      keys: [{ ...KEY, use: "sig", alg: "EdDSA", key_ops: ["verify"] }],
    });
  });

  it("keeps of a key that it is not for verifying", async () => {
    const server = await agentServer(() => [{ ...KEY, key_ops: ["encrypt"] }]);
    expect(await discover().discovery.keys(kinds.agent, server.origin)).toEqual({
      keys: [{ ...KEY, key_ops: [] }],
    });
  });

  it("forgets the documents of an owner that fills the memory with them", async () => {
    const fetched: string[] = [];
    const transport = async ({ origin, pathname, href }: URL) => {
      fetched.push(href);
      const agent = origin + pathname.replace("/.well-known/aauth-agent", "");
      const document = href.endsWith("/jwks.json")
        ? { keys: [KEY, { ...KEY, kid: "f".repeat(60_000) }] }
        : { agent, jwks_uri: `${agent}/jwks.json` };
      return { status: 200, body: new TextEncoder().encode(JSON.stringify(document)) };
    };
    const { discovery } = discover({ transport });
    const ids = Array.from({ length: 40 }, (_, index) => `http://greedy.localhost/${index}`);
    for (const id of ids) await discovery.key(kinds.agent, id, "k1");
    fetched.length = 0;
    // A million characters are 17 of these key sets.
    for (const id of ids.reverse()) await discovery.key(kinds.agent, id, "k1");
    expect(fetched.length).toBeGreaterThanOrEqual(40 - 17);
  });

  it("concurrent callers that need a new key share one fetch", async () => {
    let keys = [KEY];
    const server = await agentServer(() => keys);
    const { discovery } = discover();
    await discovery.key(kinds.agent, server.origin, "k1");
    keys = [{ ...KEY, kid: "k2" }, KEY];
    const looks = Array.from({ length: 4 }, () => discovery.key(kinds.agent, server.origin, "k2"));
    expect((await Promise.all(looks)).map(({ jwk }) => jwk.kid)).toEqual(Array(4).fill("k2"));
    expect(server.requests).toHaveLength(3);
  });

  it("looks for unknown kids again: three times at once, then once per 10 s", async () => {
    const server = await agentServer();
    const { discovery, clock } = discover();
    await discovery.keys(kinds.agent, server.origin);
    /** Key sets fetched for five guesses. */
    const looks = async () => {
      const before = server.requests.length;
      for (let attempt = 0; attempt < 5; attempt++) {
        expect(await codeOf(discovery.key(kinds.agent, server.origin, `guess-${attempt}`))).toBe(
          "unknown_key",
        );
      }
      return server.requests.length - before;
    };
    expect(await looks()).toBe(3);
    clock.seconds += 9;
    expect(await looks()).toBe(0);
    clock.seconds += 1;
    expect(await looks()).toBe(1);
    clock.seconds += 20;
    expect(await looks()).toBe(2);
    clock.seconds += 200;
    expect(await looks()).toBe(3);
  });

  it("takes the only key when the token names no key, and refuses to choose among two", async () => {
    const one = await agentServer();
    const two = await agentServer(() => [KEY, { ...KEY, kid: "k2" }]);
    const { discovery } = discover();
    expect((await discovery.key(kinds.agent, one.origin, undefined)).jwk).toEqual(KEY);
    expect(await codeOf(discovery.key(kinds.agent, two.origin, undefined))).toBe("unknown_key");
  });

  it("never offers symmetric keys or keys with private members", async () => {
    const server = await agentServer(() => [
      { kty: "oct", k: "c2VjcmV0", kid: "hmac" },
      { ...KEY, kid: "leaked", d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU" },
      KEY,
    ]);
    const { discovery } = discover();
    expect((await discovery.keys(kinds.agent, server.origin)).keys).toEqual([KEY]);
  });

  it("falls back to the OpenID document for an issuer without an AAuth document", async () => {
    const server = await serve((origin) => ({
      "/realms/r/.well-known/openid-configuration": {
        issuer: `${origin}/realms/r`,
        jwks_uri: `${origin}/certs`,
      },
      "/certs": { keys: [KEY] },
    }));
    const { discovery } = discover();
    const issuer = `${server.origin}/realms/r`;
    expect((await discovery.key(kinds.issuer, issuer, "k1")).jwk).toEqual(KEY);
    await discovery.key(kinds.issuer, issuer, "k1");
    expect(server.requests).toEqual([
      "/realms/r/.well-known/aauth-issuer",
      "/realms/r/.well-known/openid-configuration",
      "/certs",
    ]);
    expect(await codeOf(discovery.metadata(kinds.issuer, issuer))).toBe("discovery_failed");
  });
});

describe("G7: caches are kept apart by kind", () => {
  it("an agent and an issuer with one URL have their own keys", async () => {
    const server = await serve((origin) => ({
      "/.well-known/aauth-agent": { agent: origin, jwks_uri: `${origin}/agent-keys` },
      "/.well-known/aauth-issuer": {
        issuer: origin,
        jwks_uri: `${origin}/issuer-keys`,
        agent_token_endpoint: `${origin}/token`,
      },
      "/agent-keys": { keys: [KEY] },
      "/issuer-keys": { keys: [{ ...KEY, kid: "issuer-key" }] },
    }));
    const { discovery } = discover();
    await discovery.key(kinds.agent, server.origin, "k1");
    await discovery.key(kinds.issuer, server.origin, "issuer-key");
    expect(await codeOf(discovery.key(kinds.issuer, server.origin, "k1"))).toBe("unknown_key");
    expect(await codeOf(discovery.key(kinds.agent, server.origin, "issuer-key"))).toBe("unknown_key");
  });

  it("so are those of two profiles, which one discovery reads by their own rules", async () => {
    const id = "https://agent.example";
    const documents: Record<string, object> = {
      "/.well-known/aauth-agent": { agent: id, jwks_uri: `${id}/february.json` },
      "/.well-known/aauth-agent.json": { issuer: id, jwks_uri: `${id}/jwks.json` },
      "/february.json": { keys: [{ ...KEY, kid: "february" }] },
      "/jwks.json": { keys: [KEY] },
    };
    const { discovery } = discover({
      transport: async ({ pathname }) => ({
        status: 200,
        body: new TextEncoder().encode(JSON.stringify(documents[pathname])),
      }),
    });
    expect((await discovery.keys(draft11.documents.kinds.agent, id)).keys).toEqual([KEY]);
    expect(await codeOf(discovery.key(kinds.agent, id, "february"))).toBe("accepted");
    expect(await codeOf(discovery.key(kinds.agent, id, "k1"))).toBe("unknown_key");
    // @ts-expect-error a name says nothing of a profile
    expect(await discovery.keys("agent", id).catch((error) => error)).toBeInstanceOf(TypeError);
  });
});

describe("documents that are refused", () => {
  it.each([
    [
      "another identity",
      (origin: string) => ({ agent: `${origin}/`, jwks_uri: `${origin}/jwks.json` }),
      "metadata_mismatch",
    ],
    ["no jwks_uri", (origin: string) => ({ agent: origin }), "discovery_failed"],
    [
      "a jwks_uri that is no URL",
      (origin: string) => ({ agent: origin, jwks_uri: "/jwks.json" }),
      "discovery_failed",
    ],
  ])("%s", async (_name, document, expected) => {
    const server = await serve((origin) => ({
      "/.well-known/aauth-agent": document(origin),
      "/jwks.json": { keys: [KEY] },
    }));
    const { discovery } = discover();
    expect(await codeOf(discovery.key(kinds.agent, server.origin, "k1"))).toBe(expected);
  });

  it.each([
    ["resource", "aauth-resource", "resource"],
    ["issuer", "aauth-issuer", "issuer"],
    ["issuer", "openid-configuration", "issuer"],
  ] as const)("another identity: %s, in %s", async (kind, name, member) => {
    const server = await serve((origin) => ({
      [`/.well-known/${name}`]: {
        [member]: `${origin}/other`,
        jwks_uri: `${origin}/jwks.json`,
        agent_token_endpoint: `${origin}/token`,
      },
      "/jwks.json": { keys: [KEY] },
    }));
    expect(await codeOf(discover().discovery.key(kinds[kind], server.origin, "k1"))).toBe(
      "metadata_mismatch",
    );
  });

  it("a document over 64 KiB that a transport has let pass", async () => {
    const agent = "https://agent.example";
    const document = JSON.stringify({ agent, jwks_uri: `${agent}/jwks.json` });
    const transport = async () => ({ status: 200, body: new TextEncoder().encode(document.padEnd(70_000)) });
    expect(await codeOf(discover({ transport }).discovery.metadata(kinds.agent, agent))).toBe(
      "discovery_failed",
    );
  });

  it.each([201, 500])("answers with status %d, whatever they say", async (status) => {
    const server = await start((_request, response) => {
      const document = { agent: server.origin, jwks_uri: `${server.origin}/jwks.json` };
      response.writeHead(status).end(JSON.stringify(document));
    });
    expect(await codeOf(discover().discovery.metadata(kinds.agent, server.origin))).toBe("discovery_failed");
  });

  it.each([
    ["no keys", {}],
    ["keys that are no list", { keys: { k1: KEY } }],
    ["too many keys", { keys: Array.from({ length: 101 }, () => KEY) }],
  ])("a key set with %s", async (_name, document) => {
    const server = await serve((origin) => ({
      "/.well-known/aauth-agent": { agent: origin, jwks_uri: `${origin}/jwks.json` },
      "/jwks.json": document,
    }));
    const { discovery } = discover();
    expect(await codeOf(discovery.key(kinds.agent, server.origin, "k1"))).toBe("discovery_failed");
  });

  it("answers that are not JSON", async () => {
    const server = await start((_request, response) => void response.end("<html></html>"));
    const { discovery } = discover();
    expect(await codeOf(discovery.metadata(kinds.agent, server.origin))).toBe("discovery_failed");
  });

  it("a redirect is not followed", async () => {
    const target = await agentServer();
    const server = await start((request, response) => {
      response.writeHead(302, { location: `${target.origin}${request.url}` }).end();
    });
    const { discovery } = discover();
    expect(await codeOf(discovery.metadata(kinds.agent, server.origin))).toBe("discovery_failed");
    expect(target.requests).toEqual([]);
  });

  it.each([
    ["announced", { "content-length": "70000" }],
    ["not announced", {}],
  ])("a document over 64 KiB, %s", async (_name, headers) => {
    const server = await start((_request, response) => {
      const document = JSON.stringify({ agent: server.origin, jwks_uri: `${server.origin}/j`, name: "" });
      response.writeHead(200, headers).end(document.padEnd(70_000));
    });
    const { discovery } = discover();
    expect(await codeOf(discovery.metadata(kinds.agent, server.origin))).toBe("discovery_failed");
  });
});

describe("failures are remembered for a moment", () => {
  it("asks a failing server once per second", async () => {
    const server = await start((_request, response) => void response.writeHead(500).end());
    const { discovery, clock } = discover();
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await codeOf(discovery.metadata(kinds.agent, server.origin))).toBe("discovery_failed");
    }
    expect(server.requests).toHaveLength(1);
    clock.seconds += 1;
    await codeOf(discovery.metadata(kinds.agent, server.origin));
    expect(server.requests).toHaveLength(2);
  });

  describe("while the search for an unknown key fails", () => {
    async function failingServer() {
      let keys: object[] | undefined = [KEY];
      const server = await start((request, response) => {
        if (keys === undefined) return void response.writeHead(503).end();
        const metadata = { agent: server.origin, jwks_uri: `${server.origin}/jwks.json` };
        response.end(JSON.stringify(request.url === "/jwks.json" ? { keys } : metadata));
      });
      const { discovery, clock } = discover();
      await discovery.key(kinds.agent, server.origin, "k1");
      keys = undefined;
      return {
        server,
        discovery,
        clock,
        start(...kids: string[]) {
          keys = kids.map((kid) => ({ ...KEY, kid }));
        },
      };
    }

    it("the known keys stay, and the server is asked once per second", async () => {
      const { server, discovery, clock } = await failingServer();
      for (let second = 1; second <= 5; second++) {
        for (let attempt = 0; attempt < 3; attempt++) {
          expect(await codeOf(discovery.key(kinds.agent, server.origin, "k2"))).toBe("discovery_failed");
        }
        expect(server.requests).toHaveLength(2 + second);
        clock.seconds += 1;
      }
      expect((await discovery.key(kinds.agent, server.origin, "k1")).source).toBe("discovery-cache");
    });

    it("the burst is left for the time after it", async () => {
      const { server, discovery, clock, start } = await failingServer();
      for (let second = 1; second <= 5; second++) {
        await codeOf(discovery.key(kinds.agent, server.origin, "k2"));
        clock.seconds += 1;
      }
      for (const kid of ["k2", "k3", "k4"]) {
        start(kid);
        expect((await discovery.key(kinds.agent, server.origin, kid)).jwk.kid).toBe(kid);
      }
      start("k5");
      expect(await codeOf(discovery.key(kinds.agent, server.origin, "k5"))).toBe("unknown_key");
    });
  });
});

describe("addresses that are never fetched", () => {
  const blocked = (id: string, development: boolean) => {
    const asked: string[] = [];
    const discovery = createDiscovery({
      development,
      transport: async (url) => {
        asked.push(url.href);
        return { status: 404, body: new Uint8Array() };
      },
    });
    return codeOf(discovery.metadata(kinds.agent, id)).then((result) => ({ result, asked }));
  };

  it.each([
    "http://agent.example",
    "https://localhost",
    "https://169.254.169.254",
    "https://[::1]",
    "ftp://agent.example",
    "https://user:pass@agent.example",
    "https://agent.example/",
    "https://agent.example?x=1",
    "https://2130706433",
    "not an url",
    "",
  ])("G4, D8 in production: %s", async (id) => {
    expect(await blocked(id, false)).toEqual({ result: "discovery_blocked", asked: [] });
  });

  it.each([
    "http://agent.example",
    "http://localhost.example",
    "https://169.254.169.254",
    "https://[fd00::1]",
  ])("G4, D8 in development: %s", async (id) => {
    expect(await blocked(id, true)).toEqual({ result: "discovery_blocked", asked: [] });
  });

  it.each([
    ["ftp://agent.example/jwks.json", "discovery_failed"],
    ["data:application/json,{}", "discovery_failed"],
    ["jwks.json", "discovery_failed"],
    ["http://agent.example/jwks.json", "discovery_blocked"],
    ["https://10.0.0.1/jwks.json", "discovery_blocked"],
    ["https://user:pass@agent.example/jwks.json", "discovery_blocked"],
  ])("a key set that a document names passes the same guard: %s", async (jwks_uri, refused) => {
    const asked: string[] = [];
    const transport = async (url: URL) => {
      asked.push(url.href);
      const document = { agent: "https://agent.example", jwks_uri, keys: [KEY] };
      return { status: 200, body: new TextEncoder().encode(JSON.stringify(document)) };
    };
    const { discovery } = discover({ transport });
    expect(await codeOf(discovery.key(kinds.agent, "https://agent.example", "k1"))).toBe(refused);
    expect(asked).toEqual(["https://agent.example/.well-known/aauth-agent"]);
  });
});

describe("a discovery", () => {
  it.each<[string, new () => Error, object]>([
    // In JavaScript the string "false" would be truthy and open the guard.
    ["development must be true or false", TypeError, { development: "false" }],
  ])("names the option it cannot be made with: %s", (message, type, options) => {
    const making = () => createDiscovery(options as never);
    expect(making).toThrow(type);
    expect(making).toThrow(message);
  });
});

describe("the connect guard", () => {
  it.each(
    ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"].flatMap((host) => [
      ["http", host],
      ["https", host],
    ]),
  )(
    "X11: outside development does not connect to %s://%s even if the URL guard let it through",
    async (scheme, host) => {
      const server = await agentServer();
      const { createDocumentTransport } = await import("../../src/discovery/http-node.ts");
      const transport = createDocumentTransport({ development: false });
      const init = { signal: AbortSignal.timeout(2_000), maxBytes: 65_536 };
      expect(await codeOf(transport(new URL(`${scheme}://${host}:${server.port}/`), init))).toBe(
        "discovery_blocked",
      );
      // No connection at all: a handshake that fails afterwards does not protect.
      expect(server.connections()).toBe(0);
    },
  );

  it.each(["169.254.169.254", "10.0.0.1", "0.0.0.0", "[64:ff9b::a9fe:a9fe]", "[::127.0.0.1]", "[fd00::1]"])(
    "in development still refuses a connection to %s",
    async (host) => {
      const { createDocumentTransport } = await import("../../src/discovery/http-node.ts");
      const transport = createDocumentTransport({ development: true });
      const init = { signal: AbortSignal.timeout(2_000), maxBytes: 65_536 };
      expect(await codeOf(transport(new URL(`http://${host}/`), init))).toBe("discovery_blocked");
    },
  );
});
