import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { OtlpError } from "./otlp-error.ts";

const inflate = promisify(gunzip);

/**
 * Undoes `Content-Encoding`. Stops as soon as the result is larger than `maxBytes`, so that a small body cannot become a large one.
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
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new OtlpError("body_too_large", `the body is larger than ${maxBytes} bytes when decompressed`);
    }
    throw new OtlpError("invalid_gzip", "the body is not gzip, or was cut");
  }
}
