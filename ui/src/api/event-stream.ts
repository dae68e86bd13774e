/** Far above any progress event. Bounds a stream whose event never ends. */
const maxBufferedCharacters = 4 * 1024 * 1024;

/**
 * Reads the data of each event in a `text/event-stream` body as the backend writes it: one line of
 * data, an empty line after each event, and comments to keep the connection open. Replaces the
 * browser's EventSource, which cannot send the bearer header.
 *
 * @throws TypeError of the platform if the connection breaks; RangeError if an event exceeds the
 * limit.
 */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (buffer + value).split("\n\n");
      buffer = blocks.pop() ?? "";
      if (buffer.length > maxBufferedCharacters) throw new RangeError("an event of the stream is too large");
      for (const block of blocks) {
        const data = /^data: ([^\n]*)/m.exec(block)?.[1];
        if (data !== undefined) yield data;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
