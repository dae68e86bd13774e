import { generateKeyPair } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createParties, RESOURCE } from "../../aauth-a2a/test/parties.ts";
import { runBridge } from "../src/bridge.ts";
import { readBridgeSettings } from "../src/bridge-settings.ts";
import { protectMcp } from "../src/index.ts";
import { createPages, visibleLine } from "../src/open-page.ts";
import { type Handled, sessionsOfSdk1 } from "./servers.ts";

const request = (id: number, method: string, params: object = {}) => ({ jsonrpc: "2.0", id, method, params });
const init = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "host", version: "1" },
};

/** A host that exchanges lines with the bridge. */
async function host() {
  const parties = await createParties();
  const handled: Handled[] = [];
  const sessions = new Map();
  const person = { level: "person-token" } as const;
  parties.listen(protectMcp(parties.resource, person, sessionsOfSdk1(handled, sessions)));
  const [input, output] = [new PassThrough(), new PassThrough()];
  const errors: unknown[] = [];
  let written = "";
  output.on("data", (chunk) => {
    written += chunk;
  });
  /** Messages that the host has received. */
  const read = () => written.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  const ended = runBridge({
    url: new URL(`${RESOURCE}/mcp`),
    fetch: (await parties.agent("planner")).fetchFor(),
    input,
    output,
    observer: (event) => event.type === "unexpected_error" && errors.push(event.error),
  });
  const send = (message: unknown) =>
    void input.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  const ask = async (message: unknown) => {
    send(message);
    const [chunk] = await once(output, "data");
    return JSON.parse(String(chunk));
  };
  const end = () => {
    input.end();
    return ended;
  };
  return { ...parties, handled, sessions, errors, ask, read, send, end };
}

test("a host over stdio initializes, lists, calls, and ends the session", async () => {
  const { ask, send, end, handled, sessions, sent } = await host();
  expect((await ask(request(1, "initialize", init))).result.serverInfo).toMatchObject({ name: "files" });
  send({ jsonrpc: "2.0", method: "notifications/initialized" });
  expect((await ask(request(2, "tools/list"))).result.tools).toHaveLength(2);
  const call = request(3, "tools/call", { name: "list", arguments: { path: "/a" } });
  expect((await ask(call)).result.content).toEqual([{ type: "text", text: "list /a" }]);
  expect(handled).toHaveLength(1);
  expect(sent.at(-1)!.headers["mcp-protocol-version"]).toBe("2025-06-18");
  expect(sessions.size).toBe(1);
  await end();
  expect(sessions.size).toBe(0);
});

test("a request that fails on the way is answered with an error, and a line that is not a message with nothing", async () => {
  const { ask, send, end, listen } = await host();
  listen(async () => new Response(null, { status: 403 }));
  send("no message");
  expect(await ask(request(1, "initialize", init))).toMatchObject({ id: 1, error: { code: -32_000 } });
  await end();
});

