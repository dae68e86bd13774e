/** One event of a `text/event-stream`. `event` is `message` when the stream names none. */
export interface StreamEvent {
  event: string;
  data: string;
}

/** Far above any progress event; a stream that never ends a line must not grow without bound. */
const maxBufferedCharacters = 4 * 1024 * 1024;

/**
 * Reads a `text/event-stream` body. The browser's own EventSource cannot send the bearer header, hence this.
 * `id` and `retry` are ignored: the backend repeats its whole state, so there is nothing to resume from.
 *
 * @throws TypeError of the platform when the connection breaks; RangeError when one event exceeds the bound.
 */
export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let event = "message";
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      if (buffer.length > maxBufferedCharacters) throw new RangeError("an event of the stream is too large");
      // A trailing CR may be the first half of CRLF: it stays in the buffer until more arrives.
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event, data: data.join("\n") };
          event = "message";
          data = [];
          continue;
        }
        const [field, content] = splitField(line);
        if (field === "event") event = content;
        if (field === "data") data.push(content);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function splitField(line: string): [field: string, content: string] {
  const colon = line.indexOf(":");
  if (colon === -1) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}
