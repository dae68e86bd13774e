import type { IncomingMessage } from "node:http";
import { CallerGone, textAnswer } from "./own-answer.ts";

/**
 * The whole request body, at most `maxBytes` long. It is held because an agent needs all of it before it can compare the digest, and
 * because passing single chunks costs more than the copy.
 *
 * Rejects with OwnAnswer 413 when it is longer, with CallerGone when the caller leaves in the middle.
 */
export function readRequestBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () => {
      chunks.length = 0;
      // What still comes is read and thrown away until the answer is out and the connection closed.
      message.off("data", onData);
      message.resume();
      reject(textAnswer(413, "InvalidRequest", "request body too large"));
    };
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) tooLarge();
      else chunks.push(chunk);
    };
    message.on("data", onData);
    message.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onGone = () => {
      if (!message.complete) reject(new CallerGone("the caller left while sending its request"));
    };
    message.once("error", onGone);
    message.once("close", onGone);
    if (Number(message.headers["content-length"]) > maxBytes) tooLarge();
  });
}
