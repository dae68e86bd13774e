import { Readable } from "node:stream";

/** The stream for Fastify's parsers, with the received length for Fastify's own size check. */
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
 * Reads a whole request body, because Content-Digest covers all of it. Uses events, because
 * iterating a stream costs more than hashing its content.
 *
 * @param payload the request stream
 * @param maxBytes limit; a larger body is refused with status 413. The remainder is discarded,
 * because unread bytes would block the next request on the connection
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
      // The remainder and its errors are discarded.
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

/**
 * True for an error with which the service has aborted the body, and which determines the response.
 */
function isAnswer(cause: unknown): cause is Error {
  return cause instanceof Error && "statusCode" in cause;
}

/** Restores the bytes of a body for the route's parser. */
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
