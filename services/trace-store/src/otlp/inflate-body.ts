import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { OtlpError } from "./otlp-error.ts";

const inflate = promisify(gunzip);

/** The spans of a batch are alike and compress to a tenth or a twentieth. */
const MAX_RATIO = 32;
/** Node's own 16 KiB come back to the event loop one by one. */
const CHUNK_BYTES = 131_072;
/** What any body may inflate to. */
const SMALL_BYTES = 65_536;

/**
 * Undoes `Content-Encoding`. Stops as soon as the result is larger than `maxBytes`, or than 64 KiB and 32 times the body: what it
 * costs to read stays in proportion to what was sent.
 *
 * @throws OtlpError unsupported_encoding, body_too_large, invalid_gzip
 */
export async function inflateBody(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  if (name !== "gzip") {
    throw new OtlpError("unsupported_encoding", "content-encoding must be gzip or identity");
  }
  const maxOutputLength = Math.min(maxBytes, Math.max(SMALL_BYTES, body.length * MAX_RATIO));
  try {
    return await inflate(body, { maxOutputLength, chunkSize: CHUNK_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new OtlpError(
        "body_too_large",
        `the body is larger than ${maxBytes} bytes when decompressed, or than ${MAX_RATIO} times what was sent`,
      );
    }
    throw new OtlpError("invalid_gzip", "the body is not gzip, or was cut");
  }
}
