import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createAgent } from "../../src/agent/index.ts";
import { pooledTransport } from "../../src/discovery/http-node.ts";
import { february2026Agent } from "../../src/february-2026/agent-profile.ts";
import { type LoopbackServer, startServer } from "../discovery/loopback-server.ts";
import { createTestParties } from "../february-2026/parties.ts";

const servers: LoopbackServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...arguments_: Parameters<typeof startServer>): Promise<LoopbackServer> {
  const server = await startServer(...arguments_);
  servers.push(server);
  return server;
}

/** Ways to release a body that has not arrived yet. */
const LET_GO: Record<string, (body: ReadableStream<Uint8Array>) => Promise<unknown>> = {
  unread: (body) => body.cancel(),
  "once it has ended": async (body) => {
    await setTimeout(50);
    await body.cancel();
  },
  "after a chunk": async (body) => {
    for await (const _chunk of body) break;
  },
  "while a read waits": async (body) => {
    const reader = body.getReader();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    expect((await waiting).done).toBe(true);
  },
  "by the signal of a pipe": async (body) => {
    const signal = AbortSignal.timeout(1);
    const piped = body.pipeThrough(new TransformStream(), { signal });
    await expect(new Response(piped).text()).rejects.toThrow("timeout");
  },
};

describe("a body in chunks", () => {
  it.each(Object.entries(LET_GO))(
    "S2: cancelled %s throws only in its reader, and closes its connection",
    async (how, letGo) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown) => uncaught.push(error);
      const closed = Promise.withResolvers<void>();
      const server = await start(async ({ socket }, response) => {
        socket.once("close", () => closed.resolve());
        response.writeHead(401);
        response.write("first");
        await setTimeout(5);
        if (how !== "once it has ended") response.write(Buffer.alloc(200_000));
        else response.end(() => closed.resolve());
        await closed.promise;
      });
      process.on("uncaughtException", note);
      try {
        const { body } = await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
        await letGo(body!);
        await closed.promise;
        await setTimeout(20);
      } finally {
        process.off("uncaughtException", note);
      }
      expect(uncaught).toEqual([]);
    },
  );

  it("rejects a reader once its connection breaks", async () => {
    const server = await start(({ socket }, response) => {
      response.write("first");
      socket.setTimeout(5, () => socket.destroy());
    });
    const response = await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
    await expect(response.text()).rejects.toThrow("other side closed");
  });
});

describe("the default transport", () => {
  it("streams the response", async () => {
    const more = Promise.withResolvers<void>();
    const server = await start(async (_request, response) => {
      response.write("first ");
      await more.promise;
      response.end("second");
    });
    const response = await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first ");
    more.resolve();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("second");
  });

  it("keeps status, repeated headers and empty answers", async () => {
    const server = await start((request, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.writeHead(request.url === "/empty" ? 204 : 418).end();
    });
    const response = await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
    expect([response.status, response.headers.getSetCookie()]).toEqual([418, ["a=1", "b=2"]]);
    expect((await pooledTransport(`${server.origin}/empty`, { method: "GET", headers: {} })).status).toBe(
      204,
    );
  });

  it("holds no connection for an unread short body", async () => {
    const sockets = new Set<unknown>();
    const server = await start((request, response) => {
      sockets.add(request.socket);
      response.writeHead(200, { "content-length": "5" }).end("short");
    });
    for (let count = 0; count < 5; count++)
      await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
    expect(sockets.size).toBeLessThan(5);
  });

  it("uses no connection that its server has closed since", async () => {
    const closed = Promise.withResolvers<void>();
    const server = await start((request, response) => {
      request.socket.once("close", () => closed.resolve());
      response.end("ok", () => request.socket.end());
    });
    const body = new TextEncoder().encode("signed");
    const post = () => pooledTransport(`${server.origin}/`, { method: "POST", headers: {}, body });
    expect((await post()).status).toBe(200);
    await closed.promise;
    expect((await post()).status).toBe(200);
    expect(server.connections()).toBe(2);
  });

  it.each(["GET", "POST"])("does not repeat a %s whose connection breaks", async (method) => {
    const server = await start((request) => void request.socket.destroy());
    await expect(pooledTransport(`${server.origin}/`, { method, headers: {} })).rejects.toThrow(
      "other side closed",
    );
    expect(server.requests).toEqual(["/"]);
  });

  it("does not follow a redirect: a signature is for one target", async () => {
    const server = await start((_request, response) => {
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    const response = await pooledTransport(`${server.origin}/`, { method: "GET", headers: {} });
    expect([response.status, server.requests]).toEqual([307, ["/"]]);
  });

  it("does not follow a redirect through the platform's fetch either, which would forward the token", async () => {
    const elsewhere = await start((_request, response) => void response.end("mine now"));
    const server = await start((_request, response) => {
      response.writeHead(307, { location: elsewhere.origin }).end();
    });
    const { agent, discovery } = await createTestParties();
    const { id, key } = agent;
    const profile = february2026Agent({ signatureScheme: "jwks", authServers: [] });
    const signedFetch = createAgent({ id, key, profile, discovery, transport: fetch }).fetchFor();
    expect((await signedFetch(`${server.origin}/`)).status).toBe(307);
    expect([server.requests, elsewhere.requests]).toEqual([["/"], []]);
  });

  it.each([
    ["/a?", "/a"],
    ["/?", "/"],
    ["?#x", "/"],
    ["/a?b", "/a?b"],
    ["/a??", "/a??"],
    ["/a%2Fb/?q=1&r=%20", "/a%2Fb/?q=1&r=%20"],
  ])("signs %s as sent on the wire, with either transport", async (address, wire) => {
    const { agent, discovery, clock, createVerifier } = await createTestParties();
    const server = await start(async ({ method = "", url: target = "", headers }, response) => {
      const verifier = createVerifier({ authorities: [server.origin.slice(7)] });
      const verdict = verifier.verifyRequest({ method, target, headers, body: undefined });
      response.end(await verdict.then(({ caller }) => caller.level, String));
    });
    const { id, key } = agent;
    const profile = february2026Agent({ signatureScheme: "jwks", authServers: [] });
    for (const transport of [pooledTransport, fetch]) {
      const { now } = clock;
      const signedFetch = createAgent({ id, key, profile, discovery, now, transport }).fetchFor();
      expect(await (await signedFetch(server.origin + address)).text()).toBe("identified");
    }
    expect(server.requests).toEqual([wire, wire]);
  });

  it("can be aborted by the caller", async () => {
    const server = await start(() => {});
    const controller = new AbortController();
    const pending = pooledTransport(`${server.origin}/`, {
      method: "GET",
      headers: {},
      signal: controller.signal,
    });
    controller.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
  });
});
