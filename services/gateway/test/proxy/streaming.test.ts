import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type GatewayUnderTest,
  isRealGateway,
  oneRoute,
  startGateway,
  type TestLimits,
} from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A gateway before an agent whose answers the test writes. */
async function setUp(
  answer: (response: ServerResponse, message: IncomingMessage) => void,
  policies: object = {},
  limits: TestLimits = {},
): Promise<GatewayUnderTest> {
  const server = createServer((message, response) => {
    message.resume();
    answer(response, message);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const gateway = await startGateway(
    oneRoute(`127.0.0.1:${(server.address() as AddressInfo).port}`, policies),
    { limits },
  );
  cleanUps.push(() => gateway.close());
  return gateway;
}

async function open(port: number): Promise<{ outgoing: ClientRequest; incoming: IncomingMessage }> {
  const outgoing = request({ host: "127.0.0.1", port, headers: { host: "a" }, agent: false });
  outgoing.on("error", () => {});
  outgoing.end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return { outgoing, incoming };
}

describe("responses stream", () => {
  // Metadata of a2a and extAuthz by header must not make the gateway buffer the stream.
  test.each([
    ["plain", {}],
    ["with a2a", { a2a: {} }],
  ])("events arrive one by one, %s", async (_name, policies) => {
    let stream!: ServerResponse;
    const gateway = await setUp((response) => {
      stream = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
    }, policies);
    // The head arrives before any event is sent.
    const { incoming } = await open(gateway.port);
    expect(incoming.headers["content-type"]).toBe("text/event-stream");
    incoming.setEncoding("utf8");
    for (const event of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
      stream.write(event);
      // The next event is only sent when this one has arrived: a buffering gateway would wait
      // forever.
      const [text] = await once(incoming, "data");
      expect(text).toBe(event);
    }
    stream.end();
    await once(incoming, "end");
    expect(incoming.complete).toBe(true);
  });

  test("a caller that leaves ends the call to the agent", async () => {
    let agentSawClose!: Promise<unknown>;
    const gateway = await setUp((response) => {
      agentSawClose = once(response, "close");
      response.writeHead(200);
      response.write("data");
    });
    const { outgoing, incoming } = await open(gateway.port);
    await once(incoming, "data");
    outgoing.destroy();
    await agentSawClose;
  });

  test("a caller that leaves before the answer ends the call too", async () => {
    let arrived!: (value: Promise<unknown>) => void;
    const arrival = new Promise<Promise<unknown>>((resolve) => {
      arrived = (closed) => resolve([closed] as never);
    });
    const gateway = await setUp((response) => arrived(once(response, "close")));
    const outgoing = request({ host: "127.0.0.1", port: gateway.port, headers: { host: "a" }, agent: false });
    outgoing.on("error", () => {});
    outgoing.end();
    const [closed] = (await arrival) as unknown as [Promise<unknown>];
    outgoing.destroy();
    await closed;
  });

  test("an agent that breaks off in the middle is not made to look whole", async () => {
    const gateway = await setUp((response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half");
      setImmediate(() => response.destroy());
    });
    await expect(send({ port: gateway.port })).rejects.toThrow();
    if (isRealGateway) return;
    await vi.waitFor(() => expect(gateway.lines.at(-1)).toMatch(/http\.status=200 .*error="response cut: /));
  });

  test("a slow reader holds the agent back and gets everything", async () => {
    const chunk = Buffer.alloc(65_536, "x");
    const total = 400;
    let written = 0;
    let wasHeldBack = false;
    const gateway = await setUp((response) => {
      response.writeHead(200);
      const more = () => {
        while (written < total) {
          written++;
          if (!response.write(chunk)) {
            response.once("drain", more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const { incoming } = await open(gateway.port);
    incoming.pause();
    // Waits until no more bytes move: those written are then in socket buffers.
    for (let last = -1; last !== written; ) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    wasHeldBack = written < total;
    let received = 0;
    incoming.on("data", (part: Buffer) => {
      received += part.length;
    });
    incoming.resume();
    await once(incoming, "end");
    expect(wasHeldBack).toBe(true);
    expect(received).toBe(total * chunk.length);
  });

  test.skipIf(isRealGateway)("a reader that has stopped is cut after the idle limit", async () => {
    let closed!: Promise<unknown>;
    const gateway = await setUp(
      (response) => {
        closed = once(response, "close");
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
          response.once("drain", more);
        };
        more();
      },
      {},
      { idleTimeoutMs: 300 },
    );
    const { incoming } = await open(gateway.port);
    incoming.on("error", () => {});
    incoming.pause();
    await closed;
  });
});

describe("time limits", () => {
  test.skipIf(isRealGateway)("an agent that does not answer", async () => {
    const gateway = await setUp(() => {}, {}, { upstreamHeadersTimeoutMs: 100 });
    const { status, body } = await send({ port: gateway.port });
    expect([status, body]).toEqual([503, "upstream call failed: UND_ERR_HEADERS_TIMEOUT"]);
  });

  test.skipIf(isRealGateway)("a stream that falls silent is cut after the idle limit", async () => {
    const gateway = await setUp(
      (response) => {
        response.writeHead(200);
        response.write("x");
      },
      {},
      { idleTimeoutMs: 200 },
    );
    await expect(send({ port: gateway.port })).rejects.toThrow();
  });
});
