/**
 * Connections to the target. Only addresses that were given are connected to; redirects are not
 * followed; time and size are bounded.
 *
 * @module
 */

import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Message } from "../judge/message.ts";
import { FieldError, type Item, isInnerList, parseDictionary, Token } from "../judge/structured-fields.ts";
import type { Wire } from "../messages/plan.ts";

/** An answer of the target. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; several lines are joined with a comma. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
  /** Code of `Signature-Error`. */
  readonly code?: string | undefined;
}

/** A message with its answer, for the report. */
export interface Exchange {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
  /** `sent` by the suite, or `received` by a party that it plays. */
  readonly direction: "sent" | "received";
  readonly message: Message & { readonly base?: string };
  readonly answer: Answer | undefined;
  /** Why there is no answer. */
  readonly problem?: string | undefined;
}

/** The target cannot be reached, or its answer cannot be read. Never the suite's own fault. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

export interface TargetOptions {
  /** Addresses by identifier, for identifiers that are not where DNS says. Origins. */
  readonly map: ReadonlyMap<string, string>;
  /** Identifiers that may be called beside those of the map. */
  readonly ids: readonly string[];
  /** For a whole answer. Default 10000. */
  readonly timeoutMs?: number | undefined;
}

export interface Target extends Log {
  /** @throws TargetError */
  send(message: Wire | Message): Promise<Answer>;
  /** Sends bytes as they are, and reads the first answer. @throws TargetError */
  sendBytes(message: Message, bytes: string): Promise<Answer>;
  /** @throws TargetError also for a URL whose origin was not given */
  get(url: string): Promise<Answer>;
}

/** Exchanges since they were last taken. */
export interface Log {
  takeExchanges(): Exchange[];
  /** Records a message that a played party has received. */
  received(message: Message, answer?: Answer): void;
  /**
   * Records a message that is sent, with its answer or the problem.
   *
   * @throws TargetError for any error of `send`
   */
  recording(message: Exchange["message"], send: () => Promise<Answer>): Promise<Answer>;
}

const MAX_BYTES = 1024 * 1024;
const MAX_KEPT_EXCHANGES = 200;
const TIMEOUT_MS = 10_000;
const SILENCE_MS = 1000;

export function createTarget({ map, ids, timeoutMs = TIMEOUT_MS }: TargetOptions): Target {
  const allowed = new Map([...ids.map((id) => [id, id] as const), ...map]);
  const log = createLog();
  const originOf = (authority: string): URL => {
    const origin = allowed.get(`https://${authority}`);
    if (origin === undefined) throw new TargetError(`${authority} is not one of the given addresses`);
    return new URL(origin);
  };
  const send = async (message: Wire | Message): Promise<Answer> => {
    const origin = originOf(message.address ?? message.authority);
    return log.recording(message, () => exchange(origin, message, timeoutMs));
  };
  return {
    ...log,
    send,
    async sendBytes(message, bytes) {
      const origin = originOf(message.address ?? message.authority);
      return log.recording(message, () => exchangeBytes(origin, bytes, timeoutMs));
    },
    get(url) {
      const parsed = URL.parse(url);
      if (parsed === null) throw new TargetError(`${url} is not a URL`);
      if (!allowed.has(parsed.origin))
        throw new TargetError(`${parsed.origin} is not one of the given addresses`);
      const target = `${parsed.pathname}${parsed.search}`;
      return send({ method: "GET", authority: parsed.host, target, fields: [], body: undefined });
    },
  };
}

export function createLog(): Log {
  let exchanges: Exchange[] = [];
  const record = (exchange: Exchange) => {
    if (exchanges.length < MAX_KEPT_EXCHANGES) exchanges.push(exchange);
  };
  return {
    takeExchanges() {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    received: (message, answer) => record({ at: Date.now(), ms: 0, direction: "received", message, answer }),
    async recording(message, send) {
      const at = Date.now();
      const kept = (answer: Answer | undefined, problem?: string) =>
        record({ at, ms: Date.now() - at, direction: "sent", message, answer, problem });
      try {
        const answer = await send();
        kept(answer);
        return answer;
      } catch (error) {
        const { message: problem } = error as Error;
        kept(undefined, problem);
        throw new TargetError(problem);
      }
    },
  };
}

function exchange(origin: URL, message: Message, timeoutMs: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const lines: [string, string][] = [
    ["host", message.authority],
    ...message.fields.map(([n, v]): [string, string] => [n, v]),
  ];
  if (message.body !== undefined) lines.push(["content-length", String(Buffer.byteLength(message.body))]);
  const request = (origin.protocol === "https:" ? requestHttps : requestHttp)({
    hostname: origin.hostname.replace(/^\[|\]$/g, ""),
    port: origin.port || (origin.protocol === "https:" ? 443 : 80),
    servername: message.authority.split(":", 1)[0],
    method: message.method,
    path: message.target,
    headers: lines.flat(),
    setHost: false,
    agent: false,
  });
  const timer = setTimeout(
    () => request.destroy(new Error(`there is no whole answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  request.on("response", (response) => {
    readBody(response).then((body) => resolve(answerOf(response, body)), reject);
  });
  request.on("error", (error) => reject(new Error(plainReason(error))));
  request.on("close", () => clearTimeout(timer));
  request.end(message.body);
  return promise;
}

/** Status and body of the answer to bytes, which the target may also end without one. */
function exchangeBytes(origin: URL, bytes: string, timeoutMs: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const [host, port] = [origin.hostname.replace(/^\[|\]$/g, ""), Number(origin.port)];
  const socket =
    origin.protocol === "https:"
      ? connectTls({ host, port: port || 443, servername: host })
      : connectTcp({ host, port: port || 80 });
  let text = "";
  const conclude = () => {
    const [head = "", body = ""] = text.split(/\r\n\r\n([\s\S]*)/);
    resolve({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 400), fields: {}, body });
    socket.destroy();
  };
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += String(chunk);
    if (text.length > MAX_BYTES) conclude();
  });
  // Bytes that follow an answer are judged by what reached the upstream, a moment later.
  socket.setTimeout(Math.min(timeoutMs, SILENCE_MS), conclude);
  socket.on("end", conclude);
  socket.on("error", (error) => (text === "" ? reject(new Error(plainReason(error))) : conclude()));
  socket.write(bytes, "latin1");
  return promise;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BYTES) throw new RangeError();
    }
  } catch (error) {
    response.destroy();
    if (error instanceof RangeError) throw new Error(`the answer has more than ${MAX_BYTES} bytes`);
    throw new Error(`the answer broke off: ${plainReason(error as Error)}`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Node's errors by their code, without addresses of the machine. */
const plainReason = (error: Error & { code?: string }): string =>
  error.code === undefined ? error.message : `the connection failed: ${error.code}`;

function answerOf({ statusCode = 0, headers }: IncomingMessage, body: string): Answer {
  const fields = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : String(value),
    ]),
  );
  return { status: statusCode, fields, body, code: tokenMember(fields["signature-error"], "error") };
}

/** Member of a dictionary whose value is a token. */
export function tokenMember(field: string | undefined, name: string): string | undefined {
  const item = itemMember(field, name);
  return item?.value instanceof Token ? item.value.value : undefined;
}

/** Member of a dictionary that is an item; undefined also for a field that is malformed. */
export function itemMember(field: string | undefined, name: string): Item | undefined {
  try {
    const member = parseDictionary(field ?? "").get(name);
    return member === undefined || isInnerList(member) ? undefined : member;
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}

/** JSON object of a body; undefined for anything else. */
export function jsonOf({ body }: Pick<Answer, "body">): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
