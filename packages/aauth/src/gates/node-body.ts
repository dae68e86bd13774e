import type { IncomingMessage } from "node:http";
import { BodyError } from "./gate.ts";

/**
 * Reads the body of a request whole, and puts it back: parsers after the gate read the same bytes.
 *
 * @param maxBytes a larger body is refused, and the rest of it discarded as it comes
 * @returns undefined for a request without body
 * @throws TypeError where some of the body has been read before
 * @throws BodyError
 */
export async function readAndRestore(
  request: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  const { "transfer-encoding": encoding, "content-length": length } = request.headers;
  if (encoding === undefined && !(Number(length) > 0)) return undefined;
  if (request.readableDidRead) throw new TypeError("the body has been read before the gate"); // hole E4
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const leave = () => {
      clearTimeout(timer);
      request.off("readable", take).off("close", cutOff).off("error", cutOff);
    };
    const fail = (error: BodyError) => {
      leave();
      // The rest is discarded, and so are its errors.
      request.on("error", () => {}).resume();
      reject(error);
    };
    const cutOff = (cause?: unknown) =>
      fail(new BodyError(400, "the request ended before its body", { cause }));
    const take = () => {
      for (let chunk: Buffer | null = request.read(); chunk !== null; chunk = request.read()) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxBytes) return fail(tooLarge(maxBytes)); // hole E3
      }
      if (!request.complete) return;
      leave();
      const body = Buffer.concat(chunks);
      // In the same turn: a stream that has bytes again emits no `end` yet.
      request.unshift(body);
      resolve(body);
    };
    const timer = setTimeout(
      () => fail(new BodyError(408, `the body takes longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    request.on("readable", take).once("close", cutOff).once("error", cutOff);
  });
}

const tooLarge = (maxBytes: number) => new BodyError(413, `the body has more than ${maxBytes} bytes`);
