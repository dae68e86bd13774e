import type { Readable } from "node:stream";
import { localhostLookup } from "agent-kit/service";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { Address } from "../configuration/document-schema.ts";
import { addressKey, BackendHealth } from "./backend-health.ts";
import { endToEndFields, firstField } from "./request-head.ts";

/** Limit on connections to one address. */
const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 10_000;

/** Limits of a connection to an agent or to the check service. */
export interface UpstreamLimits {
  /** Time from the request's last byte to the response's head. */
  readonly upstreamHeadersTimeoutMs: number;
  /** Time between two parts of a response, within which an event stream must send something. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Limit on concurrent requests to one address, including those that wait for a connection. */
  readonly maxUpstreamRequests: number;
  /** Time for which an unreachable address is tried after the others. */
  readonly backendDownMs: number;
}

/** A request to an upstream. The path and the fields are sent unchanged. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Creates the fields and body for an address. Called for each address that is tried. */
  readonly compose: (address: Address) => UpstreamMessage;
  readonly signal: AbortSignal;
}

export interface UpstreamMessage {
  readonly fields: readonly string[];
  readonly body?: Buffer | AsyncIterable<Buffer> | undefined;
}

export interface UpstreamResponse {
  readonly status: number;
  /** End-to-end fields, lower-case names. */
  readonly fields: string[];
  readonly body: Readable;
}

/** An upstream has too many requests or its response is too long, according to `code`. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Methods that only read (RFC 9110 section 9.2.1). */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** Connections to agents and to the check service. */
export class Upstreams {
  readonly #agent: Agent;
  readonly #maxRequests: number;
  readonly #requests = new Map<string, number>();
  readonly #health: BackendHealth;
  /** Errors after which the request may be sent to another address. */
  readonly #repeatable = new WeakSet<object>();

  constructor(limits: UpstreamLimits) {
    this.#maxRequests = limits.maxUpstreamRequests;
    this.#health = new BackendHealth(limits.backendDownMs);
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      connect: this.#connector(),
      headersTimeout: limits.upstreamHeadersTimeoutMs,
      bodyTimeout: limits.idleTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
    });
  }

  /**
   * Sends a request to one of several addresses and passes on its response. The request counts
   * until `receive` has finished.
   *
   * Tries another address if the first is unreachable or has too many requests, because nothing was
   * sent. A request that was sent but not answered is only repeated if it is safe and unsigned: the
   * agent or the check may have seen the signature, and a second replica with the same replay store
   * would refuse it as a replay.
   *
   * @throws UpstreamError for too many requests, because undici's queue is unbounded. Also the
   * transport's error at the last address, or the reason of the signal
   */
  async request<Result>(
    addresses: readonly Address[],
    request: UpstreamRequest,
    receive: (response: UpstreamResponse) => Promise<Result>,
  ): Promise<Result> {
    const [first, ...others] = this.#health.inOrder(addresses);
    let failure: unknown;
    for (const address of [first!, ...others]) {
      try {
        return await this.#requestOf(address, request, receive);
      } catch (error) {
        failure = error;
        if (!this.#repeatable.has(Object(error))) break; // hole V60
      }
    }
    throw failure;
  }

  async #requestOf<Result>(
    address: Address,
    { method, path, compose, signal }: UpstreamRequest,
    receive: (response: UpstreamResponse) => Promise<Result>,
  ): Promise<Result> {
    const { host, port } = address;
    const key = addressKey(host, port);
    const inProgress = this.#requests.get(key) ?? 0;
    if (inProgress >= this.#maxRequests) {
      throw this.#asRepeatable(new UpstreamError("too many requests are in progress"));
    }
    this.#requests.set(key, inProgress + 1);
    try {
      const { fields, body } = compose(address);
      const sent = this.#agent.request({
        origin: `http://${host}:${port}`,
        method: method as Dispatcher.HttpMethod,
        path,
        headers: fields as string[],
        // undici accepts any async iterable, but its types only declare node's streams.
        body: (body as Buffer | undefined) ?? null,
        responseHeaders: "raw",
        signal,
      });
      const response = await sent.catch((error: unknown) => {
        if (!isCutOff(error)) throw error;
        this.#health.markDown(key);
        // hole V61a
        if (firstField(fields, "signature-input") !== undefined) throw error;
        // hole V61b
        if (body !== undefined || !SAFE_METHODS.includes(method)) throw error;
        throw this.#asRepeatable(error);
      });
      this.#health.markUp(key);
      return await receive({
        status: response.statusCode,
        fields: endToEndFields(response.headers as unknown as string[]),
        body: response.body,
      });
    } finally {
      this.#requests.set(key, this.#requests.get(key)! - 1);
    }
  }

  /** Records a failed connection even if the request that caused it has ended. */
  #connector(): buildConnector.connector {
    const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: localhostLookup as never });
    return (options, callback) =>
      connect(options, (...outcome) => {
        const [error] = outcome;
        if (error !== null) {
          this.#health.markDown(addressKey(options.hostname, options.port || 80));
          this.#asRepeatable(error);
        }
        callback(...outcome);
      });
  }

  #asRepeatable<Failure extends object>(error: Failure): Failure {
    this.#repeatable.add(error);
    return error;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** Whether the connection ended before the response began. */
function isCutOff(error: unknown): error is Error {
  return error instanceof Error && ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(failureCode(error));
}

/**
 * Reason for a failed call, for a caller: the error's code or kind, never an address or a stack.
 */
export function failureCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  // undici's parser error has no code.
  return typeof code === "string" ? code : (name ?? "failed");
}

/**
 * Reads a whole response body. Rejects with UpstreamError if it exceeds `maxBytes`, or with the
 * transport's error.
 */
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
