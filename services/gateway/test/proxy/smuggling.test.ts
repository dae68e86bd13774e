import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lingeringTunnels } from "../../../../packages/agent-kit/test/service/support/lingering-tunnels.ts";
import { type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import {
  type GatewayUnderTest,
  isRealGateway,
  oneRoute,
  startGateway,
} from "../support/gateway-under-test.ts";
import { send, sendRaw } from "../support/http-client.ts";

let agent: FakeServer;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  agent = await startFakeServer();
  gateway = await startGateway(oneRoute(agent.address), {
    limits: { maxBodyBytes: 65_536, requestReadTimeoutMs: 400 },
  });
});
afterAll(async () => {
  await gateway.close();
  await agent.close();
});

const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: agent.test\r\n\r\n";

/**
 * Requests that Agentgateway's parser accepts, or refuses with 503, as docs/reference/gateways.md
 * states.
 */
const TAKEN_BY_AGENTGATEWAY = new Set([
  "length and chunks",
  "a bare LF as line end",
  "a bare LF inside the head",
  "a chunk size with a sign",
  "a chunk without its end",
  "chunks in HTTP/1.0",
  "no host",
  "two hosts",
  "credentials in the host",
  "a path in the host",
  "an absolute target",
  "a fragment in the target",
  "the HTTP/2 preface",
]);

