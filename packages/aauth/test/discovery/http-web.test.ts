import { afterEach, describe, expect, it } from "vitest";
import { createDocumentTransport, pooledTransport } from "../../src/discovery/http-web.ts";
import { readAtMost } from "../../src/discovery/read-at-most.ts";
import { type LoopbackServer, startServer } from "./loopback-server.ts";

const servers: LoopbackServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...listener: Parameters<typeof startServer>): Promise<LoopbackServer> {
  const server = await startServer(...listener);
  servers.push(server);
  return server;
}

describe("outbound HTTP over fetch", () => {
  const transport = createDocumentTransport({ development: true });
  const init = () => ({ signal: AbortSignal.timeout(2_000), maxBytes: 10 });

  it("reads a document up to its limit, and no further", async () => {
    const server = await start((request, response) => void response.end(request.url?.slice(1)));
    const document = await transport(new URL(`${server.origin}/1234567890`), init());
    expect([document.status, new TextDecoder().decode(document.body)]).toEqual([200, "1234567890"]);
    await expect(transport(new URL(`${server.origin}/12345678901`), init())).rejects.toThrow(RangeError);
  });

  it("follows no redirect, neither for documents nor for signed requests", async () => {
    const server = await start((_request, response) => {
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    await expect(transport(new URL(`${server.origin}/`), init())).rejects.toThrow();
    await expect(pooledTransport(`${server.origin}/`, { method: "GET", headers: {} })).rejects.toThrow();
    expect(server.requests).toEqual(["/", "/"]);
  });

  it("sends method, headers and body as given", async () => {
    const server = await start((request, response) => {
      response.setHeader("x-seen", `${request.method} ${request.headers["x-mine"]}`);
      request.pipe(response);
    });
    const body = new TextEncoder().encode("hello");
    const response = await pooledTransport(`${server.origin}/`, {
      method: "PUT",
      headers: { "x-mine": "1" },
      body,
    });
    expect([response.headers.get("x-seen"), await response.text()]).toEqual(["PUT 1", "hello"]);
  });
});

describe("reading at most so many bytes", () => {
  it("cancels a stream that is longer, also one that cannot be iterated", async () => {
    for (const iterable of [true, false]) {
      let cancelled = false;
      const stream = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(4)),
        cancel() {
          cancelled = true;
        },
      });
      const given = iterable
        ? stream
        : ({ getReader: () => stream.getReader() } as ReadableStream<Uint8Array>);
      await expect(readAtMost(given, 10)).rejects.toThrow(RangeError);
      expect(cancelled).toBe(true);
    }
  });

  it("returns all of a shorter body, and an empty result for no body", async () => {
    const stream = () => new Blob(["ab", "cd"]).stream();
    expect(new TextDecoder().decode(await readAtMost(stream(), 4))).toBe("abcd");
    const reader = { getReader: () => stream().getReader() } as ReadableStream<Uint8Array>;
    expect(new TextDecoder().decode(await readAtMost(reader, 4))).toBe("abcd");
    expect(await readAtMost(null, 4)).toEqual(new Uint8Array());
  });
});
