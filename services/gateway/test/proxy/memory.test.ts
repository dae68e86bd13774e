import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type FakeAnswer, type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  extAuthz as extAuthzTo,
  type GatewayUnderTest,
  isRealGateway,
  listener,
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
  const listeners = [
    listener("stuck", stuck, options.policies, "stuck"),
    listener("well", well.address, {}, "well"),
  ];
  const gateway = await startGateway(
    { binds: [{ listeners }] },
    { limits: { maxBodyBytes: 256 * KIB, maxHeldBodyBytes: 2048 * KIB, ...options.limits } },
  );
  cleanUps.push(() => gateway.close());
  return { gateway, well };
}

/** Accepts connections and never reads from them. */
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

async function until(condition: () => Promise<boolean> | boolean) {
  for (let attempt = 0; !(await condition()); attempt++) {
    if (attempt > 200) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const post = ({ port }: GatewayUnderTest, host: string, bytes: number) =>
  send({ port, method: "POST", host, body: "x".repeat(bytes) });

describe.skipIf(isRealGateway)("an agent that reads nothing", () => {
  test("bodies for it are held up to half of the bound; more is 503, others are served, a caller that leaves frees its own", async () => {
    const { gateway, well } = await setUp(await deafServer(), {
      // The operating system buffers a part of each: 240 KiB do not fit into its buffers and one
      // chunk.
      limits: { maxHeldBodyBytes: 1024 * KIB },
    });
    const early: string[] = [];
    const callers = Array.from({ length: 60 }, () => {
      const socket = connect(gateway.port, "127.0.0.1").on("error", () => {});
      cleanUps.push(() => socket.destroy());
      socket.on("data", (data) => early.push(data.toString("latin1")));
      const length = 250 * KIB;
      socket.write(
        `POST / HTTP/1.1\r\nHost: stuck\r\nContent-Length: ${length}\r\n\r\n${"x".repeat(length)}`,
      );
      return socket;
    });
    await until(() => early.length > 0);
    expect(early[0]).toMatch(/^HTTP\/1\.1 503 .*bodies are being held/s);
    expect(gateway.heldBodyBytes()).toBeLessThanOrEqual(512 * KIB);

    expect((await post(gateway, "well", 200 * KIB)).status).toBe(200);
    expect(well.seen.map(({ body }) => body.length)).toEqual([200 * KIB]);

    for (const socket of callers) socket.destroy();
    await until(() => gateway.heldBodyBytes() === 0);
  });

  test("bytes that it has read are released, answer or not", async () => {
    const silent = await startFakeServer(() => {});
    cleanUps.push(() => silent.close());
    const { gateway } = await setUp(silent.address);
    const waiting = Array.from({ length: 12 }, () => post(gateway, "stuck", 250 * KIB));
    for (const answer of waiting) answer.catch(() => {});
    await until(() => silent.seen.length === 12);
    expect(silent.seen.every(({ body }) => body === "x".repeat(250 * KIB))).toBe(true);
    await until(() => gateway.heldBodyBytes() === 0);
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
      limits: { maxUpstreamRequests: 2, upstreamHeadersTimeoutMs: 800 },
    });
    const get = () => send({ port: gateway.port, host: "stuck" });
    const sent = [get(), get(), get()];
    // The other two are only answered after their time limit.
    expect(await Promise.race(sent)).toMatchObject({
      status: 503,
      body: "upstream call failed: too many requests are in progress",
    });
    expect((await send({ port: gateway.port, host: "well" })).status).toBe(200);
    const late = "upstream call failed: UND_ERR_HEADERS_TIMEOUT";
    expect((await Promise.all(sent)).filter(({ body }) => body === late)).toHaveLength(2);
    // Both places are free again.
    expect((await Promise.all([get(), get()])).map(({ body }) => body)).toEqual([late, late]);
  });
});

