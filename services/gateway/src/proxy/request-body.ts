import type { IncomingMessage } from "node:http";
import type { HeldBytes } from "./body-budget.ts";
import { textReply } from "./local-reply.ts";

/**
 * Largest body that is sent to the agent in one piece. Larger ones are sent in chunks, each
 * released once sent.
 */
export const ONE_PIECE_BYTES = 65_536;

/**
 * Reads a request's body within its limits. It is held in full because an agent needs all of it to
 * compare the digest. After a refusal the rest is read and discarded, so that the caller can read
 * the answer.
 *
 * @param options.onWanted called when the body is needed
 * @throws LocalReply 413 if it is too long, 503 if too much is held; the reason of the signal
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

/** The body to forward to the agent, with its fields. */
export function forwardedBody(
  chunks: Buffer[],
  held: HeldBytes,
): { body: Buffer | AsyncIterable<Buffer>; fields: readonly string[] } {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  if (size <= ONE_PIECE_BYTES) return { body: Buffer.concat(chunks), fields: [] };
  return { body: forwardChunks(chunks, held), fields: ["content-length", String(size)] };
}

/** undici requests the next chunk once the previous one has been sent, which releases it. */
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
