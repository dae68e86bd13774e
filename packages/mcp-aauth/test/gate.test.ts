import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  AAuthAgentError,
  createMemoryStores,
  type Draft11Level,
  type Requirement,
  type Stores,
  StoreUnavailableError,
} from "aauth";
import { describe, expect, onTestFinished, test } from "vitest";
import { again, createParties, RESOURCE } from "../../aauth-a2a/test/parties.ts";
import { callerOf, type McpAuthInfo, type McpGateOptions, protectMcp } from "../src/index.ts";
import type { SessionHolder } from "../src/sessions.ts";
import { type Handled, handlerOfSdk2, type SdkSessions, sessionsOfSdk1 } from "./servers.ts";

const ENDPOINT = new URL(`${RESOURCE}/mcp`);
const person = { level: "person-token" } as const;
const remover = { level: "auth-token", scopes: ["data.write"] } as const;
const reader = { level: "auth-token", scopes: ["data.read"] } as const;

interface WorldOptions extends McpGateOptions<Draft11Level> {
  /** Default: a person token. */
  readonly requirement?: Requirement<Draft11Level>;
  /** Whether the person server refuses a token for `data.write`. */
  readonly isDenied?: boolean;
  /** Receives the sessions of the SDK 1 server. */
  readonly sessions?: SdkSessions;
}

async function world(
  line: 1 | 2,
  { requirement = person, isDenied, sessions, ...options }: WorldOptions = {},
) {
  const parties = await createParties({}, ({ scopes }) => ({
    type: scopes.includes("data.write") && isDenied ? "deny" : "grant",
  }));
  const handled: Handled[] = [];
  const answers: Response[] = [];
  const handler = line === 1 ? sessionsOfSdk1(handled, sessions) : handlerOfSdk2(handled);
  const gate = protectMcp(parties.resource, requirement, handler, options);
  parties.listen(async (request) => {
    const answer = await gate(request);
    if (request.url === ENDPOINT.href) answers.push(answer);
    return answer;
  });
  return { ...parties, gate, handled, answers };
}

/**
 * A gate behind a socket, with a stream as body of each request that may have one, as Node adapters
 * pass it.
 */
async function overSocket(gate: (request: Request) => Promise<Response>) {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "", url } = incoming;
    const hasBody = method !== "GET" && method !== "HEAD";
    const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null;
    const headers = incoming.headers as Record<string, string>;
    const request = new Request(new URL(url!, RESOURCE), { method, headers, body, duplex: "half" });
    const response = await gate(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return async (request: Request) => {
    const { pathname } = new URL(request.url);
    const body = (await request.text()) || null;
    return fetch(`http://127.0.0.1:${port}${pathname}`, {
      method: request.method,
      headers: request.headers,
      body,
    });
  };
}

const clientOf = (line: 1 | 2) =>
  line === 1
    ? { client: new Client1({ name: "host", version: "1" }), Transport: Transport1 }
    : {
        client: new Client2({ name: "host", version: "1" }, { versionNegotiation: { mode: "auto" } }),
        Transport: Transport2,
      };

async function connect(line: 1 | 2, fetch: typeof globalThis.fetch) {
  const { client, Transport } = clientOf(line);
  const transport = new Transport(ENDPOINT, { fetch });
  await client.connect(transport as never);
  return { client, transport };
}

const call = (name: string, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: { path: "/a" } },
});
const init = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};

