import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type FakeAnswer, type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  type GatewayUnderTest,
  isRealGateway,
  oneRoute,
  startGateway,
  type TestLimits,
} from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const KIB = 1024;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Two agents by host: `stuck` at the given address, and one that answers. */
async function setUp(stuck: string, options: { policies?: object; limits?: TestLimits } = {}) {
  const well = await startFakeServer();
  cleanUps.push(() => well.close());
  const route = (name: string, host: string, policies: object) => ({
    name,
    hostnames: [name],
    policies,
    backends: [{ host }],
  });
  const gateway = await startGateway(
    {
      binds: [
        {
          listeners: [
            {
              name: "main",
              routes: [route("stuck", stuck, options.policies ?? {}), route("well", well.address, {})],
            },
          ],
        },
      ],
    },
    { limits: { maxBodyBytes: 256 * KIB, maxHeldBodyBytes: 2048 * KIB, ...options.limits } },
  );
  cleanUps.push(() => gateway.close());
  return { gateway, well };
}

/** Takes connections and never reads from them. */
async function deafServer(): Promise<string> {
  const server = createTcpServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function heldBytes({ statsUrl }: GatewayUnderTest): Promise<number> {
  const text = await (await fetch(`${statsUrl}/metrics`)).text();
  return Number(/^agentgateway_held_body_bytes (\d+)$/m.exec(text)?.[1]);
}

async function until(condition: () => Promise<boolean> | boolean) {
  for (let attempt = 0; !(await condition()); attempt++) {
    if (attempt > 200) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const post = ({ port }: GatewayUnderTest, host: string, bytes: number) =>
  send({ port, method: "POST", host, body: "x".repeat(bytes) });

describe.skipIf(isRealGateway)("an agent that takes nothing", () => {
  test("bodies for it are held up to half of the bound; more is 503, others are served, a timeout frees them", async () => {
    const { gateway, well } = await setUp(await deafServer(), {
      // The operating system takes a part of each: 240 KiB do not fit into its buffers and one chunk.
      policies: { timeout: { requestTimeout: "1500ms" } },
      limits: { maxHeldBodyBytes: 1024 * KIB },
    });
    const started = Array.from({ length: 60 }, () => post(gateway, "stuck", 250 * KIB));
    const early: { status: number; body: string }[] = [];
    for (const answer of started) void answer.then((answered) => early.push(answered));
    await until(() => early.length > 0);
    expect(early[0]).toMatchObject({ status: 503, body: expect.stringContaining("bodies are being held") });
    expect(await heldBytes(gateway)).toBeLessThanOrEqual(512 * KIB);

    expect((await post(gateway, "well", 200 * KIB)).status).toBe(200);
    expect(well.seen.map(({ body }) => body.length)).toEqual([200 * KIB]);

    const statuses = (await Promise.all(started)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503, 504]));
    await until(async () => (await heldBytes(gateway)) === 0);
  });

  test("what it has taken is held no longer, answer or not", async () => {
    const silent = await startFakeServer(() => {});
    cleanUps.push(() => silent.close());
    const { gateway } = await setUp(silent.address);
    const waiting = Array.from({ length: 12 }, () => post(gateway, "stuck", 250 * KIB));
    for (const answer of waiting) answer.catch(() => {});
    await until(() => silent.seen.length === 12);
    expect(silent.seen.every(({ body }) => body === "x".repeat(250 * KIB))).toBe(true);
    await until(async () => (await heldBytes(gateway)) === 0);
  });

  test("no more than so many requests wait for it", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    cleanUps.push(
      () => silent.closeAllConnections(),
      () => silent.close(),
    );
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { gateway } = await setUp(address, {
      policies: { timeout: { requestTimeout: "800ms" } },
      limits: { maxUpstreamRequests: 2 },
    });
    const get = () => send({ port: gateway.port, host: "stuck" });
    const sent = [get(), get(), get()];
    // The other two are not answered before their time is over.
    expect(await Promise.race(sent)).toMatchObject({
      status: 503,
      body: "upstream call failed: too many requests are under way",
    });
    expect((await send({ port: gateway.port, host: "well" })).status).toBe(200);
    expect((await Promise.all(sent)).map(({ status }) => status).sort()).toEqual([503, 504, 504]);
    // Both places are free again.
    const next = [get(), get()];
    expect((await Promise.all(next)).map(({ status }) => status)).toEqual([504, 504]);
  });
});

describe.skipIf(isRealGateway)("what is over is held no longer, and its place is free", () => {
  const card = "/.well-known/agent-card.json";
  test.each<[string, string, FakeAnswer]>([
    ["an answer", "/", (_, response) => void response.end("ok")],
    ["an empty answer", "/", (_, response) => void response.writeHead(204).end()],
    ["a card", card, (_, response) => void response.end('{"url":"http://x"}')],
    ["a card that is none", card, (_, response) => void response.end("x")],
    ["a connection that breaks off", "/", (_, response) => void response.destroy()],
    [
      "an answer that breaks off",
      "/",
      (_, response) => {
        response.writeHead(200, { "content-length": "10" });
        response.write("half", () => setTimeout(() => response.destroy(), 20));
      },
    ],
  ])("%s", async (_name, path, answer) => {
    const agent = await startFakeServer(answer);
    cleanUps.push(() => agent.close());
    const { gateway } = await setUp(agent.address, {
      policies: { a2a: {} },
      limits: { maxUpstreamRequests: 1 },
    });
    for (let round = 1; round <= 3; round++) {
      await send({
        port: gateway.port,
        host: "stuck",
        path,
        body: "x".repeat(10 * KIB),
      }).catch(() => {});
      await until(async () => (await heldBytes(gateway)) === 0);
      expect(agent.seen).toHaveLength(round);
    }
  });
});

