import type { Readable } from "node:stream";
import { localhostLookup } from "agent-kit/service";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { Address } from "../configuration/document-schema.ts";
import { addressKey, BackendHealth } from "./backend-health.ts";
import { endToEndFields, firstField } from "./request-head.ts";

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
  /** How long an address that could not be reached is tried after the others. */
  readonly backendDownMs: number;
}

/** A request to an upstream. The path and the fields are sent as they are. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Fields and body as one address gets them. Called for each address that is tried. */
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

/** An upstream has too many requests, or its response is too long; `code` says which. */
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
  /** Failures after which the request may be sent to another address. */
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
   * Sends a request to one of several addresses and hands its response over; the request counts
   * until `receive` is through with it.
   *
   * It goes to another address where the first could not be reached or has too many requests:
   * nothing was sent. A request that was sent and not answered is sent again only if it reads and
   * is unsigned: the agent, or the check, may have seen the signature, and a second replica with
   * the same replay store would refuse it as a replay.
   *
   * @throws UpstreamError for too many requests: undici itself queues without end. Also the
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
        // undici takes any async iterable; its types know of node's streams only.
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

  /** Notices a failed connection even if the request that asked for it is over. */
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

/** The connection ended before the response began. */
function isCutOff(error: unknown): error is Error {
  return error instanceof Error && ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(failureCode(error));
}

/** Why a call failed, for a caller: the error's code or its kind, never an address or a stack. */
export function failureCode(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  // undici's parser error has no code.
  return typeof code === "string" ? code : (name ?? "failed");
}

/**
 * A response's body in one piece. Rejects with UpstreamError when it has more than `maxBytes`, or
 * with the transport's error.
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