/** Posts messages by hand. */
const post = (fetch: typeof globalThis.fetch, body: unknown, headers: Record<string, string> = {}) =>
  fetch(ENDPOINT, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Opens a session by hand. */
async function open(fetch: typeof globalThis.fetch): Promise<{ readonly "mcp-session-id": string }> {
  const response = await post(fetch, init);
  await response.text();
  return { "mcp-session-id": response.headers.get("mcp-session-id")! };
}

describe.each([
  [1, 1],
  [2, 2],
  [1, 2],
  [2, 1],
] as const)("client of SDK %i, server of SDK %i", (ofClient, ofServer) => {
  test("initializes, lists and calls, as the person of its agent", async () => {
    const { agent, handled } = await world(ofServer);
    const { client } = await connect(ofClient, (await agent("planner")).fetchFor());
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["list", "remove"]);
    const result = await client.callTool({ name: "list", arguments: { path: "/a" } });
    expect(result.content).toEqual([{ type: "text", text: "list /a" }]);
    expect(handled).toHaveLength(1);
    await client.close();
  });

  test("a tool that wants a scope is challenged, and called with the auth token", async () => {
    const { agent, handled, sent } = await world(ofServer, { tools: { list: person, remove: remover } });
    const { key, fetchFor } = await agent("planner");
    const { client } = await connect(ofClient, fetchFor());
    await client.callTool({ name: "list", arguments: { path: "/a" } });
    const before = sent.length;
    await client.callTool({ name: "remove", arguments: { path: "/a" } });
    expect(sent.slice(before).map(({ url }) => url)).toEqual([
      ENDPOINT.href,
      "https://ps.example/aauth/token",
      ENDPOINT.href,
    ]);
    expect(handled.map(({ tool, authInfo }) => [tool, authInfo])).toMatchObject([
      ["list", { token: "", scopes: [] }],
      [
        "remove",
        { token: "", scopes: ["data.write"], expiresAt: expect.any(Number), resource: new URL(RESOURCE) },
      ],
    ]);
    const clientId = `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${key.thumbprint}`;
    expect(handled[1]!.authInfo).toMatchObject({ clientId });
    await client.close();
  });

  test("M4: a call of a tool that the gate does not name rejects with the gate's answer", async () => {
    const { agent, handled } = await world(ofServer, { tools: { list: person } });
    const { client } = await connect(ofClient, (await agent("planner")).fetchFor());
    const called = client.callTool({ name: "remove", arguments: { path: "/a" } });
    await expect(called).rejects.toMatchObject({
      code: -32602,
      message: expect.stringMatching(/Unknown tool$/),
    });
    expect(handled).toEqual([]);
    await client.close();
  });
});

