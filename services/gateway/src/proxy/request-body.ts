import type { IncomingMessage } from "node:http";
import type { HeldBytes } from "./body-budget.ts";
import { textReply } from "./local-reply.ts";

/**
 * Up to here a body goes to the agent in one piece; above, chunk by chunk, each forgotten once it
 * is on its way.
 */
export const ONE_PIECE_BYTES = 65_536;

/**
 * Reads a request's body, bounded, and counted while it is here. It is held as a whole because an
 * agent needs all of it before it can compare the digest. What comes after a refusal is read and
 * thrown away, so that the caller can read its answer.
 *
 * @param options.onWanted called when the body is to come
 * @throws LocalReply 413 when it is longer, 503 when too much is held already; the reason of the
 * signal
 */
export function readBody(
  message: IncomingMessage,
  options: { maxBytes: number; held: HeldBytes; signal: AbortSignal; onWanted: () => void },
): Promise<Buffer[]> {
  const { maxBytes, held, signal, onWanted } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (reason: unknown) => {
      message.off("data", onData).resume();
      reject(reason);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) refuse(tooLarge());
      else if (held.add(chunk.length)) chunks.push(chunk);
      else refuse(tooMuchHeld());
    };
    if (signal.aborted) return reject(signal.reason);
    if (Number(message.headers["content-length"]) > maxBytes) return refuse(tooLarge());
    signal.addEventListener("abort", () => refuse(signal.reason), { once: true });
    message.on("data", onData).once("end", () => resolve(chunks));
    onWanted();
  });
}

/** What has been read, for the agent, with the fields that belong to it. */
export function forwardedBody(
  chunks: Buffer[],
  held: HeldBytes,
): { body: Buffer | AsyncIterable<Buffer>; fields: readonly string[] } {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  if (size <= ONE_PIECE_BYTES) return { body: Buffer.concat(chunks), fields: [] };
  return { body: forwardChunks(chunks, held), fields: ["content-length", String(size)] };
}

/** undici asks for the next chunk when the one before has left: from then on it is the agent's. */
async function* forwardChunks(chunks: Buffer[], held: HeldBytes): AsyncGenerator<Buffer> {
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    const { length } = chunk;
    yield chunk;
    held.giveBack(length);
  }
}

const tooLarge = () => textReply(413, "InvalidRequest", "request body too large");
const tooMuchHeld = () =>
  textReply(503, "Overloaded", "too many request bodies are being held, try again later");
