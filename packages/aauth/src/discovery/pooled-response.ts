/**
 * A response of undici's pool as a `Response`. The platform's own constructor wraps undici's stream into a web stream
 * before anybody has asked for one, which costs more than verifying a signature; most callers want a status, or the
 * text. What is asked for is made when it is asked for.
 *
 * @module
 */

import type { Dispatcher } from "undici";
import { type DirectBody, readField, takeBody } from "./direct-response.ts";

const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);
/** A rest as long as this is read and thrown away, so that its connection can be used again; beyond it that does not pay. */
const MAX_DRAINED_BYTES = 65_536;

type PooledBody = Dispatcher.ResponseData["body"];

/** A long body holds its connection until it is read. When it is no longer reachable it is let go, as the platform's `fetch` does. */
const unread = new FinalizationRegistry<PooledBody>((source) => void source.destroy());
const ignore = () => {};

/** Behaves like a `Response` that came from `fetch`, and is an instance of it. Does not decode: no encoding was asked for. */
export function pooledResponse(data: Dispatcher.ResponseData): Response {
  return new PooledResponse(data) as unknown as Response;
}

class PooledResponse {
  readonly status: number;
  readonly statusText: string;
  readonly type = "default";
  readonly url = "";
  readonly redirected = false;
  readonly #fields: Dispatcher.ResponseData["headers"];
  /** Undefined where a response of this status has none. */
  readonly #source: PooledBody | undefined;
  #headers: Headers | undefined;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  /** Takes over as soon as something is wanted that is read from the stream. */
  #platform: Response | undefined;
  #isRead = false;

  constructor({ statusCode, statusText, headers, body }: Dispatcher.ResponseData) {
    this.status = statusCode;
    this.statusText = statusText;
    this.#fields = headers;
    // A reader sees the failure; a body without a reader must not end the process.
    body.on("error", ignore);
    if (NULL_BODY_STATUSES.has(statusCode)) {
      body.dump().catch(ignore);
    } else {
      this.#source = body;
      // A short one is in the connection's buffer, and holds nothing.
      if (!(lengthIn(headers) <= MAX_DRAINED_BYTES)) unread.register(this, body, this);
    }
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#fields);
    return this.#headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#asPlatform().body;
  }

  get bodyUsed(): boolean {
    return this.#platform?.bodyUsed ?? this.#isRead;
  }

  async text(): Promise<string> {
    return this.#source && !this.#platform ? this.#taken(this.#source).text() : this.#asPlatform().text();
  }

  async json(): Promise<unknown> {
    return this.#source && !this.#platform ? this.#taken(this.#source).json() : this.#asPlatform().json();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#asPlatform().arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return this.#asPlatform().bytes();
  }

  async blob(): Promise<Blob> {
    return this.#asPlatform().blob();
  }

  async formData(): Promise<FormData> {
    return this.#asPlatform().formData();
  }

  clone(): Response {
    return sharingHead(this.#asPlatform().clone(), this);
  }

  [takeBody](): DirectBody | undefined {
    if (!this.#source || this.#platform || this.#isRead) return undefined;
    const chunks = this.#taken(this.#source);
    const lengthBytes = lengthIn(this.#fields);
    return {
      chunks,
      lengthBytes,
      bytes: () => chunks.bytes() as Promise<Uint8Array<ArrayBuffer>>,
      discard: () => letGo(chunks, lengthBytes),
    };
  }

  [readField](name: string): string | null {
    // A caller that has its headers may have changed them.
    if (this.#headers !== undefined) return this.#headers.get(name);
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  }

  /** A body is read once. */
  #taken(source: PooledBody): PooledBody {
    if (this.#isRead) throw new TypeError("Body is unusable: Body has already been read");
    this.#isRead = true;
    unread.unregister(this);
    return source;
  }

  #asPlatform(): Response {
    if (this.#platform === undefined) {
      if (this.#source && this.#isRead) {
        this.#stream = new ReadableStream();
      } else if (this.#source) {
        this.#stream = streamOf(this.#source, lengthIn(this.#fields));
        // Who has the stream needs the response no longer.
        if (unread.unregister(this)) unread.register(this.#stream, this.#source);
      }
      const { headers } = this;
      const head = isConstructible(this) ? { status: this.status, statusText: this.statusText } : {};
      this.#platform = new Response(this.#stream ?? null, { ...head, headers });
      // A body that has been read is not an empty one: a second read has to fail.
      if (this.#isRead) this.#stream?.cancel();
    }
    return this.#platform;
  }
}

Object.setPrototypeOf(PooledResponse.prototype, Response.prototype);

type Head = Pick<Response, "status" | "statusText" | "ok">;

/** Servers send more than the platform's constructor takes, and its `fetch` hands it on: status 999, and any reason phrase. */
function isConstructible({ status, statusText }: Head): boolean {
  return status >= 200 && status <= 599 && /^[\t\x20-\x7e\x80-\xff]*$/.test(statusText);
}

/** A copy with the head of its original, which the platform could not give it. So have the copies of the copy. */
function sharingHead(copy: Response, { status, statusText, ok }: Head): Response {
  if (copy.status === status && copy.statusText === statusText) return copy;
  const clone = () => sharingHead(Response.prototype.clone.call(copy), copy);
  return Object.defineProperties(copy, {
    status: { value: status },
    statusText: { value: statusText },
    ok: { value: ok },
    clone: { value: clone },
  });
}

function headersOf(fields: Dispatcher.ResponseData["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, item);
  }
  return headers;
}

/** NaN where they do not say. */
function lengthIn(fields: Dispatcher.ResponseData["headers"]): number {
  const value = fields["content-length"];
  return value === undefined ? Number.NaN : Number(value);
}

function streamOf(source: PooledBody, lengthBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array<ArrayBuffer>>;
  let hasStarted = false;
  return new ReadableStream(
    {
      async pull(controller) {
        hasStarted = true;
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        if (hasStarted) source.destroy();
        else letGo(source, lengthBytes);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body of which nothing has been read yet. */
function letGo(source: PooledBody, lengthBytes: number): void {
  if (lengthBytes <= MAX_DRAINED_BYTES) source.dump().catch(ignore);
  else source.destroy();
}
