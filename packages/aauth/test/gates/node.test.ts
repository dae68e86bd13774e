/** The gate of `(request, response, next)`, over sockets; tests/contract/aauth attacks it. */

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { GateOptions } from "../../src/gates/gate.ts";
import { type Gate, type NodeRequest, protect, serveResource } from "../../src/gates/node.ts";
import { parseRefusal } from "../../src/profile/refusal.ts";
import type { TestRequest } from "../../src/testing/signed-request.ts";
import type { CallerOf } from "../../src/types.ts";
import { RESOURCE } from "../draft-11/kit.ts";
import { resourceOf, signed, TO_READ } from "./kit.ts";

const BODY = '{"month":"2026-11"}';
const resource = resourceOf();
type ToRead = Gate<CallerOf<typeof TO_READ>>;

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server with one gate, whose handler reads the body as a parser after the gate would. */
async function gated(options: GateOptions = {}, own = resource) {
  const gate = protect(own, TO_READ, options);
  const handled = vi.fn(async (request: NodeRequest, end: (body: string) => void, passed: ToRead) =>
    end(JSON.stringify([passed.callerOf(request).person.sub, await text(request)])),
  );
  const port = await listen((request, response) => {
    void gate(request, response, () => handled(request, (body) => response.end(body), gate));
  });
  return { port, handled };
}

/** Head of a request as bytes, without the empty line. */
const headOf = ({ method, target, headers }: TestRequest, more: readonly string[] = []): string =>
  [
    `${method} ${target} HTTP/1.1`,
    "host: other.example",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...more,
  ].join("\r\n");

/** The complete answer of a server until it closes the connection, or until `isWhole`. */
async function exchange(port: number, bytes: string, options: { readonly end?: boolean } = {}) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes);
  if (options.end) socket.end();
  return text(socket).catch(() => "");
}

const send = (port: number, request: TestRequest, more: readonly string[] = []) =>
  exchange(
    port,
    `${headOf(request, ["connection: close", ...more])}\r\n\r\n${new TextDecoder().decode(request.body)}`,
  );
const statusOf = (answer: string) => Number(answer.split(" ", 2)[1]);
const codeOf = (answer: string) => parseRefusal(/^aauth-refusal: (.*)$/im.exec(answer)?.[1])?.code;

describe("a gate of node", () => {
  test("passes a signed request on, with its caller, and a parser after it reads the same body", async () => {
    const { port } = await gated();
    const posted = await send(port, await signed({ method: "POST", body: BODY }));
    expect([statusOf(posted), posted.split("\r\n\r\n")[1]]).toEqual([
      200,
      expect.stringContaining(JSON.stringify(["person-1", BODY])),
    ]);
    expect(statusOf(await send(port, await signed()))).toBe(200);
  });

  test.each([1, 200_000, 1_048_576])("restores %i bytes that came in chunks", async (size) => {
    const { port } = await gated();
    const body = "x".repeat(size);
    const request = await signed({ method: "POST", body, headers: { "content-type": "text/plain" } });
    const response = await fetch(`http://127.0.0.1:${port}/data`, {
      method: "POST",
      headers: without(request, "content-length"),
      duplex: "half",
      body: new Blob([body]).stream(),
    } as RequestInit);
    expect(await response.json()).toEqual(["person-1", body]);
  });

  test("refuses a path in absolute form", async () => {
    const { port, handled } = await gated();
    const answer = await send(port, { ...(await signed()), target: `${RESOURCE}/data` });
    expect([statusOf(answer), codeOf(answer)]).toEqual([401, "missing_component"]);
    expect(handled).not.toHaveBeenCalled();
  });

  test("judges the address that came, not the one that a router has left", async () => {
    const gate = protect(resource, TO_READ);
    const port = await listen((request: NodeRequest, response) => {
      const routed = Object.assign(request, { originalUrl: request.url, url: "/" });
      void gate(routed, response, () => response.end("read"));
    });
    expect(statusOf(await send(port, await signed()))).toBe(200);
    expect(statusOf(await send(port, { ...(await signed()), target: "/" }))).toBe(401);
  });

  test("E15: a handler sees the resource as host, whatever Host the request came with", async () => {
    const { port, handled } = await gated();
    expect(statusOf(await send(port, await signed()))).toBe(200);
    expect(handled.mock.lastCall![0].headers.host).toBe(new URL(RESOURCE).host);
  });
});

