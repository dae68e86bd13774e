import type { IncomingMessage } from "node:http";
import type { HeldBytes } from "./body-budget.ts";
import { CallerGone, type OwnAnswer, textAnswer } from "./own-answer.ts";

/** Up to here a body goes to the agent in one piece, which is faster; above, chunk by chunk, each forgotten once it is on its way. */
const ONE_PIECE_BYTES = 65_536;

/**
 * A request's body, at most `maxBytes` long, and counted while it is here. It is held as a whole because an agent needs all of it before
 * it can compare the digest, and because passing single chunks on as they come costs more.
 */
export class RequestBody {
  readonly #message: IncomingMessage;
  readonly #maxBytes: number;
  readonly #held: HeldBytes;
  readonly #onWanted: () => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #reading: Promise<void> | undefined;
  #isUnderWay = false;

  /** @param options.onWanted called once, when the body is to come */
  constructor(
    message: IncomingMessage,
    options: { maxBytes: number; held: HeldBytes; onWanted: () => void },
  ) {
    this.#message = message;
    this.#onWanted = options.onWanted;
    this.#maxBytes = options.maxBytes;
    this.#held = options.held;
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

  get #announcedBytes(): number {
    return Number(this.#message.headers["content-length"]);
  }

  /** True when it is certain to be so short that reading it before anybody has asked who the caller is costs nothing. */
  get isShort(): boolean {
    return this.#announcedBytes <= ONE_PIECE_BYTES;
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
    this.#held.release();
  }

  #read(): Promise<void> {
    const message = this.#message;
    return new Promise((resolve, reject) => {
      const refuse = (answer: OwnAnswer) => {
        reject(answer);
        this.release();
      };
      const onData = (chunk: Buffer) => {
        this.#size += chunk.length;
        if (this.#size > this.#maxBytes) refuse(tooLarge());
        else if (!this.#held.add(chunk.length)) refuse(tooMuchHeld());
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
      if (this.#announcedBytes > this.#maxBytes) return refuse(tooLarge());
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
      this.#held.giveBack(length);
    }
  }
}

const tooLarge = () => textAnswer(413, "InvalidRequest", "request body too large");
const tooMuchHeld = () =>
  textAnswer(503, "Overloaded", "too many request bodies are being held, try again later");
