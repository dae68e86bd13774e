import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import * as onNode from "../../src/discovery/http-node.ts";
import * as onWeb from "../../src/discovery/http-web.ts";
import { type LoopbackServer, startServer } from "./loopback-server.ts";

const servers: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function start(...listener: Parameters<typeof startServer>): Promise<LoopbackServer> {
  const server = await startServer(...listener);
  servers.push(server);
  return server;
}

describe.each([
  ["node", onNode.createGuardedTransport],
  ["web", onWeb.createGuardedTransport],
])("requests to addresses that others name, on %s", (_name, createGuardedTransport) => {
  const send = createGuardedTransport({ development: true });

  it("go out as they are, and come back read", async () => {
    const server = await start(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.setHeader("x-seen", `${request.method} ${request.headers["x-mine"]}`);
      response.writeHead(request.url === "/none" ? 204 : 403).end(Buffer.concat(chunks));
    });
    const body = new TextEncoder().encode("text");
    const headers = { "x-mine": "1" };
    const answer = await send(`${server.origin}/revoke`, { method: "POST", headers, body });
    expect([answer.status, answer.headers.get("x-seen"), await answer.text()]).toEqual([
      403,
      "POST 1",
      "text",
    ]);
    const none = await send(`${server.origin}/none`, { method: "DELETE", headers });
    expect([none.status, await none.text()]).toEqual([204, ""]);
  });

  it("read no more than 64 KiB", async () => {
    const server = await start((_request, response) => void response.end("x".repeat(65_537)));
    const sent = send(`${server.origin}/`, {
      method: "GET",
      headers: {},
      signal: AbortSignal.timeout(5_000),
    });
    await expect(sent).rejects.toThrow(RangeError);
  });

  it("go to no loopback, private or plain address outside of development", async () => {
    const server = await start((_request, response) => void response.end());
    const guarded = createGuardedTransport({ development: false });
    for (const url of [
      `${server.origin}/`,
      "https://127.0.0.1/",
      "https://10.0.0.7/",
      "http://resource.example/",
    ]) {
      const sent = guarded(url, { method: "POST", headers: {} });
      await expect(sent, url).rejects.toMatchObject({ code: "discovery_blocked" });
    }
    expect(server.requests).toEqual([]);
  });
});

describe("a name that leads to a forbidden network", () => {
  it("is not connected to", async () => {
    const server = await start((_request, response) => void response.end());
    const guarded = onNode.createGuardedTransport({ development: false });
    const sent = guarded(`https://localhost:${server.port}/`, { method: "POST", headers: {} });
    await expect(sent).rejects.toMatchObject({ code: "discovery_blocked" });
    expect(server.connections()).toBe(0);
  });
});

/** A raw TCP server that keeps its side of each connection open. */
async function startRaw(serve: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    serve(socket);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

describe("a host that keeps to no rule", () => {
  const send = onNode.createGuardedTransport({ development: true });

  it("X19: and answers 101 has not answered", async () => {
    const { url } = await startRaw((socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")),
    );
    const sent = send(url, { method: "GET", headers: {}, signal: AbortSignal.timeout(2_000) });
    await expect(sent).rejects.toThrow("closed without an answer");
  }, 5_000);

  it("X21: and answers before it has read the request loses its connection", async () => {
    const { url, sockets } = await startRaw((socket) => {
      socket.pause();
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    // More than the system buffers.
    const body = new Uint8Array(32_000_000);
    const answer = await send(url, { method: "POST", headers: {}, body });
    expect(await answer.text()).toBe("{}");
    const [socket] = sockets;
    await once(socket!.resume(), "close");
    expect(socket!.bytesRead).toBeLessThan(body.byteLength);
  }, 5_000);
});
