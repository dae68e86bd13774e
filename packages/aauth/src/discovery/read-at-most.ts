/**
 * Bounded reading of streams.
 *
 * @module
 */

/**
 * Reads `stream`, and cancels it as soon as it exceeds `maxBytes`. Returns no bytes for null.
 *
 * @throws RangeError if it exceeds the limit; errors of the stream
 */
export async function readAtMost(
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream === null ? [] : iterate(stream)) {
    size += chunk.byteLength;
    // Leaving the loop early cancels the stream.
    if (!(size <= maxBytes)) throw new RangeError(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

function iterate(stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in stream ? stream : iterateReader(stream);
}

/** Iterates by a reader, because Safari's streams are not iterable. */
async function* iterateReader(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}
