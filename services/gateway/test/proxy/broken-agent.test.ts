import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send, sendRaw } from "../support/http-client.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A gateway before an agent that answers every request with the given bytes. */
async function setUp(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const gateway = await startGateway(oneRoute(`127.0.0.1:${port}`));
  cleanUps.push(
    () => server.close(),
    () => gateway.close(),
    () => {
      for (const socket of sockets) socket.destroy();
    },
  );
  return gateway;
}

/** The answer has a reason, but no address. */
const FAILED = isRealGateway
  ? /^upstream call failed: (?!.*127\.0\.0\.1)/
  : /^upstream call failed: (?:[A-Z_]+|HTTPParserError)$/;

const says = (text: string) => (socket: Socket) => void socket.end(text, "latin1");

describe("an agent whose answer has no valid head: 503 with a reason, and no part of the answer", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["closes", (socket) => socket.end()],
    ["resets", (socket) => socket.resetAndDestroy()],
    ["speaks another protocol", says("220 mail.test ESMTP\r\n")],
    ["breaks off in its head", says("HTTP/1.1 200 OK\r\nx: 1\r\n")],
    ["sends two lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")],
    ["sends a NUL in a field", says("HTTP/1.1 200 OK\r\nx: a\0b\r\nContent-Length: 0\r\n\r\n")],
  ])("%s", async (_name, answer) => {
    const gateway = await setUp(answer);
    const response = await send({ port: gateway.port });
    expect([response.status, response.body]).toEqual([503, expect.stringMatching(FAILED)]);
  });

  // Agentgateway has larger limits and uses the chunks.
  test.skipIf(isRealGateway).each([
    ["sends a head that is too large", `200 OK\r\nx: ${"x".repeat(80_000)}\r\n\r\n`],
    [
      "sends length and chunks",
      "200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
    ["sends 100, which was not expected", "100 Continue\r\n\r\n"],
    ["changes the protocol", "101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
  ])("%s", async (_name, rest) => {
    const gateway = await setUp(says(`HTTP/1.1 ${rest}`));
    const response = await send({ port: gateway.port });
    expect([response.status, response.body]).toEqual([503, expect.stringMatching(FAILED)]);
  });
});

test.skipIf(isRealGateway)("informational responses are dropped, and the final one is used", async () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  const gateway = await setUp(
    says(`${hints}HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal`),
  );
  const answer = await sendRaw(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*link).*\r\n\r\nfinal$/is);
});

describe("an agent whose body contradicts its head", () => {
  test("bytes after the body are not read as a second answer", async () => {
    const hidden = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden";
    const gateway = await setUp(says(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc${hidden}`));
    const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const answers = await sendRaw(gateway.port, request + last);
    expect(answers).not.toContain("hidden");
  });

  test.each([204, 304])("a %i has no body, whatever follows", async (status) => {
    const gateway = await setUp(says(`HTTP/1.1 ${status} X\r\nContent-Length: 3\r\n\r\nabc`));
    const answer = await sendRaw(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(answer).not.toContain("abc");
    // A 304 states the body's length; after a 204 with a length a caller could wait for a body.
    if (!isRealGateway) expect(/content-length: 3/i.test(answer)).toBe(status === 304);
  });
});
