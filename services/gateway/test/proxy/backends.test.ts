import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  extAuthz,
  type GatewayFile,
  isRealGateway,
  listener,
  startGateway,
  type TestLimits,
} from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const SIGNED = { "signature-input": 'sig=("@method");created=1', signature: "sig=:AA==:" };
const SOON_MS = 300;

/** An agent that answers with its own address. */
async function startAgent(): Promise<FakeServer> {
  const agent: FakeServer = await startFakeServer((_, response) => void response.end(agent.address));
  cleanUps.push(agent.close);
  return agent;
}

/**
 * A server that calls `behave` with each connection once the first bytes of a request are there.
 */
async function startRaw(behave: (socket: Socket) => void, at = "127.0.0.1:0") {
  const sockets = new Set<Socket>();
  const connections = { count: 0 };
  const server = createServer((socket) => {
    connections.count += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => behave(socket));
  });
  const address = await listenOn(server, Number(at.split(":")[1]));
  cleanUps.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address, connections };
}

const saysBack = (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nback");

async function listenOn(server: Server, port = 0): Promise<string> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** An address that refuses connections. */
async function refusing(): Promise<string> {
  const server = createServer();
  const address = await listenOn(server);
  server.close();
  await once(server, "close");
  return address;
}

async function setUp(
  backends: readonly (string | { host: string; weight: number })[],
  { limits, policies }: { limits?: TestLimits; policies?: object } = {},
) {
  const list = backends.map((backend) => (typeof backend === "string" ? { host: backend } : backend));
  const file: GatewayFile = {
    binds: [{ listeners: [{ ...listener("main", "unused:1"), routes: [{ policies, backends: list }] }] }],
  };
  const gateway = await startGateway(file, { limits: { backendDownMs: SOON_MS, ...limits } });
  cleanUps.push(gateway.close);
  const call = (more: Partial<Parameters<typeof send>[0]> = {}) => send({ port: gateway.port, ...more });
  const bodies = async (count: number) => {
    const answers: string[] = [];
    for (let index = 0; index < count; index++) answers.push((await call()).body);
    return answers;
  };
  return { gateway, call, bodies };
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("replicas share the requests, one of weight 0 gets none, and one may be down", async () => {
  const [one, two, three] = [await startAgent(), await startAgent(), await startAgent()];
  const { bodies, gateway } = await setUp([one.address, two.address, { host: three.address, weight: 0 }]);
  // Agentgateway chooses at random.
  expect(new Set(await bodies(40))).toEqual(new Set([one.address, two.address]));
  await two.close();
  const statuses = new Set<number>();
  for (let index = 0; index < 40; index++) statuses.add((await send({ port: gateway.port })).status);
  expect([...statuses].toSorted()).toEqual(isRealGateway ? [200, 503] : [200]);
});

describe.skipIf(isRealGateway)("healthy backends take turns", () => {
  test("one after the other, and the access log names the one that answered", async () => {
    const [one, two] = [await startAgent(), await startAgent()];
    const { gateway, bodies } = await setUp([one.address, two.address]);
    expect(await bodies(4)).toEqual([one.address, two.address, one.address, two.address]);
    await expect.poll(() => gateway.lines).toHaveLength(4);
    expect(gateway.lines.map((line) => / endpoint=(\S+)/.exec(line)?.[1])).toEqual(await bodies(4));
  });

  test("backends receive requests by weight, and no requests with weight 0", async () => {
    const [one, two, three] = [await startAgent(), await startAgent(), await startAgent()];
    const { bodies } = await setUp([
      { host: one.address, weight: 2 },
      { host: two.address, weight: 1 },
      { host: three.address, weight: 0 },
    ]);
    expect((await bodies(6)).toSorted()).toEqual(
      [...Array.from({ length: 4 }, () => one.address), two.address, two.address].toSorted(),
    );
  });

  test("a backend with as many requests as it may have hands on to the next", async () => {
    const busy = await startRaw(() => {});
    const free = await startAgent();
    const { call } = await setUp([busy.address, free.address], { limits: { maxUpstreamRequests: 1 } });
    void call().catch(() => {});
    await expect.poll(() => busy.connections.count).toBe(1);
    expect((await call()).body).toBe(free.address);
    expect((await call({ method: "POST", body: "x", headers: SIGNED })).body).toBe(free.address);
  });
});

describe.skipIf(isRealGateway)("a backend that refuses connections", () => {
  test.each([
    ["GET", undefined],
    ["signed POST", "x"],
    ["signed POST of several pieces", "x".repeat(200_000)],
  ])("%s is sent to the other one", async (_name, body) => {
    const alive = await startAgent();
    const { call } = await setUp([await refusing(), alive.address]);
    const message = body === undefined ? {} : { method: "POST", body, headers: SIGNED };
    expect(await call(message)).toMatchObject({ status: 200, body: alive.address });
    expect(alive.seen.map((request) => request.body)).toEqual([body ?? ""]);
  });

  test("gets requests again once it is back and its time is over", async () => {
    const alive = await startAgent();
    const address = await refusing();
    const { call, bodies } = await setUp([address, alive.address]);
    expect((await call()).body).toBe(alive.address);
    await startRaw(saysBack, address);
    expect(await bodies(2)).toEqual([alive.address, alive.address]);
    await later(SOON_MS);
    expect(await bodies(2)).toContain("back");
  });

  test("all down: 503 with the reason, and the first that is back is reached at once", async () => {
    const [one, two] = [await refusing(), await refusing()];
    const { call } = await setUp([one, two], { limits: { backendDownMs: 60_000 } });
    const refused = { status: 503, body: "upstream call failed: ECONNREFUSED" };
    expect(await call()).toMatchObject(refused);
    expect(await call({ method: "POST", body: "x", headers: SIGNED })).toMatchObject(refused);
    await startRaw(saysBack, two);
    expect((await call()).body).toBe("back");
  });
});

describe.skipIf(isRealGateway)("a backend that has the request and does not answer", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["resets", (socket) => socket.resetAndDestroy()],
    ["closes", (socket) => socket.end()],
  ])("V61: %s, and no signed request and no body is sent twice", async (_name, behave) => {
    const broken = await startRaw(behave);
    const alive = await startAgent();
    for (const message of [
      { method: "POST", body: "x", headers: SIGNED },
      { method: "POST", body: "x" },
      { method: "PUT", body: "x" },
      { method: "POST" },
      { method: "GET", headers: SIGNED },
    ]) {
      const { call } = await setUp([broken.address, alive.address]);
      expect(await call(message)).toMatchObject({
        status: 503,
        body: expect.stringMatching(/^upstream call failed: (?:ECONNRESET|UND_ERR_SOCKET)$/),
      });
    }
    expect(alive.seen).toEqual([]);
  });

  test("resets: an unsigned GET is sent to the other one, and so are later requests", async () => {
    const broken = await startRaw((socket) => socket.resetAndDestroy());
    const alive = await startAgent();
    const { bodies } = await setUp([broken.address, alive.address], { limits: { backendDownMs: 60_000 } });
    expect(await bodies(4)).toEqual(Array.from({ length: 4 }, () => alive.address));
    expect(broken.connections.count).toBe(1);
  });

  test("dies in the middle of its response: the response is cut, not begun again", async () => {
    const half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    const dying = await startRaw((socket) => socket.write(half, () => socket.resetAndDestroy()));
    const alive = await startAgent();
    const { call } = await setUp([dying.address, alive.address]);
    await expect(call()).rejects.toThrow(/aborted|reset|hang up/i);
    expect(alive.seen).toEqual([]);
  });

  test("is slow: 503 after its time, not sent again, and it stays in turn", async () => {
    const slow = await startRaw(() => {});
    const alive = await startAgent();
    const { call } = await setUp([slow.address, alive.address], {
      limits: { upstreamHeadersTimeoutMs: 100, backendDownMs: 60_000 },
    });
    const timedOut = { status: 503, body: "upstream call failed: UND_ERR_HEADERS_TIMEOUT" };
    expect(await call()).toMatchObject(timedOut);
    expect((await call()).body).toBe(alive.address);
    expect(await call()).toMatchObject(timedOut);
  });

  test("an address that stands twice is tried once", async () => {
    const broken = await startRaw((socket) => socket.resetAndDestroy());
    const { call } = await setUp([broken.address, broken.address, broken.address]);
    expect((await call()).status).toBe(503);
    expect(broken.connections.count).toBe(1);
  });
});

