import { Readable } from "node:stream";

/**
 * The stream Fastify's parsers read next; the length tells Fastify's own size check what came over
 * the wire.
 */
type ReplayedBody = Readable & { receivedEncodedLength?: number };

export class BodyTooLargeError extends Error {
  readonly statusCode = 413;
  readonly code = "body_too_large";
}

class BodyCutOffError extends Error {
  readonly statusCode = 400;
  readonly code = "body_cut_off";
}

/**
 * Reads a request body whole: Content-Digest covers all of it, so nothing may be handed on before
 * the last byte. Listens to events, because iterating a stream costs more than hashing what is in
 * it.
 *
 * @param payload the request stream
 * @param maxBytes bound; one byte more is refused with status 413, and the rest is let go: bytes
 * that are not taken would stand between the answer and the next request on the same connection
 */
export function readRawBody(payload: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = () => {
      payload.off("close", cutOff);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const fail = (error: Error) => {
      payload.off("data", collect).off("end", end).off("close", cutOff).off("error", cutOff).resume();
      // The rest is discarded, and so are its errors.
      payload.on("error", () => {});
      reject(error);
    };
    const cutOff = (cause?: unknown) =>
      fail(isAnswer(cause) ? cause : new BodyCutOffError("the request ended before its body", { cause }));
    const collect = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) fail(new BodyTooLargeError(`request body is larger than ${maxBytes} bytes`));
      else chunks.push(chunk);
    };
    payload.on("data", collect).once("end", end).once("error", cutOff).once("close", cutOff);
  });
}

/** The service has given the body up, and says what that is answered. */
function isAnswer(cause: unknown): cause is Error {
  return cause instanceof Error && "statusCode" in cause;
}

/** Puts bytes that were read for the digest back in front of the route's parser. */
export function replayBody(body: Buffer): Readable {
  const stream: ReplayedBody = new Readable({
    read() {
      if (body.length > 0) this.push(body);
      this.push(null);
    },
  });
  stream.receivedEncodedLength = body.length;
  return stream;
}
