import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { extAuthz, isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send, sendRaw } from "../support/http-client.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A gateway before an agent that speaks the given bytes to whatever it is asked, on connections that it keeps. */
async function setUp(answer: (socket: Socket, request: string) => void, policies: object = {}) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay().on("error", () => {}));
    socket.on("data", (data) => answer(socket, data.toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = await startGateway(oneRoute(`127.0.0.1:${port}`, policies));
  cleanUps.push(
    () => server.close(),
    () => gateway.close(),
    () => {
      for (const socket of sockets) socket.destroy();
    },
  );
  return { gateway, connections: () => sockets.size };
}

/** A gateway whose check service speaks the given bytes to whatever it is asked. */
async function setUpCheck(text: string) {
  const check = createServer((socket) => {
    socket.on("error", () => {}).on("data", () => socket.write(text));
  });
  check.listen(0, "127.0.0.1");
  await once(check, "listening");
  cleanUps.push(() => check.close());
  const host = `127.0.0.1:${(check.address() as AddressInfo).port}`;
  return setUp(() => {}, { extAuthz: extAuthz(host) });
}

const PROCESSING = "HTTP/1.1 102 Processing\r\n\r\n";
const HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX: 1\r\n\r\n";
const FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

const answerOf = async (port: number) => {
  const { status, body, headers } = await send({ port });
  return [status, body, headers.link];
};

describe.skipIf(isRealGateway)("informational responses", () => {
  test.each([
    ["103", HINTS],
    ["several", HINTS + PROCESSING + HINTS],
  ])("%s: dropped, the final one counts", async (_name, before) => {
    const { gateway, connections } = await setUp((socket) => socket.write(`${before}${FINAL}final`));
    expect(await answerOf(gateway.port)).toEqual([200, "final", undefined]);
    expect(await answerOf(gateway.port)).toEqual([200, "final", undefined]);
    expect(connections()).toBe(1);
  });

  test("a caller gets none of them, whatever it has expected", async () => {
    const { gateway } = await setUp((socket) => socket.write(`${HINTS}${PROCESSING}${FINAL}final`));
    const call = (more: string) =>
      sendRaw(gateway.port, `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}`);
    expect(await call("\r\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nfinal$/s);
    const expecting = await call("Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    expect(expecting).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n.*\r\n\r\nfinal$/s);
  });

  test("from a check service: its final answer decides", async () => {
    const refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";
    const { gateway } = await setUpCheck(HINTS + refusal);
    expect((await answerOf(gateway.port)).slice(0, 2)).toEqual([401, "no"]);
  });
});

describe.skipIf(isRealGateway)("an agent that announces and never answers", () => {
  test.each([
    ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["101, which would be another protocol", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
  ])("%s is no answer, and none is waited for", async (_name, text) => {
    const { gateway } = await setUp((socket) => socket.write(text));
    expect(await answerOf(gateway.port)).toEqual([503, expect.stringMatching(/^upstream/), undefined]);
  });
});
