import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvents } from "../../src/api/event-stream.ts";

function streamOf(chunks: Uint8Array<ArrayBuffer>[], onCancel?: () => void) {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: () => onCancel?.(),
  });
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("readEvents", () => {
  it("reads the same wherever the network cuts the bytes, and drops an event that the stream did not finish", async () => {
    const bytes = encode(
      ': heartbeat\n\nevent: progress\ndata: {"a":"Zürich →\u2028🔐"}\n\ndata: b\n\ndata: half\n',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: bytes.length }), { maxLength: 8 }), async (cuts) => {
        const ends = [...cuts.sort((one, other) => one - other), bytes.length];
        const chunks = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
        const events = [];
        for await (const data of readEvents(streamOf(chunks))) events.push(data);
        expect(events).toEqual(['{"a":"Zürich →\u2028🔐"}', "b"]);
      }),
    );
  });

  it("refuses an event without end", async () => {
    const megabyte = new Uint8Array(1024 * 1024).fill(97);
    const body = streamOf(Array.from({ length: 6 }, () => megabyte));
    await expect(async () => {
      for await (const _ of readEvents(body));
    }).rejects.toThrow(RangeError);
  });

  it("releases the connection when the reader stops early", async () => {
    let isCancelled = false;
    const body = streamOf([encode("data: 1\n\n"), encode("data: 2\n\n"), encode("data: 3\n\n")], () => {
      isCancelled = true;
    });
    for await (const _ of readEvents(body)) break;
    expect(isCancelled).toBe(true);
  });
});
