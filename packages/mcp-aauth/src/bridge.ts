import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type JSONRPCMessage, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/** A host on one side, a server on the other. */
export interface BridgeOptions {
  /** Endpoint of the server. */
  readonly url: URL;
  /** Signs and meets challenges: `agent.fetchFor(…)`. */
  readonly fetch: typeof fetch;
  /** Messages of the host, one on each line. */
  readonly input: Readable;
  /** Receives those of the server. Nothing else is written to it. */
  readonly output: Writable;
  /** Receives errors that answer no request of the host. */
  readonly onError: (error: Error) => void;
}

/**
 * Brings the messages of a host that speaks MCP over stdio to a server over Streamable HTTP, and
 * back, until the input ends. A request that fails on the way is answered with a JSON-RPC error,
 * which has the reason.
 *
 * Does NOT judge what host and server say to each other.
 */
export async function runBridge({ url, fetch, input, output, onError }: BridgeOptions): Promise<void> {
  const transport = new StreamableHTTPClientTransport(url, { fetch });
  const write = (message: JSONRPCMessage) => void output.write(`${JSON.stringify(message)}\n`);
  let initialize: unknown;
  transport.onerror = onError;
  transport.onmessage = (message) => {
    if ("result" in message && message.id === initialize) {
      const { protocolVersion } = message.result;
      if (typeof protocolVersion === "string") transport.setProtocolVersion(protocolVersion);
    }
    write(message);
  };
  await transport.start();
  const underWay = new Set<Promise<void>>();
  for await (const line of createInterface({ input })) {
    const message = readMessage(line);
    if (message === undefined) continue;
    if ("method" in message && "id" in message && message.method === "initialize") initialize = message.id;
    const sending = transport
      .send(message)
      .catch((error: Error) => {
        if (!("method" in message && "id" in message)) return onError(error);
        write({ jsonrpc: "2.0", id: message.id, error: { code: -32_000, message: error.message } });
      })
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  await Promise.all(underWay);
  await transport.terminateSession().catch(onError);
  await transport.close();
}

/**
 * Undefined for a line that is no message: a host that sends one has no request that could be
 * answered.
 */
function readMessage(line: string): JSONRPCMessage | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" && message !== null ? (message as JSONRPCMessage) : undefined;
  } catch {
    return undefined;
  }
}