describe("bodies at a gate of node", () => {
  const bounds = { maxBodyBytes: 32 };
  const chunked = async () => {
    const request = await signed({ method: "POST", body: BODY });
    const { "content-length": _, ...headers } = request.headers;
    return `${headOf({ ...request, headers }, ["transfer-encoding: chunked"])}\r\n\r\n`;
  };

  test("E3: answers 413 to one without end, and closes", async () => {
    const { port } = await gated(bounds);
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write(await chunked());
    const timer = setInterval(() => socket.write("8\r\n12345678\r\n"), 5);
    const answer = await text(socket).catch(() => "");
    clearInterval(timer);
    expect(statusOf(answer)).toBe(413);
  });

  test("never reads the body of a request that is refused by its head, and closes", async () => {
    const { port } = await gated();
    const head = headOf({ ...(await signed()), method: "POST" }, ["transfer-encoding: chunked"]);
    expect(statusOf(await exchange(port, `${head}\r\n\r\n`))).toBe(401);
  });

  test("does not call a handler for a client that disconnects", async () => {
    const observer = vi.fn();
    const { port, handled } = await gated({}, { ...resource, observer });
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write(`${await chunked()}8\r\n12345678\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([handled, observer].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    expect(statusOf(await send(port, await signed()))).toBe(200);
  });

  test("E4: answers 500 where a parser has read the body before the gate, and reports it", async () => {
    const observer = vi.fn();
    const gate = protect({ ...resource, observer }, TO_READ);
    const next = vi.fn();
    const port = await listen(async (request, response) => {
      await text(request);
      void gate(request, response, next);
    });
    expect(statusOf(await send(port, await signed({ method: "POST", body: BODY })))).toBe(500);
    expect(observer.mock.calls).toMatchObject([
      [{ error: { message: expect.stringContaining("the body was read before the AAuth gate") } }, {}],
    ]);
    expect(next).not.toHaveBeenCalled();
  });

  test("E7: answers 500 over HTTP/2, where a body needs no length", async () => {
    const observer = vi.fn();
    const gate = protect({ ...resource, observer }, TO_READ);
    const next = vi.fn();
    const server = createHttp2Server((request, response) => {
      void gate(request as never, response as never, () => next(response.end()));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const { method, target, headers } = await signed({ method: "POST" });
    const stream = client.request({ ":method": method, ":path": target, ...headers }).end(BODY);
    const [answered] = await once(stream, "response");
    expect([answered[":status"], next.mock.calls]).toEqual([500, []]);
    expect(observer.mock.calls).toMatchObject([
      [{ error: { message: "the AAuth gate supports only HTTP/1.1" } }, {}],
    ]);
  });

  test("E8: answers 500 if the request decodes its body as text", async () => {
    const observer = vi.fn();
    const gate = protect({ ...resource, observer }, TO_READ);
    const next = vi.fn();
    const port = await listen((request, response) => {
      void gate(request.setEncoding("utf8"), response, next);
    });
    expect(statusOf(await send(port, await signed({ method: "POST", body: BODY })))).toBe(500);
    expect(observer.mock.calls).toMatchObject([
      [{ error: { message: "setEncoding was called before the AAuth gate" } }, {}],
    ]);
    expect(next).not.toHaveBeenCalled();
  }, 5_000);

  test("is not waited for where the client has left before", async () => {
    const left = Promise.withResolvers<void>();
    const slow: typeof resource = {
      ...resource,
      admit: async (...args) => {
        await left.promise;
        return resource.admit(...args);
      },
    };
    const gate = protect(slow, TO_READ, { bodyTimeoutMs: 5_000 });
    const judged = Promise.withResolvers<string>();
    const port = await listen(async (request, response) => {
      request.once("close", () => left.resolve());
      judged.resolve(gate(request, response, () => {}).then(() => "judged"));
    });
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write(await chunked());
    setTimeout(() => socket.resetAndDestroy(), 50);
    await left.promise;
    const late = new Promise((resolve) => setTimeout(resolve, 1_000, "late"));
    expect(await Promise.race([judged.promise, late])).toBe("judged");
  });
});

describe("errors at a gate of node", () => {
  test.each([
    ["throws", () => Promise.reject(new Error("of the handler"))],
    [
      "throws at once",
      () => {
        throw new Error("of the handler");
      },
    ],
  ])("a handler that %s is answered 500, and reported", async (_name, next) => {
    const observer = vi.fn();
    const gate = protect({ ...resource, observer }, TO_READ);
    const port = await listen((request, response) => void gate(request, response, next));
    const answer = await send(port, await signed());
    expect([statusOf(answer), answer.includes("of the handler")]).toEqual([500, false]);
    expect(observer.mock.calls).toMatchObject([[{ error: { message: "of the handler" } }, {}]]);
  });

  test("E9: discards the headers of a handler that throws", async () => {
    const gate = protect(resource, TO_READ);
    const port = await listen((request, response) => {
      void gate(request, response, () => {
        response.setHeader("content-length", "5").setHeader("content-encoding", "gzip");
        response.setHeader("set-cookie", "session=1");
        throw new Error("of the handler");
      });
    });
    const response = await fetch(`http://127.0.0.1:${port}/data`, { headers: (await signed()).headers });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([500, null]);
    expect(await response.json()).toEqual({ error: "server_error" });
  });

  test("a handler that throws after it has begun to answer ends the connection", async () => {
    const gate = protect(resource, TO_READ);
    const port = await listen((request, response) => {
      void gate(request, response, async () => {
        response.write("half");
        throw new Error("of the handler");
      });
    });
    expect(await send(port, await signed())).not.toMatch(/^0\r\n$/m);
  });

  test("a failure that is not a verdict calls no handler", async () => {
    const broken = { ...resource, admit: () => Promise.reject(new Error("secret")) };
    const { port, handled } = await gated({}, broken);
    expect(statusOf(await send(port, await signed()))).toBe(500);
    expect(handled).not.toHaveBeenCalled();
  });

  test("knows no caller of a request that has not passed this gate", async () => {
    const [first, second] = [protect(resource, TO_READ), protect(resource, TO_READ)];
    const port = await listen((request, response) => {
      void first(request, response, () => response.end(second.callerOf(request).person.sub));
    });
    expect(statusOf(await send(port, await signed()))).toBe(500);
  });

  test("E5: refuses a missing requirement before the first request", () => {
    expect(() => protect(resource, undefined as never)).toThrow(TypeError);
  });
});

describe("documents and endpoints", () => {
  test("are answered by the gate, and by serveResource, which leaves all else", async () => {
    const own = serveResource(resource);
    const port = await listen((request, response) => {
      void own(request, response, async () => response.end(await text(request)));
    });
    const gate = await gated();
    for (const served of [port, gate.port]) {
      const document = await fetch(`http://127.0.0.1:${served}/.well-known/aauth-resource.json`);
      expect(await document.json()).toMatchObject({ issuer: RESOURCE });
    }
    const posted = await fetch(`http://127.0.0.1:${port}/data`, { method: "POST", body: BODY });
    expect(await posted.text()).toBe(BODY);
  });
});

function without({ headers }: TestRequest, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
