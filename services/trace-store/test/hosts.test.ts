import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exportRequest, otlpSpan } from "./support/otlp-json.ts";
import { type StoreUnderTest, startStore } from "./support/store-under-test.ts";

let store: StoreUnderTest;
beforeEach(async () => {
  store = await startStore({ host: "store.internal", hosts: ["traces.example.org"] });
});
afterEach(() => store.close());

/**
 * Header fields of a browser's request for a page at this host, which resolves to this store. The
 * page's own origin is the request's target.
 */
const pageAt = (host: string, port: number) => ({
  host: `${host}:${port}`,
  origin: `http://${host}:${port}`,
});

describe("a web page whose name resolves to the store (DNS rebinding)", () => {
  const HOST = "rebound.evil.example";
  const refusal = { status: 421, code: "unknown_host" };

  test("sends no spans", async () => {
    const span = otlpSpan(store.clock.now * 1000);
    const answer = await store.send(exportRequest("forged", [span]), pageAt(HOST, 4318));
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body)).toMatchObject(refusal);
    expect((await store.ask("/api/services")).answer.data).toEqual([]);
  });

  test.each(["/api/services", "/"])("cannot read %s", async (url) => {
    await store.send(exportRequest("shop", [otlpSpan(store.clock.now * 1000)]));
    const answer = await store.app.inject({ url, headers: pageAt(HOST, 16686) });
    expect(answer.statusCode).toBe(421);
    expect(answer.json()).toMatchObject(refusal);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("gets no preflight, either", async () => {
    for (const server of [store.otlp, store.app]) {
      const headers = {
        ...pageAt(HOST, 1),
        origin: "http://localhost:3050",
        "access-control-request-method": "POST",
      };
      const answer = await server.inject({ method: "OPTIONS", url: "/v1/traces", headers });
      expect(answer.statusCode).toBe(421);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

test.each(["localhost", "127.0.0.1", "jaeger", "store.internal", "traces.example.org"])(
  "as %s the store can be reached",
  async (host) => {
    const sent = await store.send(exportRequest("shop", [otlpSpan(store.clock.now * 1000)]), {
      host: `${host}:4318`,
    });
    expect(sent.status).toBe(200);
    const read = await store.app.inject({ url: "/api/services", headers: { host: `${host}:16686` } });
    expect(read.json().data).toEqual(["shop"]);
  },
);
