import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { networkOf } from "../../../src/service/http/connection-limit.ts";
import { createBoundedServer, nameProxies } from "../../../src/service/index.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const answer: RequestListener = (request, response) => {
  request.resume().on("end", () => response.end("ok"));
};

async function start(
  options: Parameters<typeof createBoundedServer>[0],
  listener = answer,
  host = "127.0.0.1",
) {
  const server = createBoundedServer(options, listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return server;
}

/** A connection from another address, once the server has accepted it. */
async function call(server: Server, from = "127.0.0.2", text = ""): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: from.includes(":") ? "::1" : "127.0.0.1", localAddress: from });
  socket.on("error", () => {}).resume();
  cleanUps.push(() => socket.destroy());
  await Promise.all([once(socket, "connect"), once(server, "connection")]);
  if (text !== "") socket.write(text);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return socket;
}

const isOpen = async (socket: Socket) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return !socket.destroyed && !socket.readableEnded;
};
const openOf = async (sockets: readonly Socket[]) => Promise.all(sockets.map(isOpen));

const PARTS: Record<string, string> = {
  nothing: "",
  "part of a head": "POST / HTTP/1.1\r\nHost: a\r\nX-Lo",
  "a head": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
  "part of a body": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc",
  "a request, and nothing more": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "a request, and part of another": "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /",
};

test.each(Object.entries(PARTS))(
  "A12: a caller that sends %s is cut off at the deadline",
  async (_name, text) => {
    const server = await start({
      headersTimeout: 100,
      requestTimeout: 150,
      keepAliveTimeout: 100,
      keepAliveTimeoutBuffer: 0,
      connectionsCheckingInterval: 20,
    } as object);
    const socket = await call(server, "127.0.0.1", text);
    await Promise.race([
      once(socket, "close"),
      new Promise((_, reject) => setTimeout(() => reject(new Error("it is still open")), 2000)),
    ]);
  },
);

test("A12: the deadlines are those of the service, and are looked at every second", async () => {
  expect(await start({})).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 10_000,
    connectionsCheckingInterval: 1000,
  });
});

test("an event stream and a slow answer outlive every deadline", async () => {
  const server = await start(
    { headersTimeout: 50, requestTimeout: 50, keepAliveTimeout: 50, connectionsCheckingInterval: 10 },
    ({ url }, response) => {
      if (url === "/events") response.write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 500);
    },
  );
  const { port } = server.address() as AddressInfo;
  for (const path of ["events", "slow"]) {
    expect(await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()).toContain("data: 2");
  }
});

test("A12: an address has an eighth of the connections, and its own oldest silent one makes room", async () => {
  const server = await start({ maxConnections: 16 });
  const [first, second, third] = [await call(server), await call(server), await call(server)] as const;
  const other = await call(server, "127.0.0.3");
  expect(await openOf([first, second, third, other])).toEqual([false, true, true, true]);
});

test("A12: a request in progress keeps its connection, a body in progress does not", async () => {
  const server = await start({ maxConnections: 16 }, () => {});
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const busy = [await call(server, "127.0.0.2", get), await call(server, "127.0.0.2", get)];
  const refused = await call(server);
  expect(await openOf([...busy, refused])).toEqual([true, true, false]);

  const sending = [
    await call(server, "127.0.0.3", PARTS["part of a body"]),
    await call(server, "127.0.0.3", PARTS["part of a body"]),
  ];
  const taken = await call(server, "127.0.0.3");
  expect(await openOf([...sending, taken])).toEqual([false, true, true]);
});

test("A12: silent connections of many addresses do not keep others out", async () => {
  const server = await start({ maxConnections: 8 });
  const silent = [];
  for (let host = 2; host < 10; host++) silent.push(await call(server, `127.0.0.${host}`));
  expect(await openOf(silent)).toEqual(Array(8).fill(true));
  const { port } = server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  expect((await openOf(silent)).filter(Boolean)).toHaveLength(7);
});

test("A12: 127.0.0.1 and ::1 have no separate limit, other addresses have one if they are named", async () => {
  const server = await start({ maxConnections: 8 }, answer, "::");
  const local = [
    await call(server, "127.0.0.1"),
    await call(server, "127.0.0.1"),
    await call(server, "::1"),
    await call(server, "::1"),
  ];
  expect(await openOf(local)).toEqual([true, true, true, true]);
  nameProxies(server, ["127.0.0.2"]);
  const named = [await call(server, "127.0.0.2"), await call(server, "127.0.0.2")];
  expect(await openOf(named)).toEqual([true, true]);
  const next = await call(server, "127.0.0.1");
  expect(await openOf([...local, next])).toEqual([false, true, true, true, true]);
});

test.each([
  ["127.0.0.2", "127.0.0.2"],
  ["::ffff:127.0.0.2", "127.0.0.2"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["2001:db8::", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
])("A12: a caller at %s has the addresses of %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