describe.skipIf(isRealGateway)("before the check has answered", () => {
  async function beforeCheck(): Promise<{
    gateway: GatewayUnderTest;
    check: FakeServer;
    answers: (() => void)[];
  }> {
    const answers: (() => void)[] = [];
    const check = await startFakeServer((_, response) => {
      answers.push(() => response.writeHead(401, { "agent-auth": "httpsig" }).end("sign first"));
    });
    cleanUps.push(() => check.close());
    const extAuthz = { host: check.address, protocol: { http: {} } };
    const { gateway } = await setUp("127.0.0.1:9", { policies: { extAuthz } });
    return { gateway, check, answers };
  }

  test("a long body stays with its caller, a short one is read", async () => {
    const { gateway, answers } = await beforeCheck();
    const long = post(gateway, "stuck", 250 * KIB);
    await until(() => answers.length === 1);
    expect(await heldBytes(gateway)).toBe(0);
    const short = post(gateway, "stuck", 10 * KIB);
    await until(async () => answers.length === 2 && (await heldBytes(gateway)) === 10 * KIB);
    for (const answer of answers) answer();
    expect((await Promise.all([long, short])).map(({ status }) => status)).toEqual([401, 401]);
    await until(async () => (await heldBytes(gateway)) === 0);
  });

  test("a caller that waits to be told is told when its body is wanted, and not where it is refused", async () => {
    const { gateway, answers } = await beforeCheck();
    const told = (bytes: number, host: string) => {
      const socket = connect(gateway.port, "127.0.0.1");
      cleanUps.push(() => socket.destroy());
      let received = "";
      socket.on("data", (data) => {
        received += data;
      });
      socket.write(
        `POST / HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`,
      );
      return { socket, received: () => received };
    };
    const long = told(250 * KIB, "stuck");
    await until(() => answers.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(long.received()).toBe("");
    answers[0]!();
    await until(() => long.received().endsWith("sign first"));
    expect(long.received()).toMatch(/^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is);

    const tooLong = told(300 * KIB, "well");
    await until(() => tooLong.received().endsWith("request body too large"));
    expect(tooLong.received()).toMatch(/^HTTP\/1\.1 413 /);

    const wanted = told(200 * KIB, "well");
    await until(() => wanted.received() === "HTTP/1.1 100 Continue\r\n\r\n");
    wanted.socket.write("x".repeat(200 * KIB));
    await until(() => /\r\n\r\nHTTP\/1\.1 200 OK\r\n.*ok$/s.test(wanted.received()));
  });

  test("a refused caller can read the challenge to the end, and goes on with the same connection", async () => {
    const { gateway, answers } = await beforeCheck();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanUps.push(() => agent.destroy());
    const ports: (number | undefined)[] = [];
    for (let round = 0; round < 2; round++) {
      const outgoing = request({
        port: gateway.port,
        host: "127.0.0.1",
        method: "POST",
        headers: { host: "stuck", "content-length": 250 * KIB },
        agent,
      });
      // The head and a part of the body; the rest only after the refusal.
      outgoing.write("x".repeat(100 * KIB));
      await until(() => answers.length === round + 1);
      answers[round]!();
      const [incoming] = await once(outgoing, "response");
      expect(incoming.statusCode).toBe(401);
      expect(incoming.headers["agent-auth"]).toBe("httpsig");
      ports.push(outgoing.socket?.localPort);
      outgoing.end("x".repeat(150 * KIB));
      incoming.resume();
      await once(incoming, "end");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(ports[0]).toBe(ports[1]);
  });
});

test.skipIf(isRealGateway)(
  "a caller that leaves in the middle of its body frees what it has sent",
  async () => {
    const { gateway } = await setUp("127.0.0.1:9");
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(
      `POST / HTTP/1.1\r\nHost: stuck\r\nContent-Length: ${200 * KIB}\r\n\r\n${"x".repeat(100 * KIB)}`,
    );
    await until(async () => (await heldBytes(gateway)) === 100 * KIB);
    socket.destroy();
    await until(async () => (await heldBytes(gateway)) === 0);
  },
);

test.skipIf(isRealGateway)("connections beyond the bound are closed", async () => {
  const agent = await startFakeServer();
  cleanUps.push(() => agent.close());
  const gateway = await startGateway(oneRoute(agent.address), { limits: { maxConnections: 2 } });
  cleanUps.push(() => gateway.close());
  const sockets = [1, 2].map(() => connect(gateway.port, "127.0.0.1"));
  cleanUps.push(() => sockets.map((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await expect(send({ port: gateway.port })).rejects.toThrow();
  sockets[0]!.destroy();
  await until(async () => (await send({ port: gateway.port }).catch(() => undefined))?.status === 200);
});
