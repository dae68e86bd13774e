import { describe, expect, test } from "vitest";
import {
  createLogger,
  createService,
  hostsSetting,
  knowsHost,
  requireKnownHost,
} from "../../../src/service/index.ts";

describe("a server without authentication", () => {
  test.each([
    "localhost",
    "localhost:16686",
    "localhost.",
    "traces.localhost:16686",
    "a.b.Localhost.",
    "127.0.0.1:4318",
    "[::1]:16686",
    "[::ffff:127.0.0.1]",
    "jaeger:4318",
  ])("knows %s", (host) => expect(knowsHost()(host)).toBe(true));

  test.each([
    "rebound.evil.example:16686",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io:16686",
    "evillocalhost.example",
    "300.1.1.1",
    "[127.0.0.1]",
    "evil.example:16686@localhost",
    "localhost, evil.example",
    ":16686",
    "",
    undefined,
  ])("does not know %s", (host) => expect(knowsHost(["traces.example"])(host)).toBe(false));

  test("knows its configured names, in any case, with any port, and no subdomain", () => {
    const isKnown = knowsHost(["Traces.Example.org", ""]);
    expect(["traces.example.org", "TRACES.example.ORG:16686"].map(isKnown)).toEqual([true, true]);
    expect(["a.traces.example.org", "example.org", ""].map(isKnown)).toEqual([false, false, false]);
  });

  test("refuses the rest with a code, health and unknown paths included, before anything else is looked at", async () => {
    const app = createService({
      name: "t",
      logger: createLogger({ service: "t", destination: { write: () => {} } }),
    });
    requireKnownHost(app, ["t.example"]);
    let served = 0;
    app.all("/x", async () => ++served);
    for (const url of ["/x", "/health", "/nowhere"]) {
      for (const method of ["GET", "OPTIONS"] as const) {
        const answer = await app.inject({ method, url, headers: { host: "evil.example:80" } });
        expect(answer.statusCode).toBe(421);
        expect(answer.headers["content-type"]).toContain("application/problem+json");
        expect(answer.json()).toEqual({
          status: 421,
          title: "Misdirected Request",
          detail: expect.any(String),
          code: "unknown_host",
        });
        expect(answer.body).not.toContain("evil");
      }
    }
    expect(served).toBe(0);
    expect((await app.inject({ url: "/x", headers: { host: "t.example:80" } })).statusCode).toBe(200);
    await app.close();
  });
});

test("names in a setting have neither scheme nor port", () => {
  const schema = hostsSetting();
  expect(schema.parse(undefined)).toEqual([]);
  expect(schema.parse("a.example, b_c")).toEqual(["a.example", "b_c"]);
  for (const text of ["http://a.example", "a.example:80", "a.example/", "*.example", "a..b"]) {
    expect(schema.safeParse(text).error?.issues[0]?.message, text).toBe(
      "expected host names without scheme and port",
    );
  }
});
