import type { IncomingMessage } from "node:http";
import { BodyError } from "./gate.ts";

/**
 * Reads the whole body of a request and restores it, so that later parsers read the same bytes.
 *
 * @param maxBytes a larger body is refused, and its remainder discarded
 * @returns undefined for a request without body
 * @throws TypeError over HTTP/2, and if the body was already read or its encoding set
 * @throws BodyError
 */
export async function readAndRestore(
  request: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  // Over HTTP/2 a body needs neither of the two headers.
  if (request.httpVersionMajor > 1) throw new TypeError("the AAuth gate supports only HTTP/1.1"); // hole E7
  const { "transfer-encoding": encoding, "content-length": length } = request.headers;
  if (encoding === undefined && !(Number(length) > 0)) return undefined;
  if (request.readableDidRead)
    throw new TypeError(
      "the body was read before the AAuth gate: parsers such as express.json() come after it",
    ); // hole E4
  if (request.readableEncoding) throw new TypeError("setEncoding was called before the AAuth gate"); // hole E8
  // A destroyed request emits no further `close`.
  if (request.destroyed) throw cutOff();
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const leave = () => {
      clearTimeout(timer);
      request.off("readable", take).off("close", end).off("error", end);
    };
    const fail = (error: BodyError) => {
      leave();
      // The remainder and its errors are discarded.
      request.on("error", () => {}).resume();
      reject(error);
    };
    const end = (cause?: unknown) => fail(cutOff(cause));
    const take = () => {
      for (let chunk: Buffer | null = request.read(); chunk !== null; chunk = request.read()) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxBytes) return fail(tooLarge(maxBytes)); // hole E3
      }
      if (!request.complete) return;
      leave();
      const body = Buffer.concat(chunks);
      // In the same turn, so that the stream does not yet emit `end`.
      request.unshift(body);
      resolve(body);
    };
    const timer = setTimeout(
      () => fail(new BodyError(408, `the body takes longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    request.on("readable", take).once("close", end).once("error", end);
  });
}

const tooLarge = (maxBytes: number) => new BodyError(413, `the body has more than ${maxBytes} bytes`);
const cutOff = (cause?: unknown) => new BodyError(400, "the request ended before its body", { cause });
