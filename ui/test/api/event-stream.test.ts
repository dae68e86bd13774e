import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEventStream, type StreamEvent } from "../../src/api/event-stream.ts";

function streamOf(chunks: Uint8Array[], onCancel?: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: () => onCancel?.(),
  });
}

async function read(text: string, cutAt: number[] = []): Promise<StreamEvent[]> {
  const bytes = new TextEncoder().encode(text);
  const cuts = [0, ...cutAt.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length];
  const chunks = cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end));
  const events: StreamEvent[] = [];
  for await (const event of readEventStream(streamOf(chunks.filter((chunk) => chunk.length > 0))))
    events.push(event);
  return events;
}

describe("readEventStream", () => {
  it("reads named events and ignores comments and other fields", async () => {
    const text = ': heartbeat\n\nid: 7\nretry: 1\nevent: progress\ndata: {"a":1}\n\ndata:two\n\n';
    expect(await read(text)).toEqual([
      { event: "progress", data: '{"a":1}' },
      { event: "message", data: "two" },
    ]);
  });

  it("joins several data lines and takes one space off each", async () => {
    expect(await read("data: a\ndata:  b\n\n")).toEqual([{ event: "message", data: "a\n b" }]);
  });

  it("accepts every line ending", async () => {
    const expected = [{ event: "x", data: "1" }];
    for (const ending of ["\n", "\r\n"]) {
      expect(await read(["event: x", "data: 1", "", ""].join(ending))).toEqual(expected);
    }
    expect(await read("event: x\rdata: 1\r\r: after\n")).toEqual(expected);
  });

  it("drops an event that the stream did not finish", async () => {
    expect(await read("data: whole\n\ndata: half\n")).toEqual([{ event: "message", data: "whole" }]);
  });

  it("reads the same wherever the network cuts the bytes", async () => {
    const text = "event: progress\r\ndata: Zürich → 🔐\r\n\r\n: x\n\ndata: b\n\n";
    const whole = await read(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 70 }), { maxLength: 8 }), async (cuts) => {
        expect(await read(text, cuts)).toEqual(whole);
      }),
    );
  });

  it("refuses a line without end", async () => {
    const megabyte = new Uint8Array(1024 * 1024).fill(97);
    const body = streamOf(Array.from({ length: 6 }, () => megabyte));
    await expect(async () => {
      for await (const _ of readEventStream(body));
    }).rejects.toThrow(RangeError);
  });

  it("lets go of the connection when the reader stops early", async () => {
    let isCancelled = false;
    const chunks = [new TextEncoder().encode("data: 1\n\n"), new TextEncoder().encode("data: 2\n\n")];
    const body = streamOf(chunks, () => {
      isCancelled = true;
    });
    for await (const _ of readEventStream(body)) break;
    expect(isCancelled).toBe(true);
  });
});
