import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { BackendError } from "../../src/errors.ts";
import { createTraceClient } from "../../src/traces/trace-client.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function storeThat(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("requests the trace by its id and returns the store's answer", async () => {
  let asked = "";
  const url = await storeThat((request, response) => {
    asked = request.url ?? "";
    response.end('{"data":[{"traceID":"ab","spans":[],"warnings":null}]}');
  });
  expect(await createTraceClient({ url }).trace("ab")).toEqual([
    { traceID: "ab", spans: [], warnings: null },
  ]);
  expect(asked).toBe("/api/traces/ab");
});

test("a trace that is not there yet is not a failure", async () => {
  const url = await storeThat((_request, response) => response.writeHead(404).end("{}"));
  expect(await createTraceClient({ url }).trace("ab")).toBeUndefined();
});

test.each<[string, RequestListener, object]>([
  ["a broken response", (_request, response) => response.end("<html>"), {}],
  ["a response of another shape", (_request, response) => response.end('{"data":[{"traceID":1}]}'), {}],
  ["a redirect", (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end(), {}],
  ["an answer that is too large", (_request, response) => response.end('"123456789"'), { maxTraceBytes: 5 }],
  ["no answer in time", () => {}, { timeoutMs: 50 }],
])("%s is reported as such", async (_what, answer, options) => {
  const url = await storeThat(answer);
  await expect(createTraceClient({ url, ...options }).trace("ab")).rejects.toThrow(BackendError);
});

test("finds traces by a span's service, name and tags, within two days", async () => {
  let asked = new URL("http://store");
  const url = await storeThat((request, response) => {
    asked = new URL(request.url ?? "", "http://store");
    response.end('{"data":[{"traceID":"ab","spans":[]},{"traceID":"cd","spans":[]}]}');
  });
  const wanted = { service: "s", operation: "o", tags: { "optimization.request_id": "1" } };
  const found = await createTraceClient({ url }).find(wanted);
  expect(found.map(({ traceID }) => traceID)).toEqual(["ab", "cd"]);
  expect(asked.pathname).toBe("/api/traces");
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    service: "s",
    operation: "o",
    tags: '{"optimization.request_id":"1"}',
  });
  const { start, end } = Object.fromEntries(asked.searchParams);
  expect(Number(end) - Number(start)).toBeGreaterThanOrEqual(172_800_000_000);
});

test("recognizes the embedded store by its name", async () => {
  let server: string | undefined;
  const url = await storeThat((_request, response) => {
    response.writeHead(200, server === undefined ? {} : { server }).end("{}");
  });
  const client = createTraceClient({ url });
  expect(client.kind()).toBeUndefined();
  await client.trace("ab");
  expect(client.kind()).toBe("jaeger");
  server = "trace-store";
  await client.trace("ab");
  expect(client.kind()).toBe("trace-store");
});