describe.skipIf(isRealGateway)("a check service of several addresses", () => {
  const allowing = async () => {
    const authz = await startFakeServer((_, response) => response.writeHead(200).end());
    cleanUps.push(authz.close);
    return authz;
  };
  const checkedBy = async (...addresses: string[]) => {
    const agent = await startAgent();
    const { call } = await setUp([agent.address], { policies: { extAuthz: extAuthz(addresses.join(",")) } });
    return { agent, call };
  };

  test("is asked by turns", async () => {
    const [one, two] = [await allowing(), await allowing()];
    const { call } = await checkedBy(one.address, two.address);
    for (let index = 0; index < 4; index++) await call();
    expect([one.seen.length, two.seen.length]).toEqual([2, 2]);
    expect(two.seen[0]!.headers.host).toBe(two.address);
  });

  test("is asked at another address where one refuses connections, and denies where all do", async () => {
    const alive = await allowing();
    const { call } = await checkedBy(await refusing(), alive.address);
    expect((await call({ method: "POST", body: "x", headers: SIGNED })).status).toBe(200);
    const { agent, call: callInVain } = await checkedBy(await refusing(), await refusing());
    expect(await callInVain()).toMatchObject({
      status: 503,
      body: "external authorization failed: ECONNREFUSED",
    });
    expect(agent.seen).toEqual([]);
  });

  test("V60: refuses for all: no other is asked after a no", async () => {
    const refusing = await startFakeServer((_, response) => response.writeHead(401).end());
    cleanUps.push(refusing.close);
    const alive = await allowing();
    const { agent, call } = await checkedBy(refusing.address, alive.address);
    expect((await call()).status).toBe(401);
    expect([alive.seen, agent.seen]).toEqual([[], []]);
  });

  test("is not asked twice about one request: the first may have spent its nonce", async () => {
    const broken = await startRaw((socket) => socket.resetAndDestroy());
    const alive = await allowing();
    const { agent, call } = await checkedBy(broken.address, alive.address);
    expect(await call()).toMatchObject({
      status: 503,
      body: expect.stringMatching(/^external authorization failed: /),
    });
    expect([alive.seen, agent.seen]).toEqual([[], []]);
  });
});