describe.each([1, 2] as const)("server of SDK %i", (line) => {
  test("an unsigned message is challenged", async () => {
    const { serve, handled } = await world(line);
    const response = await post((url, init) => serve(new Request(url, init)), call("list"));
    expect([response.status, response.headers.get("aauth-requirement")]).toEqual([
      401,
      "requirement=person-token",
    ]);
    expect(handled).toEqual([]);
  });

  test("a message that is sent again, changed or too large is refused", async () => {
    const parties = await world(line);
    const { fetchFor } = await parties.agent("planner", { maxRequestBodyBytes: 2_000_000 });
    const { client } = await connect(line, fetchFor());
    await client.callTool({ name: "list", arguments: { path: "/a" } });
    const message = parties.sent.findLast(({ body }) => body.includes('"tools/call"'))!;
    expect((await again(parties, message)).status).toBe(401);
    const other = message.body.replace("list", "remove");
    expect((await again(parties, message, { body: other })).status).toBe(401);
    expect(
      (await post(fetchFor(), JSON.stringify({ ...call("list"), pad: "a".repeat(1_048_576) }))).status,
    ).toBe(413);
    expect(parties.handled).toHaveLength(1);
  });

  test("M6: no credential reaches a handler", async () => {
    const { agent, handled } = await world(line);
    const { client } = await connect(line, (await agent("planner")).fetchFor());
    await client.callTool({ name: "list", arguments: { path: "/a" } });
    const [{ authInfo, fields }] = handled as [Handled];
    expect(fields).toContain("content-type");
    expect(fields.filter((name) => /^signature|^authorization$/.test(name))).toEqual([]);
    expect(JSON.stringify(authInfo)).not.toMatch(/eyJ/);
  });

  test("M6: the auth token is for the next hop, and in no copy of the caller", async () => {
    const { agent, handled } = await world(line, { requirement: reader });
    const { client } = await connect(line, (await agent("planner")).fetchFor());
    await client.callTool({ name: "list", arguments: { path: "/a" } });
    const [{ authInfo }] = handled as [Handled];
    expect(callerOf(authInfo as McpAuthInfo).grant!.token).toMatch(/^eyJ/);
    expect(JSON.stringify(structuredClone(callerOf(authInfo as McpAuthInfo)))).not.toMatch(/eyJ/);
    expect(JSON.stringify(authInfo)).not.toMatch(/eyJ/);
  });

  test("M5: a caller without the tool's scope gets 401, whatever a header says the tool is", async () => {
    const tools = { list: person, remove: remover };
    const { agent, handled, answers } = await world(line, { tools, isDenied: true });
    const headers = { "mcp-method": "tools/list", "mcp-name": "list" };
    const called = post((await agent("planner")).fetchFor(), call("remove"), headers);
    await expect(called).rejects.toThrow(AAuthAgentError);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(answers[1]!.headers.get("aauth-requirement")).toMatch(/^requirement=auth-token; resource-token=/);
    expect(handled).toEqual([]);
  });

  test("M4: a tool that the gate does not name is not called", async () => {
    const { agent, handled } = await world(line, { tools: { list: person } });
    const { fetchFor } = await agent("planner");
    const refused = async (body: unknown) => {
      const response = await post(fetchFor(), body);
      return [response.status, await response.json()];
    };
    const error = { code: -32602, message: "Unknown tool" };
    for (const [index, name] of ["remove", "toString", "__proto__", "List"].entries())
      expect(await refused(call(name, index))).toEqual([200, { jsonrpc: "2.0", id: index, error }]);
    const named = { ...call("remove"), id: "a" };
    expect(await refused(named)).toEqual([200, { jsonrpc: "2.0", id: "a", error }]);
    const { id: _, ...notification } = call("remove");
    for (const body of [notification, { ...notification, id: null }, [call("list"), named]])
      expect(await refused(body)).toEqual([400, { jsonrpc: "2.0", id: null, error }]);
    expect(handled).toEqual([]);
  });

  test.each([
    ["no JSON", "{"],
    ["an empty body", ""],
    ["a call without a name", { ...call("list"), params: {} }],
    ["a call whose name is no string", { ...call("list"), params: { name: ["list"] } }],
    ["a call without params in a batch", [call("list"), { method: "tools/call" }]],
  ])("%s is refused", async (_name, body) => {
    const { agent, handled } = await world(line);
    expect((await post((await agent("planner")).fetchFor(), body)).status).toBe(400);
    expect(handled).toEqual([]);
  });

  test.each([
    ["M15: a batch in a batch", [[call("remove")]], -32600],
    ["M15: a batch with a string", [call("list"), "tools/call"], -32600],
    ["M15: a string", JSON.stringify("tools/call"), -32600],
    ["M14: a message of an own __proto__", `{"__proto__":${JSON.stringify(call("remove"))}}`, -32700],
    ["M14: an argument of it", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{}}}', -32700],
  ])("%s is refused", async (_name, body, code) => {
    const { agent, handled } = await world(line, { tools: { list: person } });
    const response = await post((await agent("planner")).fetchFor(), body);
    expect([response.status, await response.json()]).toMatchObject([400, { id: null, error: { code } }]);
    expect(handled).toEqual([]);
  });

  test("M3: Last-Event-ID without a session is refused", async () => {
    const { agent } = await world(line);
    const headers = { accept: "text/event-stream", "last-event-id": "1" };
    expect((await (await agent("planner")).fetchFor()(ENDPOINT, { headers })).status).toBe(400);
  });
});

