import type { Readable } from "node:stream";
import { localhostLookup } from "agent-kit/service";
import { Agent, type Dispatcher } from "undici";
import type { Address } from "../configuration/document-schema.ts";
import { endToEndFields } from "./request-head.ts";

/** Connections to one address. */
const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 10_000;

/** Bounds on a connection to an agent or to the check service. */
export interface UpstreamLimits {
  /** From the request's last byte to the response's head. */
  readonly upstreamHeadersTimeoutMs: number;
  /** Between two parts of a response; an event stream has to send something inside it. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Requests to one address at a time, those included that wait for a connection. */
  readonly maxUpstreamRequests: number;
}

/** What an upstream sends. The path and the fields are sent as they are. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly string[];
  readonly body: Buffer | AsyncIterable<Buffer> | undefined;
  readonly signal: AbortSignal;
}

export interface UpstreamResponse {
  readonly status: number;
  /** End-to-end fields, lower-case names. */
  readonly fields: string[];
  readonly body: Readable;
}

/** An upstream has too many requests, or its response is too long; `code` says which. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Connections to agents and to the check service. */
export class Upstreams {
  readonly #agent: Agent;
  readonly #maxRequests: number;
  readonly #requests = new Map<string, number>();

  constructor(limits: UpstreamLimits) {
    this.#maxRequests = limits.maxUpstreamRequests;
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS, lookup: localhostLookup as never },
      headersTimeout: limits.upstreamHeadersTimeoutMs,
      bodyTimeout: limits.idleTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
    });
  }

  /**
   * Sends a request and hands its response over; the request counts until `receive` is through with it.
   *
   * @throws UpstreamError undici itself queues without end. Also the transport's error, or the reason of the signal
   */
  async request<Result>(
    { host, port }: Address,
    { method, path, fields, body, signal }: UpstreamRequest,
    receive: (response: UpstreamResponse) => Promise<Result>,
  ): Promise<Result> {
    const origin = `http://${host}:${port}`;
    const inProgress = this.#requests.get(origin) ?? 0;
    if (inProgress >= this.#maxRequests) throw new UpstreamError("too many requests are in progress");
    this.#requests.set(origin, inProgress + 1);
    try {
      const response = await this.#agent.request({
        origin,
        method: method as Dispatcher.HttpMethod,
        path,
        headers: fields as string[],
        // undici takes any async iterable; its types know of node's streams only.
        body: (body as Buffer | undefined) ?? null,
        responseHeaders: "raw",
        signal,
      });
      return await receive({
        status: response.statusCode,
        fields: endToEndFields(response.headers as unknown as string[]),
        body: response.body,
      });
    } finally {
      this.#requests.set(origin, this.#requests.get(origin)! - 1);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** Why a call failed, for a caller: the error's code or its kind, never an address or a stack. */
export function failureCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  // undici's parser error has no code.
  return typeof code === "string" ? code : (name ?? "failed");
}

/** A response's body in one piece. Rejects with UpstreamError when it has more than `maxBytes`, or with the transport's error. */
export function collect(body: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    body.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) body.destroy(new UpstreamError("RESPONSE_TOO_LARGE"));
      else chunks.push(chunk);
    });
    body.on("end", () => resolve(Buffer.concat(chunks)));
    body.on("error", reject);
  });
}
