/** HTTP as bytes on a socket, for requests that no client would send. */

import { once } from "node:events";
import { Agent, type IncomingMessage, request as open } from "node:http";
import { connect } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { parseRefusal } from "aauth/resource";
import type { TestRequest } from "aauth/testing";
import { SERVED } from "./servers/reports.ts";

/** A request, line by line. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  /** Sends the body repeatedly. */
  readonly repeats?: boolean;
}

export interface Reply {
  /** 0 if the server closed without an answer. */
  readonly status: number;
  /** Code of the refusal, if there is one. */
  readonly code: string | undefined;
  /** Whether a handler has made the answer. */
  readonly isServed: boolean;
  readonly text: string;
}

export const wireOf = ({ method, target, headers, body }: TestRequest): WireRequest => ({
  method,
  target,
  body,
  host: "reports.example",
  fields: Object.entries(headers),
});

const LIMIT_MS = 20_000;
const REPEAT_MS = 5;
const LEAVE_MS = 100;

/**
 * The server's answer. The connection may stay open, as Deno keeps it while a body continues.
 *
 * @throws if there is no answer within 20 s
 */
export function exchange(port: number, request: WireRequest): Promise<Reply> {
  const { body = new Uint8Array() } = request;
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const limit = globalThis.setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer after ${LIMIT_MS} ms`));
    }, LIMIT_MS);
    const repeat = request.repeats && setInterval(() => socket.writable && socket.write(body), REPEAT_MS);
    socket
      // A server may reset a connection that it no longer reads.
      .on("error", () => {})
      .on("data", (chunk) => {
        text += chunk.toString("latin1");
        if (isWhole(text)) socket.destroy();
      })
      .on("close", () => {
        clearTimeout(limit);
        clearInterval(repeat || undefined);
        resolve(replyOf(text));
      });
    socket.write(headOf(request));
    socket.write(body);
  });
}

/**
 * The answer to the second of two requests of a client that keeps its connection, unless the server
 * ends it. Node's client adds the chunks. The first answer may be lost with the first connection.
 */
export async function inTurn(port: number, first: WireRequest, second: WireRequest): Promise<Reply> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async ({ method, target: path, host, fields, body }: WireRequest): Promise<Reply> => {
    const headers = { host, ...Object.fromEntries(fields) };
    const signal = AbortSignal.timeout(LIMIT_MS);
    const sent = open({ agent, port, host: "127.0.0.1", method, path, headers, signal }).end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return {
      status: answer.statusCode!,
      code: parseRefusal(answer.headers["aauth-refusal"] as string | undefined)?.code,
      isServed: answer.headers[SERVED] !== undefined,
      text: await textOf(answer),
    };
  };
  try {
    await ask(first).catch(() => {});
    return await ask(second);
  } finally {
    agent.destroy();
  }
}

/** Resets the connection while the server waits for the rest of the request. */
export async function leave(port: number, request: WireRequest): Promise<void> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.write(headOf(request));
  socket.write(request.body ?? "");
  await setTimeout(LEAVE_MS);
  socket.resetAndDestroy();
}

function headOf({ method, target, host, fields }: WireRequest): string {
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${host}`, "connection: close"];
  return `${[...lines, ...fields.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`;
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1];
  return length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length - end - 4 >= Number(length);
}

function replyOf(text: string): Reply {
  const fieldOf = (name: string) => new RegExp(`^${name}: (.*?)\\r?$`, "im").exec(text)?.[1];
  return {
    status: Number(text.split(" ", 2)[1] ?? 0),
    code: parseRefusal(fieldOf("aauth-refusal"))?.code,
    isServed: fieldOf(SERVED) !== undefined,
    text,
  };
}