describe("a request whose answer never comes is answered with an error", () => {
  const stream = (...chunks: (string | Error | Promise<string>)[]) =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          const next = await chunks.shift();
          if (next === undefined) controller.close();
          else if (typeof next === "string") controller.enqueue(new TextEncoder().encode(next));
          else controller.error(next);
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
  const answer = event({ jsonrpc: "2.0", id: 1, result: {} });
  const large = "a".repeat(1_048_576);

  test.each<[string, () => Response]>([
    ["a stream that is cut", () => stream('event: message\ndata: {"jsonrpc"', new Error("cut"))],
    ["an empty stream", () => stream()],
    ["a malformed message in a stream", () => stream(event({ nope: 1 }))],
    ["the answer to another request", () => stream(event({ jsonrpc: "2.0", id: 2, result: {} }))],
    ["accepted, and no more", () => new Response(null, { status: 202 })],
    ["JSON for another request", () => Response.json({ jsonrpc: "2.0", id: 2, result: {} })],
    [
      "M10: an answer of 17 MiB",
      () => Response.json({ jsonrpc: "2.0", id: 1, result: { a: large.repeat(17) } }),
    ],
    ["M10: an event of 17 MiB", () => stream("data: ", ...Array(17).fill(large), "\n\n")],
  ])("%s", async (_name, respond) => {
    const { sent, read, send, end, listen } = await host();
    listen(async () => respond());
    send(request(1, "tools/list"));
    await vi.waitFor(() => expect(read().filter(({ id }) => id === 1)).toHaveLength(1), 15_000);
    expect(read().find(({ id }) => id === 1)).toMatchObject({ error: { code: -32_000 } });
    expect(sent).toHaveLength(1);
    await end();
  });

  test("a batch: each request in it", async () => {
    const { read, send, end, listen, errors } = await host();
    listen(async () => new Response(null, { status: 403 }));
    send([
      request(1, "tools/list"),
      5,
      { jsonrpc: "2.0", method: "notifications/x" },
      request(2, "tools/list"),
    ]);
    await end();
    expect(read()).toMatchObject([
      { id: 1, error: { code: -32_000 } },
      { id: 2, error: { code: -32_000 } },
    ]);
    expect(errors).toHaveLength(1);
  });

  test("one that comes after the input has ended is brought, once", async () => {
    const { read, send, end, listen } = await host();
    const late = new Promise<string>((resolve) => void setTimeout(resolve, 2_000, answer));
    listen(async () => stream(...Array(17).fill(`: ${large}\n\n`), late));
    send(request(1, "tools/list"));
    await end();
    expect(read()).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
  });

  test("ten minutes after the input has ended", async () => {
    const { read, send, end, listen, sent } = await host();
    const headers = { "content-type": "text/event-stream" };
    listen(async () => new Response(new ReadableStream(), { headers }));
    send(request(1, "tools/list"));
    await vi.waitFor(() => expect(sent).toHaveLength(1), 15_000);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let isOver = false;
    const ended = end().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await vi.advanceTimersByTimeAsync(600_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect(read()).toMatchObject([{ id: 1, error: { code: -32_000 } }]);
  });
});

/** The bridge's environment, with the path of its key file and a function that writes the key. */
function environment() {
  const folder = mkdtempSync(join(tmpdir(), "bridge-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "key.json");
  const env = {
    AAUTH_AGENT: "aauth:planner@agent.example",
    AAUTH_PERSON_SERVER: "https://ps.example",
    AAUTH_KEY_FILE: file,
  };
  const writeKey = async () => {
    const { privateKey } = await promisify(generateKeyPair)("ed25519");
    writeFileSync(file, JSON.stringify({ ...privateKey.export({ format: "jwk" }), kid: "planner-1" }));
  };
  return { env, file, writeKey };
}

describe("pages that a server names", () => {
  /** A server that defers every request, each time to the next of these pages, and then refuses. */
  async function calling(pages: readonly string[]) {
    const left = [...pages];
    const server = createServer((_request, response) => {
      const url = left.shift();
      if (url === undefined) return void response.writeHead(403).end();
      response.writeHead(202, {
        location: "/pending",
        "retry-after": "0",
        "aauth-requirement": `requirement=interaction; url="${url}"; code="CODE-000${left.length}"`,
      });
      return void response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { env, writeKey } = environment();
    await writeKey();
    const { port } = server.address() as AddressInfo;
    const endpoints = JSON.stringify({ [RESOURCE]: `http://127.0.0.1:${port}` });
    const settings = await readBridgeSettings([`${RESOURCE}/mcp`], { ...env, AAUTH_ENDPOINTS: endpoints });
    const [opened, printed] = [[] as string[], [] as string[]];
    const fetch = settings.fetchWith({
      open: (address) => void opened.push(address),
      print: (line) => void printed.push(line),
    });
    const response = await fetch(settings.url);
    return { status: response.status, opened, printed };
  }

  test("M11: those of another party than the person server are printed and not opened", async () => {
    const { status, opened, printed } = await calling([
      "https://evil.example/a",
      "https://ps.example.evil.example/b",
      "https://ps.example:8443/c",
    ]);
    expect(status).toBe(403);
    expect(opened).toEqual([]);
    expect(printed).toHaveLength(3);
    expect(printed[0]).toMatch(/^https:\/\/evil\.example asks you .*: https:\/\/evil\.example\/a\?code=/);
  });

  test("M12: of five pages for one message, one is opened", async () => {
    const { opened, printed } = await calling(Array(5).fill("https://ps.example/interaction"));
    expect(opened).toEqual(["https://ps.example/interaction?code=CODE-0004"]);
    expect(printed).toHaveLength(5);
  });

  test("M12: pages of two calls are opened one after the other, and none of a call that has ended", () => {
    const opened: string[] = [];
    const pages = createPages("https://ps.example", {
      open: (address) => void opened.push(address),
      print: () => {},
    });
    const [first, second, third] = [{}, {}, {}];
    for (const [call, address] of [
      [first, "1"],
      [second, "2"],
      [third, "3"],
    ] as const)
      pages.show(call, { address, party: "https://ps.example" });
    expect(opened).toEqual(["1"]);
    pages.end(second);
    expect(opened).toEqual(["1"]);
    pages.end(first);
    expect(opened).toEqual(["1", "3"]);
    pages.end(third);
    pages.show(second, { address: "4", party: "https://ps.example" });
    expect(opened).toEqual(["1", "3", "4"]);
  });

  test("M11: no control or direction character reaches the terminal", () => {
    expect(visibleLine("a\u001b]0;b\u0007\nopen c\u202e\u{e0041}\u2028")).toBe(
      "a\\u{1b}]0;b\\u{7}\\u{a}open c\\u{202e}\\u{e0041}\\u{2028}",
    );
  });
});

test("settings that are missing or malformed are named", async () => {
  const { env, file, writeKey } = environment();
  writeFileSync(file, "{ secret");
  const url = `${RESOURCE}/mcp`;
  await expect(readBridgeSettings([], env)).rejects.toThrow("a URL, is needed");
  await expect(readBridgeSettings([url], { ...env, AAUTH_AGENT: "" })).rejects.toThrow(
    "AAUTH_AGENT is not set",
  );
  await expect(readBridgeSettings([url], env)).rejects.toThrow(
    /^AAUTH_KEY_FILE is not a file with a private JWK/,
  );
  await writeKey();
  await expect(readBridgeSettings([url], { ...env, AAUTH_ENDPOINTS: "{" })).rejects.toThrow(
    "AAUTH_ENDPOINTS: ",
  );
  expect((await readBridgeSettings([url], env)).url.href).toBe(url);
});
