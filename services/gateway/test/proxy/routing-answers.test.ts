import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeServer, startFakeServer } from "../support/fake-agent.ts";
import { type GatewayUnderTest, startGateway } from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

let one: FakeServer;
let two: FakeServer;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  one = await startFakeServer((_, response) => response.end("one"));
  two = await startFakeServer((_, response) => response.end("two"));
  gateway = await startGateway({
    binds: [
      {
        listeners: [
          { name: "one", hostname: "one.localhost", routes: [{ backends: [{ host: one.address }] }] },
          {
            name: "two",
            hostname: "*.two.localhost",
            routes: [
              { name: "api", matches: [{ path: { pathPrefix: "/api" } }], backends: [{ host: two.address }] },
              { name: "down", matches: [{ path: { exact: "/down" } }], backends: [{ host: "127.0.0.1:9" }] },
            ],
          },
        ],
      },
    ],
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([one.close(), two.close()]);
});

describe("routing over HTTP", () => {
  test.each([
    ["one.localhost", "/", 200, "one"],
    ["one.localhost:3000", "/any/path?x=1", 200, "one"],
    ["one.localhost:1", "/", 200, "one"],
    ["a.two.localhost:3000", "/api/x", 200, "two"],
    ["a.two.localhost", "/apix", 404, "route not found"],
    ["a.two.localhost", "/", 404, "route not found"],
    ["two.localhost", "/api", 404, "listener not found"],
    ["One.localhost", "/", 404, "listener not found"],
    ["one.localhost.", "/", 404, "listener not found"],
    ["evil.test", "/", 404, "listener not found"],
    ["127.0.0.1", "/", 404, "listener not found"],
    ["a.two.localhost", "/down", 503, /^upstream call failed: /],
  ])("%s%s", async (host, path, status, body) => {
    const response = await send({ port: gateway.port, host, path });
    expect(response.status).toBe(status);
    if (typeof body === "string") expect(response.body).toBe(body);
    else expect(response.body).toMatch(body);
    if (status !== 200) expect(response.headers["content-type"]).toMatch(/^text\/plain/);
  });

  test("an agent that is down is described without its address", async () => {
    const { body } = await send({ port: gateway.port, host: "a.two.localhost", path: "/down" });
    expect(body).not.toMatch(/127\.0\.0\.1/);
  });
});
