import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";

interface HeldBody {
  readonly address: string | undefined;
  bytes: number;
}

/** A slow body was dropped in favour of others. Code `body_too_slow`. */
class BodyTooSlowError extends Error {
  override readonly name = "BodyTooSlowError";
  readonly code = "body_too_slow";
  readonly statusCode = 408;

  constructor() {
    super("The body came too slowly: other requests need its place.");
  }
}

/**
 * Bounds the memory of incomplete request bodies. At the limit, the oldest body of the address with
 * the most bytes is dropped, instead of refusing the newest one: honest callers complete a body in
 * milliseconds. Complete bodies are not counted.
 */
export class HeldBodies {
  readonly #maxBytes: number;
  /** In the order in which they began. */
  readonly #bodies = new Map<IncomingMessage, HeldBody>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Counts a body until its end, without reading it.
   *
   * @param onGivenUp called before the reader of the body gets BodyTooSlowError
   */
  watch(message: IncomingMessage, onGivenUp?: () => void): void {
    const { "content-length": length = "0", "transfer-encoding": encoding } = message.headers;
    if (message.complete || (length === "0" && encoding === undefined)) return;
    const body: HeldBody = { address: message.socket.remoteAddress, bytes: 0 };
    const forget = () => {
      if (this.#bodies.delete(message)) this.#bytes -= body.bytes;
    };
    this.#bodies.set(message, body);
    // The stream's own `on` would start its flow before it is read.
    EventEmitter.prototype.on.call(message, "data", ({ length }: Buffer) => {
      if (!this.#bodies.has(message)) return;
      body.bytes += length;
      this.#bytes += length;
      while (this.#bytes > this.#maxBytes) this.#giveUp(this.#oldestOfMost());
    });
    message
      .once("end", forget)
      .once("close", forget)
      .once(GIVEN_UP, () => {
        forget();
        onGivenUp?.();
      });
  }

  #oldestOfMost(): IncomingMessage {
    const byAddress = new Map<string | undefined, number>();
    for (const { address, bytes } of this.#bodies.values()) {
      byAddress.set(address, (byAddress.get(address) ?? 0) + bytes);
    }
    const [most] = [...byAddress].reduce((a, b) => (b[1] > a[1] ? b : a));
    for (const [message, { address, bytes }] of this.#bodies) {
      if (address === most && bytes > 0) return message;
    }
    throw new Error("bodies are counted that are not there");
  }

  #giveUp(message: IncomingMessage): void {
    message.emit(GIVEN_UP);
    if (message.listenerCount("error") > 0) message.emit("error", new BodyTooSlowError());
    else message.destroy();
  }
}

const GIVEN_UP = Symbol("the body was given up");
