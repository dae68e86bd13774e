import { type AddressInfo, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { discardBody, fieldOf, readBodyAtMost } from "../../src/discovery/direct-response.ts";
import { pooledTransport } from "../../src/discovery/http-node.ts";
import { type LoopbackServer, startServer } from "./loopback-server.ts";

const servers: LoopbackServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function answering(...arguments_: Parameters<typeof startServer>) {
  const server = await startServer(...arguments_);
  servers.push(server);
  return (path = "/") => pooledTransport(`${server.origin}${path}`, { method: "GET", headers: {} });
}

const greet = () =>
  answering((_request, response) => {
    response.writeHead(200, "Fine", { "content-type": "application/json", "x-two": ["a", "b"] });
    response.end('{"hello":"wörld"}');
  });

/** The address of a server that answers with this text: `node:http` would not send such a head. */
async function sayingByHand(answer: string): Promise<string> {
  const server = createServer((socket) => void socket.once("data", () => socket.end(answer)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const closed = { close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
  servers.push(closed as LoopbackServer);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** As `--expose-gc` gives it. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** The web stream's way, and the one that makes none. */
const WAYS = [
  ["by its stream", async (response: Response) => response.body?.cancel()],
  ["directly", discardBody],
] as const;

describe("a pooled response", () => {
  it("is a Response with the head it came with", async () => {
    const response = await (await greet())();
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.ok, response.statusText]).toEqual([200, true, "Fine"]);
    expect(response.headers.get("x-two")).toBe("a, b");
    expect([response.type, response.url, response.redirected]).toEqual(["default", "", false]);
    await response.text();
  });

  it.each([
    ["text", (response: Response) => response.text(), '{"hello":"wörld"}'],
    ["json", (response: Response) => response.json(), { hello: "wörld" }],
    [
      "bytes",
      async (response: Response) => Buffer.from(await response.bytes()).toString(),
      '{"hello":"wörld"}',
    ],
    ["arrayBuffer", async (response: Response) => (await response.arrayBuffer()).byteLength, 18],
    ["blob", async (response: Response) => (await response.blob()).type, "application/json"],
    ["clone", (response: Response) => response.clone().text(), '{"hello":"wörld"}'],
    ["a new Response", (response: Response) => new Response(response.body).text(), '{"hello":"wörld"}'],
  ])("gives its body as %s", async (_, read, expected) => {
    expect(await read(await (await greet())())).toEqual(expected);
  });

  it.each(["text", "json", "bytes"] as const)("gives its body once, first as %s", async (first) => {
    const response = await (await greet())();
    expect(response.bodyUsed).toBe(false);
    await response[first]();
    expect(response.bodyUsed).toBe(true);
    for (const again of ["text", "json", "bytes", "arrayBuffer", "blob"] as const) {
      await expect(response[again]()).rejects.toThrow(TypeError);
    }
    expect(() => new Response(response.body)).toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
  });

  it("reads on through its stream after a clone", async () => {
    const response = await (await greet())();
    const copy = response.clone();
    expect(await response.text()).toBe(await copy.text());
  });

  it("has no body where a status has none", async () => {
    const get = await answering((_request, response) => void response.writeHead(204).end());
    const response = await get();
    expect([response.body, await response.text()]).toEqual([null, ""]);
  });

  it.each([
    ["a status over 599", "999 Request Denied", [999, "Request Denied", false]],
    ["a reason that is not Latin", "200 Grüß Ωdd", [200, "Grüß Ωdd", true]],
    ["a control character in its reason", "503 a\u0001b", [503, "a\u0001b", false]],
  ])("with %s is what it would be from fetch, whoever reads it", async (_name, head, expected) => {
    const origin = await sayingByHand(`HTTP/1.1 ${head}\r\nx-one: 1\r\ncontent-length: 8\r\n\r\n{"a": 1}`);
    const headOf = ({ status, statusText, ok }: Response) => [status, statusText, ok];
    for (const get of [() => fetch(origin), () => pooledTransport(origin, { method: "GET", headers: {} })]) {
      expect(headOf(await get())).toEqual(expected);
      expect(await (await get()).text()).toBe('{"a": 1}');
      expect(await (await get()).json()).toEqual({ a: 1 });
      expect((await (await get()).arrayBuffer()).byteLength).toBe(8);
      expect((await (await get()).blob()).size).toBe(8);
      expect(await new Response((await get()).body).text()).toBe('{"a": 1}');
      const response = await get();
      const copy = response.clone();
      const again = copy.clone();
      for (const one of [response, copy, again]) {
        expect(headOf(one)).toEqual(expected);
        expect(one.headers.get("x-one")).toBe("1");
        expect(await one.text()).toBe('{"a": 1}');
      }
    }
  });

  it.each(WAYS)(
    "leaves the connection to the next request when a short body is not wanted, %s",
    async (_, letGo) => {
      const ports = new Set<number | undefined>();
      const get = await answering((request, response) => {
        ports.add(request.socket.remotePort);
        response.writeHead(401, { "content-length": "5" }).end("no, n");
      });
      for (let count = 0; count < 3; count++) {
        const response = await get();
        await letGo(response);
        expect(response.bodyUsed).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(ports.size).toBe(1);
    },
  );

  it.each(WAYS)("ends the connection when a body without end is not wanted, %s", async (_, letGo) => {
    const gone = Promise.withResolvers<void>();
    const get = await answering((_request, response) => {
      response.on("close", gone.resolve).write("x");
    });
    await letGo(await get());
    await gone.promise;
  });

  it("gives its bytes up to a bound, once, whoever has made its stream", async () => {
    const get = await greet();
    const read = async (response: Response, maxBytes: number) =>
      new TextDecoder().decode(await readBodyAtMost(response, maxBytes));
    const streamed = await get();
    expect(streamed.body).not.toBeNull();
    const response = await get();
    for (const one of [response, streamed, new Response("plain")]) {
      expect(await read(one, 18)).toMatch(/^\{"hello":"wörld"\}$|^plain$/);
      expect(one.bodyUsed).toBe(true);
    }
    await expect(response.text()).rejects.toThrow(TypeError);
    await expect(read(await get(), 17)).rejects.toThrow(RangeError);
    await expect(read(new Response("plain"), 4)).rejects.toThrow(RangeError);
  });

  it("gives its bytes up to a bound when it says how many there are", async () => {
    const text = '{"hello":"wörld"}';
    const get = await answering((_request, response) => {
      response.writeHead(200, { "content-length": "18" }).write(text.slice(0, 5));
      response.end(text.slice(5));
    });
    expect(new TextDecoder().decode(await readBodyAtMost(await get(), 18))).toBe(text);
    await expect(readBodyAtMost(await get(), 17)).rejects.toThrow(RangeError);
  });

  it("gives a field as its headers do", async () => {
    const get = await greet();
    for (const name of ["content-type", "x-two", "x-none", "constructor", "__proto__"]) {
      const response = await get();
      expect(fieldOf(response, name)).toBe(response.headers.get(name));
      await discardBody(response);
    }
    const changed = await get();
    changed.headers.set("content-type", "text/plain");
    expect(fieldOf(changed, "content-type")).toBe("text/plain");
    await discardBody(changed);
    expect(fieldOf(new Response(null, { headers: { "x-one": "1" } }), "x-one")).toBe("1");
  });

  it("is let go as often as one likes", async () => {
    const response = await (await greet())();
    await discardBody(response);
    await expect(discardBody(response)).resolves.toBeUndefined();
    expect(response.bodyUsed).toBe(true);
    await expect(discardBody(new Response(null))).resolves.toBeUndefined();
  });

  it("tells who reads when the connection breaks, and nobody else", async () => {
    const get = await answering((request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("x");
      setTimeout(() => request.socket.destroy(), 10);
    });
    const ignored = await get();
    await expect((await get()).text()).rejects.toThrow();
    await expect(new Response((await get()).body).text()).rejects.toThrow();
    expect(ignored.status).toBe(200);
  });
});

describe("a long body that nobody reads", () => {
  const long = Buffer.alloc(200_000, "x");
  const collect = collector();

  it.each([
    ["the response", async (response: Response) => response.status],
    ["its stream", async (response: Response) => response.body?.locked],
    ["a copy of it", async (response: Response) => response.clone().status],
  ])("holds its connection no longer than %s can be read", async (_name, use) => {
    // More than the system's own buffers take, so that the server waits for whoever reads.
    const tooLong = Buffer.alloc(16_000_000);
    const server = await startServer((_request, response) => void response.end(tooLong));
    servers.push(server);
    const init = { method: "GET", headers: {} };
    for (let index = 0; index < 10; index++) await use(await pooledTransport(`${server.origin}/`, init));
    await expect
      .poll(
        () => {
          collect();
          return server.openConnections();
        },
        { timeout: 10_000 },
      )
      .toBeLessThan(3);
  });

  it("is there as long as somebody has the response or its stream", async () => {
    const get = await answering((_request, response) => void response.end(long));
    const response = await get();
    const { body } = await get();
    const { body: copied } = (await get()).clone();
    for (let round = 0; round < 5; round++) {
      collect();
      await pause(20);
    }
    expect((await response.text()).length).toBe(long.length);
    for (const stream of [body, copied]) {
      expect((await new Response(stream).arrayBuffer()).byteLength).toBe(long.length);
    }
  });

  it("is read to its end, also when nothing but the reading is left", async () => {
    const get = await answering((_request, response) => {
      response.write(long);
      setTimeout(() => response.end(long), 100);
    });
    const reading = [get().then((response) => response.text()), get().then((response) => response.blob())];
    const timer = setInterval(collect, 20);
    const [text, blob] = await Promise.all(reading);
    clearInterval(timer);
    expect([(text as string).length, (blob as Blob).size]).toEqual([2 * long.length, 2 * long.length]);
  });
});