describe.skipIf(isRealGateway)("ended requests are released, with their place", () => {
  const card = "/.well-known/agent-card.json";
  test.each<[string, string, FakeAnswer]>([
    ["an answer", "/", (_, response) => void response.end("ok")],
    ["a card", card, (_, response) => void response.end('{"url":"http://x"}')],
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
      await until(() => gateway.heldBodyBytes() === 0);
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
    const extAuthz = extAuthzTo(check.address);
    const { gateway } = await setUp("127.0.0.1:9", { policies: { extAuthz } });
    return { gateway, check, answers };
  }

  test("A7: a body stays with its caller, long or short", async () => {
    const { gateway, answers } = await beforeCheck();
    const long = post(gateway, "stuck", 250 * KIB);
    await until(() => answers.length === 1);
    const short = post(gateway, "stuck", 10 * KIB);
    await until(() => answers.length === 2);
    expect(gateway.heldBodyBytes()).toBe(0);
    for (const answer of answers) answer();
    expect((await Promise.all([long, short])).map(({ status }) => status)).toEqual([401, 401]);
    await until(() => gateway.heldBodyBytes() === 0);
  });

  test("a caller that expects 100 gets it when its body is wanted, and not where it is refused", async () => {
    const { gateway, answers } = await beforeCheck();
    const expecting = (bytes: number, host: string) => {
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
    const long = expecting(250 * KIB, "stuck");
    await until(() => answers.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(long.received()).toBe("");
    answers[0]!();
    await until(() => long.received().endsWith("sign first"));
    expect(long.received()).toMatch(/^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is);

    const tooLong = expecting(300 * KIB, "well");
    await until(() => tooLong.received().endsWith("request body too large"));
    expect(tooLong.received()).toMatch(/^HTTP\/1\.1 413 /);

    const wanted = expecting(200 * KIB, "well");
    await until(() => wanted.received() === "HTTP/1.1 100 Continue\r\n\r\n");
    wanted.socket.write("x".repeat(200 * KIB));
    await until(() => /\r\n\r\nHTTP\/1\.1 200 OK\r\n.*ok$/s.test(wanted.received()));
  });

  test("a refused caller can read the challenge to the end, and continues on the same connection", async () => {
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

describe.skipIf(isRealGateway)("callers that the check has not named", () => {
  /**
   * The check identifies callers with the test's field, as `gateway-authz` identifies those that
   * have signed.
   */
  async function named(): Promise<{ gateway: GatewayUnderTest; agent: FakeServer }> {
    const check = await startFakeServer(({ headers }, response) => {
      const claims = headers["x-name"] === undefined ? {} : { scheme: "Jwks", agent: headers["x-name"] };
      const { "x-key": key } = headers;
      response
        .setHeader("x-aauth-claims", JSON.stringify(key === undefined ? claims : { scheme: "Hwk" }))
        .end();
    });
    const agent = await startFakeServer();
    cleanUps.push(
      () => check.close(),
      () => agent.close(),
    );
    const http = { metadata: { aauth: 'json(response.headers["x-aauth-claims"])' } };
    const extAuthz = extAuthzTo(check.address, http, { includeRequestHeaders: ["x-name", "x-key"] });
    const { gateway } = await setUp(agent.address, { policies: { extAuthz } });
    return { gateway, agent };
  }
  const call = (gateway: GatewayUnderTest, bytes: number, headers: Record<string, string> = {}) =>
    send({ port: gateway.port, method: "POST", host: "stuck", headers, body: "x".repeat(bytes) });

  test("A7: have at most 64 KiB for a body, signed with a key alone or unsigned", async () => {
    const { gateway, agent } = await named();
    expect((await call(gateway, 64 * KIB)).status).toBe(200);
    expect(await call(gateway, 65 * KIB)).toMatchObject({ status: 413, body: "request body too large" });
    expect((await call(gateway, 65 * KIB, { "x-key": "1" })).status).toBe(413);
    expect((await call(gateway, 250 * KIB, { "x-name": "http://a.test" })).status).toBe(200);
    expect(agent.seen.map(({ body }) => body.length)).toEqual([64 * KIB, 250 * KIB]);
  });

  test("A7: with endless bodies exclude neither named callers nor other addresses", async () => {
    const { gateway } = await named();
    const head = (host: string, bytes: number) =>
      `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`;
    const slow = Array.from({ length: 20 }, () => {
      const socket = connect(gateway.port, "127.0.0.1").on("error", () => {});
      cleanUps.push(() => socket.destroy());
      socket.write(head("stuck", 60 * KIB) + "x".repeat(50 * KIB));
      return socket;
    });
    // 2 MiB may be held: an eighth for all unidentified callers, about half of that for one
    // address.
    await until(() => gateway.heldBodyBytes() > 64 * KIB);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(gateway.heldBodyBytes()).toBeLessThan(180 * KIB);
    expect(await call(gateway, 40 * KIB)).toMatchObject({ status: 503 });
    expect((await call(gateway, 250 * KIB, { "x-name": "http://a.test" })).status).toBe(200);

    const elsewhere = connect({ port: gateway.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    cleanUps.push(() => elsewhere.destroy());
    elsewhere.write(head("stuck", 10 * KIB) + "x".repeat(10 * KIB));
    const [answer] = (await once(elsewhere, "data")) as [Buffer];
    expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of slow) socket.destroy();
    await until(() => gateway.heldBodyBytes() === 0);
  });
});

test.skipIf(isRealGateway)("A7: of a refused body no more than 256 KiB is read", async () => {
  const gateway = await startGateway(oneRoute("127.0.0.1:9", { authorization: { rules: ["false"] } }));
  cleanUps.push(() => gateway.close());
  const answerTo = async (bytes: number) => {
    const socket = connect(gateway.port, "127.0.0.1").on("error", () => {});
    cleanUps.push(() => socket.destroy());
    socket.write(`POST / HTTP/1.1\r\nHost: stuck\r\nContent-Length: ${bytes}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString("latin1");
  };
  const read = await answerTo(256 * KIB);
  expect(read).toMatch(/^HTTP\/1\.1 403 /);
  expect(read).not.toMatch(/^connection: close/im);
  expect(await answerTo(256 * KIB + 1)).toMatch(/^connection: close/im);
});

test.skipIf(isRealGateway)("the body of a caller that disconnects halfway is released", async () => {
  const { gateway } = await setUp("127.0.0.1:9");
  const socket = connect(gateway.port, "127.0.0.1");
  socket.write(
    `POST / HTTP/1.1\r\nHost: stuck\r\nContent-Length: ${200 * KIB}\r\n\r\n${"x".repeat(100 * KIB)}`,
  );
  await until(() => gateway.heldBodyBytes() === 100 * KIB);
  socket.destroy();
  await until(() => gateway.heldBodyBytes() === 0);
});

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
