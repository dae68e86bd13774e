import { Readable } from "node:stream";

/** The stream Fastify's parsers read next; the length tells Fastify's own size check what came over the wire. */
type ReplayedBody = Readable & { receivedEncodedLength?: number };

class BodyTooLargeError extends Error {
  readonly statusCode = 413;
  readonly code = "body_too_large";
}

/**
 * Reads a request body whole: Content-Digest covers all of it, so nothing may be handed on before the last byte.
 *
 * @param payload the request stream
 * @param maxBytes bound; one byte more is refused with status 413
 */
export async function readRawBody(payload: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) throw new BodyTooLargeError(`request body is larger than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** Puts bytes that were read for the digest back in front of the route's parser. */
export function replayBody(body: Buffer): Readable {
  const stream: ReplayedBody = Readable.from(body.length > 0 ? [body] : [], { objectMode: false });
  stream.receivedEncodedLength = body.length;
  return stream;
}
