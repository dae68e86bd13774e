import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type BearerService, openBearerService } from "../../src/bearer-twin/bearer-service.ts";

let service: BearerService;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  service = await openBearerService();
});
afterEach(() => {
  service.close();
  vi.useRealTimers();
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hostname?: string;
}

/** Status and body of the answer. */
async function ask({ method = "GET", path = "/report", headers, body = "", hostname = "127.0.0.1" }: Sent) {
  const { port } = new URL(service.url);
  const authorization = `Bearer ${service.token}`;
  const sent = request({ hostname, port, method, path, headers: { authorization, ...headers } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve).on("error", reject);
  });
  sent.end(body);
  const response = await answered;
  const chunks = await response.toArray();
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

const order = (body: string) => ask({ method: "POST", path: "/orders", body });

test("any holder of the token receives the report", async () => {
  expect(await ask({})).toMatchObject({ status: 200, body: { confidential: true } });
});

test.each([
  ["another host name", "attacker.example"],
  ["another name of loopback", "localhost"],
  ["no port", "127.0.0.1"],
])("B10: is not reached by %s, even with the token", async (_, host) => {
  expect(await ask({ headers: { host } })).toMatchObject({ status: 421 });
});

test.each([
  ["another token", "Bearer AAAA"],
  ["no token", ""],
  ["the token of another service", `Bearer ${"A".repeat(43)}`],
  ["another scheme", "Basic AAAA"],
])("B11: refuses %s", async (_, authorization) => {
  expect(await ask({ headers: { authorization } })).toMatchObject({ status: 401 });
});

test("B12: limits the number of requests and the size of bodies", async () => {
  const tooLarge = `{"item":"laptop","quantity":25${" ".repeat(1024)}}`;
  expect(await order(tooLarge)).toMatchObject({ status: 413 });
  for (let sent = 1; sent < 1000; sent += 1) await ask({ path: "/" });
  expect(await ask({})).toMatchObject({ status: 429 });
});

test("B13: is closed after five minutes", async () => {
  await vi.advanceTimersByTimeAsync(299_000);
  expect(await ask({})).toMatchObject({ status: 200 });
  await vi.advanceTimersByTimeAsync(1000);
  await expect(ask({})).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("B14: listens at one address of loopback only", async () => {
  await expect(ask({ hostname: "127.0.0.2" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

describe("orders", () => {
  test("are placed as often as they are sent", async () => {
    const body = '{"item":"laptop","quantity":25.0}';
    expect(await order(body)).toEqual({ status: 201, body: { order: 1, item: "laptop", quantity: 25 } });
    expect(await order(body)).toMatchObject({ status: 201, body: { order: 2 } });
  });

  test.each(["", "{", "null", '{"item":"laptop"}', '{"item":"laptop","quantity":1e9}', '{"quantity":"25"}'])(
    "that cannot be read are refused: %s",
    async (body) => {
      expect(await order(body)).toEqual({ status: 400, body: { error: "invalid_request" } });
    },
  );
});
