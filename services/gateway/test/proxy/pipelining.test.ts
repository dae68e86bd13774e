import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type FakeAnswer, startFakeServer } from "../support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A gateway, its agent, and a connection to it. */
async function setUp(answer?: FakeAnswer) {
  const agent = await startFakeServer(answer);
  const gateway = await startGateway(oneRoute(agent.address));
  const socket = connect(gateway.port, "127.0.0.1").on("error", () => {});
  cleanUps.push(
    () => agent.close(),
    () => gateway.close(),
    () => socket.destroy(),
  );
  await once(socket, "connect");
  return { agent, socket };
}

const REQUEST = "GET / HTTP/1.1\r\nHost: agent.test\r\n\r\n";

describe.skipIf(isRealGateway)("requests ahead of their answers, on one connection", () => {
  test("a few are answered, again and again", async () => {
    const { socket, agent } = await setUp();
    let received = "";
    socket.on("data", (data) => {
      received += data;
    });
    for (let round = 1; round <= 4; round++) {
      socket.write(REQUEST.repeat(32));
      const answers = () => received.split("HTTP/1.1 200").length - 1;
      await expect.poll(answers, { timeout: 10_000 }).toBe(32 * round);
    }
    expect(agent.seen).toHaveLength(4 * 32);
  });

  test("of a flood no more are served than the limit, and the connection is cut", async () => {
    const { socket, agent } = await setUp(() => {});
    const closed = new Promise((resolve) => socket.resume().once("close", resolve));
    socket.write(REQUEST.repeat(20_000));
    await closed;
    expect(agent.seen.length).toBeLessThanOrEqual(32);
  });
});
