import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  agent = await startFakeServer((request, response) => {
    const status = Number(/status=(\d+)/.exec(request.url)?.[1] ?? 200);
    response.writeHead(
      status,
      [
        ["Content-Type", "application/octet-stream"],
        ["X-Twice", "one"],
        ["X-Twice", "two"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["Agent-Auth", 'httpsig; auth-token; resource_token="a.b.c"; auth_server="http://x"'],
        ["Keep-Alive", "timeout=99"],
        ["X-Hop", "gone"],
        ["Connection", "keep-alive, x-hop"],
        ["X-Hop-Too", "gone"],
        ["Connection", "X-Hop-Too"],
        ["Vary", "x-stays"],
        ["X-Stays", "1"],
        ["X-Latin", "caf\xe9"],
      ].flat(),
    );
    response.end(request.method === "HEAD" || status === 204 || status === 304 ? undefined : request.bytes);
  });
  gateway = await startGateway(oneRoute(agent.address, { urlRewrite: { authority: "none" } }));
});
afterAll(async () => {
  await gateway.close();
  await agent.close();
});

const lastSeen = () => agent.seen.at(-1)!;

describe("the request reaches the agent byte for byte", () => {
  test.each([
    "/",
    "/a%2Fb/../c",
    "/%E2%82%AC?q=%20&r=+",
    "/x??a=1&a=2",
    "//double/slash",
    "/%zz%",
    "/a|b{c}",
    "/a?`{}|",
  ])("path %.60s", async (path) => {
    await send({ port: gateway.port, path });
    expect(lastSeen().url).toBe(path);
  });

  test.each(["POST", "PROPFIND"])("method %s", async (method) => {
    await send({ port: gateway.port, method });
    expect(lastSeen().method).toBe(method);
  });

  test("a body with every byte value", async () => {
    const body = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
    const response = await send({ port: gateway.port, method: "POST", body });
    expect(lastSeen().bytes.equals(body)).toBe(true);
    expect(response.bytes.equals(body)).toBe(true);
    expect(lastSeen().headers["content-length"]).toBe("512");
  });

  test.skipIf(isRealGateway)("a chunked body arrives whole and with a length", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    await sendRaw(gateway.port, `${head}6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n`);
    expect(lastSeen().body).toBe("first second");
    expect(lastSeen().headers["content-length"]).toBe("12");
    expect(lastSeen().headers["transfer-encoding"]).toBeUndefined();
  });

  test("a GET with a body keeps it", async () => {
    await send({ port: gateway.port, body: "{}" });
    expect(lastSeen().body).toBe("{}");
  });

  test("header lines keep their values, their order and their number", async () => {
    const headers = [
      ["Signature-Key", 'sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="abc")'],
      ["Signature-Input", 'sig1=("@method" "@path");created=1'],
      ["Signature", "sig1=:AAAA:"],
      ["Content-Digest", "sha-256=:AAAA:"],
      ["X-Many", "1"],
      ["X-Many", "2"],
      ["X-Many", "1"],
      ["X-Latin", "caf\xe9"],
      ["X-Empty", ""],
      ["X-Forwarded-For", "10.0.0.1"],
      ["Cookie", "a=1; b=2"],
    ];
    await send({ port: gateway.port, headers: headers.flat() });
    const received = [];
    for (let index = 0; index < lastSeen().rawHeaders.length; index += 2) {
      received.push([lastSeen().rawHeaders[index], lastSeen().rawHeaders[index + 1]]);
    }
    const own = received.filter(([name]) => name !== "host" && name !== "connection");
    const sent = headers.map(([name, value]) => [name!.toLowerCase(), value]);
    // Agentgateway keeps the order within a name only.
    if (isRealGateway) expect(own.sort()).toEqual(sent.sort());
    else expect(own).toEqual(sent);
  });

  test("cookies in several lines arrive in one, the others beside it", async () => {
    const headers = ["cookie", "a=1", "x-a", "1", "cookie", "b=2", "x-a", "2", "cookie", "c=3"];
    await send({ port: gateway.port, headers });
    const { rawHeaders } = lastSeen();
    const values = (name: string) =>
      rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
    expect([values("cookie"), values("x-a")]).toEqual([["a=1; b=2; c=3"], ["1", "2"]]);
  });

  test("hop-by-hop fields and those that Connection names are removed", async () => {
    const lines = [
      "Connection: close, X-Private, signature-key",
      "X-Private: 1",
      "Signature-Key: x",
      "Keep-Alive: timeout=1",
      "Proxy-Authenticate: Basic",
      "Proxy-Authorization: Basic x",
      "Proxy-Connection: keep-alive",
      "TE: trailers",
      "Trailer: x-t",
      "Upgrade: websocket",
      "X-Stays: 1",
    ];
    await sendRaw(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${lines.join("\r\n")}\r\n\r\n`);
    const names = Object.keys(lastSeen().headers).filter((name) => name !== "connection");
    // Agentgateway forwards `te: trailers`.
    expect(names.filter((name) => name !== "te").sort()).toEqual(["host", "x-stays"]);
  });

  test("nothing is added: no X-Forwarded, no Via, no trace", async () => {
    await send({ port: gateway.port });
    const names = Object.keys(lastSeen().headers).filter((name) => name !== "connection");
    expect(names).toEqual(["host"]);
  });
});

describe("the response reaches the caller", () => {
  test.each([204, 302, 304, 401, 503])("status %i", async (status) => {
    const response = await send({ port: gateway.port, path: `/?status=${status}` });
    expect(response.status).toBe(status);
  });

  test("fields keep duplicates, order and bytes; hop-by-hop ones are gone", async () => {
    const { headers, rawFields } = await send({ port: gateway.port });
    expect(headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(headers["agent-auth"]).toBe('httpsig; auth-token; resource_token="a.b.c"; auth_server="http://x"');
    expect(headers["x-twice"]).toBe("one, two");
    expect(headers["x-latin"]).toBe("caf\xe9");
    if (!isRealGateway) {
      expect(headers["x-hop"]).toBeUndefined();
      expect(headers["x-hop-too"]).toBeUndefined();
      expect(headers["keep-alive"]).not.toBe("timeout=99");
    }
    expect(rawFields.filter((text) => text === "x-twice")).toHaveLength(2);
    expect(headers["x-stays"]).toBe("1");
    expect(headers.server).toBeUndefined();
    expect(headers.via).toBeUndefined();
  });

  test("HEAD has the length and no body", async () => {
    const response = await send({ port: gateway.port, method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.body).toBe("");
  });
});

test("A19: a field that the policy removes does not reach the agent, in whatever spelling, and rules see it", async () => {
  const policies = {
    authorization: { rules: ['request.headers["x-word"] == "1"'] },
    requestHeaderModifier: { remove: ["X-Word"] },
  };
  const other = await startGateway(oneRoute(agent.address, policies));
  try {
    const headers = ["X-WORD", "1", "x-other", "2", "x-Word", "3"];
    expect((await send({ port: other.port, headers })).status).toBe(200);
    expect([lastSeen().headers["x-word"], lastSeen().headers["x-other"]]).toEqual([undefined, "2"]);
  } finally {
    await other.close();
  }
});

describe("Host as urlRewrite.authority says", () => {
  const localhost = () => `localhost:${agent.port}`;
  test.each<[string, () => string, object, string]>([
    ["IP backend, no policy: the caller's", () => agent.address, {}, "caller.test:3000"],
    ["named backend, no policy: its name without port", localhost, {}, "localhost"],
    [
      "named backend, none: the caller's",
      localhost,
      { urlRewrite: { authority: "none" } },
      "caller.test:3000",
    ],
  ])("%s", async (_name, backend, policies, expected) => {
    const other = await startGateway(oneRoute(backend(), policies));
    try {
      await send({ port: other.port, host: "caller.test:3000" });
      expect(lastSeen().headers.host).toBe(expected);
    } finally {
      await other.close();
    }
  });
});
