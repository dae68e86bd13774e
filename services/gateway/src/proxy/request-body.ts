import type { IncomingMessage } from "node:http";
import type { HeldBytes } from "./body-budget.ts";
import { CallerGone, type OwnAnswer, textAnswer } from "./own-answer.ts";

/** Up to here a body goes to the agent in one piece, which is faster; above, chunk by chunk, each forgotten once it is on its way. */
export const ONE_PIECE_BYTES = 65_536;

/** What a request may hold, known when its caller is. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly held: HeldBytes;
}

/**
 * A request's body, bounded, and counted while it is here. It is held as a whole because an agent needs all of it before
 * it can compare the digest, and because passing single chunks on as they come costs more.
 */
export class RequestBody {
  readonly #message: IncomingMessage;
  readonly #limits: () => BodyLimits;
  readonly #onWanted: () => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #held: HeldBytes | undefined;
  #reading: Promise<void> | undefined;
  #isUnderWay = false;

  /**
   * @param options.limits called once, before the first byte is read
   * @param options.onWanted called once, when the body is to come
   */
  constructor(message: IncomingMessage, options: { limits: () => BodyLimits; onWanted: () => void }) {
    this.#message = message;
    this.#onWanted = options.onWanted;
    this.#limits = options.limits;
  }

  /**
   * Reads it, once.
   *
   * Rejects with OwnAnswer 413 when it is longer, 503 when too much is held already, with CallerGone when the caller leaves in the middle.
   */
  read(): Promise<void> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /** Bytes that have been read. */
  get size(): number {
    return this.#size;
  }

  /** What has been read, in one piece. */
  bytes(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  /** What has been read, for undici, with the fields that go with it; can be had once. */
  forward(): { body: Buffer | AsyncIterable<Buffer>; fields: readonly string[] } {
    if (this.#size <= ONE_PIECE_BYTES) return { body: this.bytes(), fields: [] };
    return { body: this.#forwardChunks(), fields: ["content-length", String(this.#size)] };
  }

  /** Forgets it. What still comes is read and thrown away, so that the caller can read its answer. */
  release(): void {
    if (this.#isUnderWay) {
      this.#isUnderWay = false;
      // Its only listener is the one below.
      this.#message.removeAllListeners("data").resume();
    }
    this.#chunks = [];
    this.#held?.release();
  }

  #read(): Promise<void> {
    const message = this.#message;
    const { maxBytes, held } = this.#limits();
    this.#held = held;
    return new Promise((resolve, reject) => {
      const refuse = (answer: OwnAnswer) => {
        reject(answer);
        this.release();
      };
      const onData = (chunk: Buffer) => {
        this.#size += chunk.length;
        if (this.#size > maxBytes) refuse(tooLarge());
        else if (!held.add(chunk.length)) refuse(tooMuchHeld());
        else this.#chunks.push(chunk);
      };
      let isWhole = false;
      const onEnd = () => {
        isWhole = true;
        this.#isUnderWay = false;
        resolve();
      };
      const onGone = () => {
        if (!isWhole) reject(new CallerGone("the caller left while sending its request"));
      };
      if (message.destroyed) return onGone();
      message.on("end", onEnd).on("error", onGone).on("close", onGone);
      if (Number(message.headers["content-length"]) > maxBytes) return refuse(tooLarge());
      this.#isUnderWay = true;
      message.on("data", onData);
      this.#onWanted();
    });
  }

  /** undici asks for the next chunk when the one before has left: from then on it is the agent's. */
  async *#forwardChunks(): AsyncGenerator<Buffer> {
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      const { length } = chunk;
      yield chunk;
      this.#held?.giveBack(length);
    }
  }
}

const tooLarge = () => textAnswer(413, "InvalidRequest", "request body too large");
const tooMuchHeld = () =>
  textAnswer(503, "Overloaded", "too many request bodies are being held, try again later");
