import { request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createLogger, createService, nameProxies, type ServiceOptions } from "../../../src/service/index.ts";
import { lingeringTunnels } from "../support/lingering-tunnels.ts";

const lines: string[] = [];
const started: ReturnType<typeof createService>[] = [];

function service(options: Partial<ServiceOptions> = {}) {
  const logger = createLogger({
    service: "tester",
    level: "debug",
    destination: { write: (line) => lines.push(line) },
  });
  const app = createService({ name: "tester", logger, ...options });
  started.push(app);
  return app;
}

afterEach(async () => {
  lines.length = 0;
  for (const app of started.splice(0)) await app.close();
});

test.each(["store_full", "store_unavailable"])(
  "%s is 503 with its code, and a time to try again, without the store's address",
  async (code) => {
    const app = service();
    app.get("/fails", async () => {
      throw Object.assign(new Error("postgres://x does not answer"), { code });
    });
    const reply = await app.inject("/fails");
    expect([reply.statusCode, reply.headers["retry-after"], reply.json().code]).toEqual([503, "5", code]);
    expect(reply.body).not.toContain("postgres");
    expect(lines.join("")).toContain(code);
  },
);

test("an unexpected error answers without its message and stack, and is logged with both", async () => {
  const app = service();
  app.get("/fails", async () => {
    throw new Error("connection string is postgres://x");
  });
  const reply = await app.inject("/fails?code=one-time");
  expect(reply.statusCode).toBe(500);
  expect(reply.headers["content-type"]).toContain("application/problem+json");
  expect(reply.body).not.toMatch(/postgres|\.ts/);
  const { requestId } = reply.json();
  const logged = lines.join("");
  expect(logged).toContain("postgres://x");
  expect(logged).toContain(`requestId=${requestId}`);
  expect(logged).not.toContain("one-time");
});

test("CONNECT is answered with a problem, and no caller that is gone or stays ends anything", async () => {
  const app = service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const tunnel = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n";
  const asked = connect(port, "127.0.0.1").setEncoding("utf8");
  asked.write(`${tunnel}more`);
  const answer = (await asked.toArray()).join("");
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
  expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ status: 400, title: "Bad Request" });
  expect(await lingeringTunnels(port, tunnel)).toMatchObject({
    code: expect.stringMatching(/^(?:EPIPE|ECONNRESET)$/),
  });
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
});

test("a caller that hangs up in its body causes no error of the service", async () => {
  const app = service();
  app.post("/", async () => ({}));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n";
  socket.write(`${head}{`, () => setTimeout(() => socket.destroy(), 50));
  await expect.poll(() => lines.join("")).toContain("the caller left before the end of its request");
  expect(lines.join("")).not.toMatch(/ERROR|\bat \S+ \(/);
});

test("a request with two Host lines is refused, because two readers could use different ones", async () => {
  const app = service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const ask = async (hosts: string) => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    socket.write(`GET /health HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    return (await socket.toArray()).join("");
  };
  expect(await ask("Host: a\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  for (const second of ["Host: b", "host: a"]) {
    expect(await ask(`Host: a\r\n${second}\r\n`)).toMatch(/^HTTP\/1\.1 400 .*more than one Host/s);
  }
});

test.each([
  ["cannot be decoded", "/%zz?code=one-time", 400, "Bad Request"],
  ["has a parameter that is too long", `/runs/${"a".repeat(101)}?code=one-time`, 414, "URI Too Long"],
])("a path that %s is a problem like any other", async (_what, url, status, title) => {
  const app = service();
  app.get("/runs/:id", async () => ({}));
  const reply = await app.inject(url);
  expect(reply.headers["content-type"]).toContain("application/problem+json");
  expect(reply.json()).toEqual({ status, title, detail: expect.any(String) });
  expect(reply.body).not.toContain("one-time");
});

test("A12: a caller that never finishes its request is cut off", () => {
  expect(service().server).toMatchObject({ headersTimeout: 10_000, requestTimeout: 15_000 });
});

test("an unknown path is a problem that does not repeat the query", async () => {
  const reply = await service().inject("/nowhere?code=one-time");
  expect(reply.json()).toEqual({
    status: 404,
    title: "Not Found",
    detail: "Nothing is served at GET /nowhere",
  });
});

test("a body over the limit is refused", async () => {
  const app = service({ maxBodyBytes: 10 });
  app.post("/", async () => "in");
  const { statusCode } = await app.inject({ method: "POST", url: "/", payload: { long: "enough" } });
  expect(statusCode).toBe(413);
});

test("schemas neither coerce nor drop", async () => {
  const app = service();
  const body = { type: "object", properties: { n: { type: "number" } }, additionalProperties: false };
  app.post("/", { schema: { body } }, async (request) => request.body);
  expect((await app.inject({ method: "POST", url: "/", payload: { n: "5" } })).statusCode).toBe(400);
  expect((await app.inject({ method: "POST", url: "/", payload: { n: 5, more: 1 } })).statusCode).toBe(400);
  expect((await app.inject({ method: "POST", url: "/", payload: { n: 5 } })).json()).toEqual({ n: 5 });
});

test("forwarding headers and request ids of the caller are not believed", async () => {
  const app = service();
  app.get("/who", async (request) => ({ ip: request.ip, host: request.host, id: request.id }));
  const headers = {
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-host": "evil.example",
    "request-id": "mine",
  };
  const who = (await app.inject({ url: "/who", headers })).json();
  expect(who.ip).not.toBe("203.0.113.7");
  expect(who.host).not.toBe("evil.example");
  expect(who.id).not.toBe("mine");
});

test.each([
  ["no proxy is named", "127.0.0.1", [], "127.0.0.1"],
  ["it is not a named proxy", "192.0.2.9", ["192.0.2.1"], "192.0.2.9"],
  ["it is one", "192.0.2.1", ["192.0.2.1"], "203.0.113.7"],
  ["it is one, on a socket for both families", "::ffff:192.0.2.1", ["192.0.2.1"], "203.0.113.7"],
  ["it is the second of two", "192.0.2.2", ["192.0.2.1", "192.0.2.2", "203.0.113.7"], "198.51.100.1"],
])("A21: the sender of X-Forwarded-For names the caller only where %s", async (_where, sender, named, ip) => {
  const app = service();
  app.get("/who", async (request) => request.ip);
  nameProxies(app.server, named);
  const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
  expect((await app.inject({ url: "/who", headers, remoteAddress: sender })).body).toBe(ip);
});

test("a head of 40 KiB is accepted, one over the limit is not", async () => {
  const app = service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const statusFor = (bytes: number) =>
    new Promise((resolve, reject) => {
      request(
        { port, host: "127.0.0.1", path: "/health", headers: { "x-long": "x".repeat(bytes) } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on("error", reject)
        .end();
    });
  expect(await statusFor(40_000)).toBe(200);
  expect(await statusFor(70_000)).toBe(431);
});

test("closing does not wait for an open stream", async () => {
  const app = service();
  app.get("/stream", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200);
    reply.raw.write("open");
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const broken = new Promise<void>((resolve) => {
    request({ port, host: "127.0.0.1", path: "/stream" }, (response) => {
      response.on("error", () => resolve());
      response.once("data", () => void app.close());
    }).end();
  });
  await broken;
  await app.close();
});