describe("sessions of SDK 1", () => {
  test("M1: no other caller reads, calls in or ends a session", async () => {
    const requirement = { level: "agent-token" } as const;
    const { agent, handled } = await world(1, { requirement });
    const [own, other] = [(await agent("planner")).fetchFor(), (await agent("thief")).fetchFor()];
    const session = await open(own);
    expect((await post(other, call("list"), session)).status).toBe(404);
    const stream = { headers: { accept: "text/event-stream", ...session } };
    expect((await other(ENDPOINT, stream)).status).toBe(404);
    expect((await other(ENDPOINT, { method: "DELETE", headers: session })).status).toBe(404);
    expect(handled).toEqual([]);
    const opened = await own(ENDPOINT, stream);
    expect([opened.status, opened.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    await opened.body!.cancel();
    expect((await own(ENDPOINT, { method: "DELETE", headers: session })).status).toBe(200);
    expect((await post(own, call("list"), session)).status).toBe(404);
  });

  test("one is ended over a socket, where a DELETE has a stream for a body", async () => {
    const sessions: SdkSessions = new Map();
    const { agent, gate, listen } = await world(1, { sessions });
    listen(await overSocket(gate));
    const { fetchFor } = await agent("planner");
    const session = await open(fetchFor());
    expect(sessions.size).toBe(1);
    expect((await fetchFor()(ENDPOINT, { method: "DELETE", headers: session })).status).toBe(200);
    expect(sessions.size).toBe(0);
  });

  test("M2: no other person of the same agent's key uses a session", async () => {
    const { agent } = await world(1);
    const planner = await agent("planner");
    const twin = await agent("twin", { key: planner.key });
    const session = await open(planner.fetchFor());
    expect(
      (await post(planner.fetchFor(), { jsonrpc: "2.0", method: "notifications/initialized" }, session))
        .status,
    ).toBe(202);
    expect((await post(twin.fetchFor(), call("list"), session)).status).toBe(404);
    expect((await post(planner.fetchFor(), call("list"), session)).status).toBe(200);
  });

  test("one is forgotten a day after its last request", async () => {
    let time = Math.floor(Date.now() / 1000);
    const { agent } = await world(1, { now: () => time });
    const { fetchFor } = await agent("planner");
    const session = await open(fetchFor());
    const later = async (seconds: number) => {
      time += seconds;
      return (await post(fetchFor(), call("list"), session)).status;
    };
    expect([await later(50_000), await later(50_000), await later(86_401)]).toEqual([200, 200, 404]);
  });

  test("an id that a caller has made up, and two ids at once, are not found", async () => {
    const { agent } = await world(1);
    const { fetchFor } = await agent("planner");
    const { "mcp-session-id": id } = await open(fetchFor());
    expect((await post(fetchFor(), call("list"), { "mcp-session-id": crypto.randomUUID() })).status).toBe(
      404,
    );
    expect((await post(fetchFor(), call("list"), { "mcp-session-id": `${id}, ${id}` })).status).toBe(404);
  });
});

test("M9: a session that cannot be bound does not stay with the SDK", async () => {
  const full = createMemoryStores().records<SessionHolder>("test", { maxEntries: 1 });
  await full.put("another", { thumbprint: "", persons: {}, renewAt: 0 }, { owner: "other", ttlSeconds: 60 });
  const down = { ...full, putIfAbsent: () => Promise.reject(new StoreUnavailableError("down")) };
  for (const store of [full, down]) {
    const sessions: SdkSessions = new Map();
    const stores = { records: () => store } as unknown as Pick<Stores, "records">;
    const { agent } = await world(1, { stores, sessions });
    expect((await post((await agent("planner")).fetchFor(), init)).status).toBe(503);
    expect(sessions.size).toBe(0);
  }
});

test("a session with another caller's id is refused, and the other's continues", async () => {
  const taken = createMemoryStores().records<SessionHolder>("test");
  const stores = { records: () => ({ ...taken, putIfAbsent: async () => false }) } as unknown as Pick<
    Stores,
    "records"
  >;
  const sessions: SdkSessions = new Map();
  const { agent } = await world(1, { stores, sessions });
  expect((await post((await agent("planner")).fetchFor(), init)).status).toBe(503);
  expect(sessions.size).toBe(1);
});

test("a session that the SDK has ended is answered so, also where the store cannot forget it", async () => {
  const store = createMemoryStores().records<SessionHolder>("test");
  const failing = { ...store, delete: () => Promise.reject(new StoreUnavailableError("down")) };
  const stores = { records: () => failing } as unknown as Pick<Stores, "records">;
  const { agent } = await world(1, { stores });
  const { fetchFor } = await agent("planner");
  const session = await open(fetchFor());
  expect((await fetchFor()(ENDPOINT, { method: "DELETE", headers: session })).status).toBe(200);
});

test("a gate without room for a session, or without its store, answers 503", async () => {
  const full = createMemoryStores().records<SessionHolder>("test", { maxEntries: 1 });
  await full.put("another", { thumbprint: "", persons: {}, renewAt: 0 }, { owner: "other", ttlSeconds: 60 });
  const down = { ...full, get: () => Promise.reject(new StoreUnavailableError("down")) };
  for (const [store, fields] of [
    [full, {}],
    [down, { "mcp-session-id": "any" }],
  ] as const) {
    const stores = { records: () => store } as unknown as Pick<Stores, "records">;
    const { agent } = await world(1, { stores });
    const response = await post((await agent("planner")).fetchFor(), init, fields);
    expect([response.status, response.headers.get("mcp-session-id")]).toEqual([503, null]);
  }
});

test("a token for a tool also has the scopes of the gate", async () => {
  const { agent, handled } = await world(2, { requirement: reader, tools: { remove: remover } });
  const { fetchFor } = await agent("planner");
  await post(fetchFor(), { ...init, method: "ping", params: {} });
  expect((await post(fetchFor(), call("remove"))).status).toBe(200);
  expect(handled[0]!.authInfo).toMatchObject({ scopes: ["data.read", "data.write"] });
});

describe("a batch", () => {
  test("each call in it is checked, and one token is for all of them", async () => {
    const tools = { list: reader, remove: remover };
    const { agent, handled, sent } = await world(1, { tools });
    const { fetchFor } = await agent("planner");
    const session = await open(fetchFor());
    const response = await post(fetchFor(), [call("list", 1), call("remove", 2)], session);
    await response.text();
    expect(response.status).toBe(200);
    expect(handled.map(({ tool }) => tool)).toEqual(["list", "remove"]);
    expect(handled[0]!.authInfo).toMatchObject({ scopes: ["data.read", "data.write"] });
    expect(sent.filter(({ url }) => url.endsWith("/token"))).toHaveLength(1);
  });

  test("M5: one call that lacks its scope keeps all of them out", async () => {
    const { agent, handled, answers } = await world(1, {
      tools: { list: person, remove: remover },
      isDenied: true,
    });
    const { fetchFor } = await agent("planner");
    const session = await open(fetchFor());
    await expect(post(fetchFor(), [call("list", 1), call("remove", 2)], session)).rejects.toThrow(
      AAuthAgentError,
    );
    expect(answers.at(-1)!.status).toBe(401);
    expect(handled).toEqual([]);
  });
});

test("a gate that admits agent tokens alone takes no tool for which they do not suffice", async () => {
  const { resource } = await createParties();
  const agents = { level: "agent-token" } as const;
  const gate = (tools: Record<string, typeof agents | typeof remover>) =>
    protectMcp(resource, agents, () => new Response(), { tools });
  expect(() => gate({ list: agents })).not.toThrow();
  expect(() => gate({ remove: remover })).toThrow("needs person-token");
  const unknown = { level: "auth-token", scopes: ["data.unknown"] } as const;
  expect(() => protectMcp(resource, person, () => new Response(), { tools: { x: unknown } })).toThrow(
    TypeError,
  );
});
