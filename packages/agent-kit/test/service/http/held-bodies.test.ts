import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createLogger, createService } from "../../../src/service/index.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Bodies have 1000 bytes, and 16 of them fit. */
async function start() {
  const lines: string[] = [];
  const logger = createLogger({ service: "tester", destination: { write: (line) => lines.push(line) } });
  const app = createService({ name: "tester", logger, maxBodyBytes: 1000 });
  app.post("/", async ({ body }) => body);
  await app.listen({ host: "127.0.0.1", port: 0 });
  cleanUps.push(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/`, lines };
}

interface Sender {
  readonly socket: Socket;
  received(): string;
}

/** A body of 990 bytes without its last byte. */
async function send(port: number, from: string, bytes = 989): Promise<Sender> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from }).setEncoding("utf8");
  cleanUps.push(() => socket.destroy());
  let received = "";
  socket
    .on("error", () => {})
    .on("data", (text) => {
      received += text;
    });
  await once(socket, "connect");
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 990\r\n\r\n");
  socket.write(`"${"x".repeat(bytes - 1)}`);
  await new Promise((resolve) => setTimeout(resolve, 15));
  return { socket, received: () => received };
}

const post = (url: string) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `"${"x".repeat(900)}"`,
  });

test("A6: bodies that are held back make room, the oldest of the greediest address first", async () => {
  const { port, url, lines } = await start();
  const slow = await send(port, "127.0.0.3", 500);
  const held: Sender[] = [];
  for (let count = 0; count < 20; count++) held.push(await send(port, "127.0.0.2"));
  for (let count = 0; count < 5; count++) expect((await post(url)).status).toBe(200);
  // The callers send 20 times 989 bytes and 500 more, of which 16 000 are held.
  await expect
    .poll(() => held.map(({ received }) => received().slice(9, 12)).join())
    .toMatch(/^(408,){5,6}(,)*$/);
  expect(held[0]!.received()).toMatch(/connection: close.*"detail":"The body came too slowly/is);
  slow.socket.write(`${"x".repeat(489)}"`);
  await expect.poll(slow.received).toMatch(/^HTTP\/1\.1 200 /);
  for (const { socket, received } of held.slice(-5)) {
    socket.write('"');
    await expect.poll(received).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(lines.join("")).not.toMatch(/ERROR|WARN/);
});

test("A6: aborted, completed and disconnected bodies are no longer held", async () => {
  const { port, url } = await start();
  for (let round = 0; round < 3; round++) {
    const held: Sender[] = [];
    for (let count = 0; count < 16; count++) held.push(await send(port, "127.0.0.2"));
    expect(held.map(({ received }) => received())).toEqual(Array(16).fill(""));
    for (const [index, { socket }] of held.entries()) {
      if (index % 2 === 0) socket.destroy();
      else socket.write('"');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect((await post(url)).status).toBe(200);
});