describe("shapes that two parsers read differently never reach the agent", () => {
  const shapes: [string, string][] = [
    [
      "length and chunks",
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      "two lengths",
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    ],
    ["a signed length", `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n${HIDDEN}`],
    [
      "chunked is not last",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      "an unknown coding",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      "a space before the colon",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ["a folded line", `POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Transfer-Encoding: chunked\r\n\r\n${HIDDEN}`],
    ["a NUL in a value", `GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n${HIDDEN}`],
    ["a bare CR in a value", `GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n${HIDDEN}`],
    ["a bare LF as line end", `GET / HTTP/1.1\nHost: a\n\n${HIDDEN}`],
    ["a bare LF inside the head", `GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n${HIDDEN}`],
    [
      "a chunk size with a sign",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      "a chunk without its end",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n${HIDDEN}`,
    ],
    [
      "chunks in HTTP/1.0",
      `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    ],
    ["a line without a colon", `GET / HTTP/1.1\r\nHost: a\r\nX\r\nConnection: close\r\n\r\n`],
    ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["no host", `GET / HTTP/1.1\r\n\r\n${HIDDEN}`],
    ["two hosts", `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`],
    ["credentials in the host", `GET / HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n`],
    ["a path in the host", `GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n`],
    ["an absolute target", `GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["an authority target", `CONNECT b:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["an asterisk target", `OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a fragment in the target", `GET /a#b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a space in the target", `GET /a b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a tab after the method", `GET\t/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a version that is not spoken", `GET / HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a method of its own", `G€T / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
  ];
  test.each(shapes.filter(([name]) => !isRealGateway || !TAKEN_BY_AGENTGATEWAY.has(name)))(
    "%s",
    async (_name, text) => {
      const before = agent.seen.length;
      const answer = await sendRaw(gateway.port, text);
      expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
      expect(answer).not.toMatch(/HTTP\/1\.1 2/);
      expect(agent.seen.length).toBe(before);
    },
  );

  test.skipIf(isRealGateway)("a body in a coding that would be lost on the way", async () => {
    const before = agent.seen.length;
    const answer = await sendRaw(
      gateway.port,
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 501 .*transfer coding not supported$/s);
    expect(agent.seen.length).toBe(before);
    const chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    expect(await sendRaw(gateway.port, chunked)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.skipIf(isRealGateway)("CONNECT is answered", async () => {
    const answer = await sendRaw(gateway.port, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
    expect(answer).toBe("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    expect(
      await lingeringTunnels(gateway.port, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"),
    ).toMatchObject({ code: expect.stringMatching(/^(?:EPIPE|ECONNRESET)$/) });
    expect((await send({ port: gateway.port })).status).toBe(200);
  });

  test
    .skipIf(isRealGateway)
    .each(["http://a/", "http://b/x", "*", "/a#b", "/a<b", "/a>b", "/a`b", '/?"', "/?<", "/?>", "/?#"])(
    "target %s is refused by itself, not for want of a route",
    async (target) => {
      const answer = await sendRaw(
        gateway.port,
        `OPTIONS ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 .*invalid request target$/s);
    },
  );

  test.skipIf(isRealGateway).each([
    [200, ["a", "a:1", "A_b.c-d:65535", "[::1]:3000", "127.0.0.1:80"]],
    [400, ["a:", "a:x", "a:123456", "[::1", "::1", "[a]x", "a%2eb", "a\\b", "a b", "a?b", "a#b", "é"]],
  ])("%i for a host such as %j", async (status, hosts) => {
    for (const host of hosts) {
      const answer = await sendRaw(
        gateway.port,
        `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect([host, answer.slice(0, 12)]).toEqual([host, `HTTP/1.1 ${status}`]);
    }
  });

  test.skipIf(isRealGateway)(
    "an early refusal does not turn the rest of the body into a request",
    async () => {
      const before = agent.seen.length;
      const head = `POST / HTTP/1.1\r\nHost: a/b\r\nContent-Length: ${HIDDEN.length + 100}\r\n\r\n`;
      const answer = await sendRaw(gateway.port, head + HIDDEN);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      expect(answer.toLowerCase()).toMatch(/connection: close/);
      expect(agent.seen.length).toBe(before);
    },
  );

  test.skipIf(isRealGateway)("after a refusal of a complete request the connection continues", async () => {
    const answer = await sendRaw(
      gateway.port,
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 400", "HTTP/1.1 200"]);
  });

  test.skipIf(isRealGateway)("a caller of HTTP/1.0 gets no 100 before its answer", async () => {
    const answer = await sendRaw(
      gateway.port,
      "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("two requests on one connection are two requests", async () => {
    const before = agent.seen.length;
    const answer = await sendRaw(
      gateway.port,
      `POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(
      agent.seen
        .slice(before)
        .map(({ url, body }) => [url, body])
        .sort(),
    ).toEqual([
      ["/1", "hi"],
      ["/2", ""],
    ]);
  });
});

test("a hundred header lines pass, more are 431, not dropped", async () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1\r\n`).join("");
  const call = (count: number) =>
    // Host and Connection count.
    sendRaw(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines(count - 2)}\r\n`);
  expect(await call(100)).toMatch(/^HTTP\/1\.1 200 /);
  const before = agent.seen.length;
  for (const count of [101, 102, 103, 400]) expect(await call(count)).toMatch(/^HTTP\/1\.1 431 /);
  expect(agent.seen.length).toBe(before);
});

describe.skipIf(isRealGateway)("bounds", () => {
  test("a head of 60 KiB passes, a larger one is 431", async () => {
    const passes = await send({ port: gateway.port, headers: { "signature-key": "x".repeat(60_000) } });
    expect(passes.status).toBe(200);
    const before = agent.seen.length;
    const refused = await sendRaw(
      gateway.port,
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
    );
    expect(refused).toMatch(/^HTTP\/1\.1 431 /);
    expect(agent.seen.length).toBe(before);
  });

  test("a body up to the bound passes, a larger one is 413 by its length and by its chunks", async () => {
    const passes = await send({ port: gateway.port, method: "POST", body: "x".repeat(65_536) });
    expect(passes.status).toBe(200);
    const before = agent.seen.length;
    const byLength = await sendRaw(
      gateway.port,
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
    );
    expect(byLength).toMatch(/^HTTP\/1\.1 413 .*request body too large$/s);
    const chunk = `10001\r\n${"x".repeat(65_537)}\r\n`;
    const byChunks = await sendRaw(
      gateway.port,
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
    );
    expect(byChunks).toMatch(/^HTTP\/1\.1 413 /);
    expect(agent.seen.length).toBe(before);
  });

  test("a caller that does not finish its head or its body is cut", async () => {
    const before = agent.seen.length;
    const [head, body] = await Promise.all([
      sendRaw(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\n"),
      sendRaw(gateway.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"),
    ]);
    expect(head).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
    expect(body).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
    expect(agent.seen.length).toBe(before);
  });
});
