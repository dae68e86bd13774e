import { AsyncLocalStorage } from "node:async_hooks";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import {
  type JSONRPCMessage,
  type RequestId,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { type Observer, observerOf } from "aauth";

/** A host and a server to connect. */
export interface BridgeOptions {
  /** Endpoint of the server. */
  readonly url: URL;
  /** Signs and meets challenges: `agent.fetchFor(…)`. */
  readonly fetch: typeof fetch;
  /** Messages of the host, one on each line. */
  readonly input: Readable;
  /** Receives the server's messages, and nothing else. */
  readonly output: Writable;
  /**
   * Receives each error as `unexpected_error`, including those sent to the host. Default: writes
   * its stack to `console.error`.
   */
  readonly observer?: Observer<never> | undefined;
}

const MAX_ANSWER_BYTES = 16_777_216;
/** Time for which responses are awaited after the input has ended. */
const DRAIN_MS = 600_000;
const EVENT_STREAM = /^\s*text\/event-stream\s*(;|$)/i;

/**
 * Connects a host that uses MCP over stdio to a server over Streamable HTTP, until the input has
 * ended and all requests are answered, but at most ten minutes after the end. A request that fails
 * or gets no response is answered with a JSON-RPC error that contains the reason, as is one whose
 * response, or event of a stream, exceeds 16 MiB.
 *
 * Does NOT check the messages between host and server.
 */
export async function runBridge({ url, fetch, input, output, ...options }: BridgeOptions): Promise<void> {
  const observer = observerOf(options.observer);
  const onError = (error: unknown) => observer({ type: "unexpected_error", error });
  const exchanges = new AsyncLocalStorage<{ isStream: boolean }>();
  const transport = new StreamableHTTPClientTransport(url, {
    async fetch(...request) {
      const response = await fetch(...request);
      const type = response.headers.get("content-type") ?? "";
      const isStream = response.status !== 202 && EVENT_STREAM.test(type);
      const exchange = exchanges.getStore();
      if (exchange !== undefined) exchange.isStream = isStream;
      return bounded(response, isStream);
    },
  });
  const write = (message: JSONRPCMessage) => void output.write(`${JSON.stringify(message)}\n`);
  /** Pending requests by id. */
  const waiting = new Map<unknown, () => void>();
  const settle = (id: unknown) => {
    waiting.get(id)?.();
    waiting.delete(id);
  };
  const fail = (ids: readonly RequestId[], message: string) => {
    for (const id of ids.filter((one) => waiting.has(one))) {
      write({ jsonrpc: "2.0", id, error: { code: -32_000, message } });
      settle(id);
    }
  };
  let initialize: unknown;
  transport.onerror = onError;
  transport.onmessage = (message) => {
    if ("result" in message && message.id === initialize) {
      const { protocolVersion } = message.result;
      if (typeof protocolVersion === "string") transport.setProtocolVersion(protocolVersion);
    }
    write(message);
    if (!("method" in message)) settle(message.id);
  };
  const exchange = async (message: JSONRPCMessage | JSONRPCMessage[]) => {
    const ids = requestIdsOf(message);
    const answers = ids.map((id) => {
      settle(id);
      return new Promise<void>((resolve) => void waiting.set(id, resolve));
    });
    const state = { isStream: false };
    const onRequestStreamEnd = () => fail(ids, NO_ANSWER);
    try {
      await exchanges.run(state, () => transport.send(message as JSONRPCMessage, { onRequestStreamEnd }));
      if (!state.isStream) fail(ids, NO_ANSWER);
    } catch (error) {
      // The transport has already called `onError`.
      fail(ids, (error as Error).message);
    }
    await Promise.all(answers);
  };
  await transport.start();
  const underWay = new Set<Promise<void>>();
  for await (const line of createInterface({ input })) {
    const message = readMessage(line);
    if (message === undefined) continue;
    if ("method" in message && "id" in message && message.method === "initialize") initialize = message.id;
    const exchanged = exchange(message).finally(() => underWay.delete(exchanged));
    underWay.add(exchanged);
  }
  await waitAtMost(DRAIN_MS, Promise.all(underWay));
  fail([...waiting.keys()] as RequestId[], NO_ANSWER);
  await transport.terminateSession().catch(onError);
  await transport.close();
}

const NO_ANSWER = "the server ended without a response";

/** Ids of the requests of a message or a batch. */
function requestIdsOf(message: JSONRPCMessage | JSONRPCMessage[]): readonly RequestId[] {
  return [message]
    .flat()
    .flatMap((one) =>
      typeof one === "object" && one !== null && "method" in one && "id" in one ? [one.id] : [],
    );
}

/** Resolves when `work` does, or after `ms`. */
function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Limits a response: its body fails if it, or one event of a stream, is too large. */
function bounded({ body, status, statusText, headers }: Response, isStream: boolean): Response {
  if (body === null) return new Response(null, { status, statusText, headers });
  let size = 0;
  let last = 0;
  const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      for (const [index, byte] of isStream ? chunk.entries() : []) {
        if (byte === 13) continue;
        // An empty line ends an event.
        if (byte === 10 && last === 10) size = chunk.byteLength - index;
        last = byte;
      }
      // hole M10
      if (size > MAX_ANSWER_BYTES) throw new RangeError(`the response exceeds ${MAX_ANSWER_BYTES} bytes`);
      controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(count), { status, statusText, headers });
}

/** Parses a line; undefined for an invalid message, which has no id to respond to. */
function readMessage(line: string): JSONRPCMessage | JSONRPCMessage[] | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" && message !== null ? (message as JSONRPCMessage) : undefined;
  } catch {
    return undefined;
  }
}
