import type { HeaderFields } from "../types.ts";

const CONTENT_TYPE = "content-type";

/**
 * The fields of a message of `node:http`, for a verifier. Of a field that may occur only once,
 * `headers` has the first line and drops any other; among those that a signature covers that is
 * `content-type`. All lines have to be compared with what was signed (RFC 9421 section 2.1): a line
 * that was added on the way was not.
 *
 * @example
 * await verifier.verifyRequest({ method, target: request.url, headers: receivedFields(request), body });
 */
export function receivedFields({
  headers,
  rawHeaders,
}: {
  readonly headers: HeaderFields;
  /** Name and value by turns, as they came. */
  readonly rawHeaders: readonly string[];
}): HeaderFields {
  let first = true;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isContentType(rawHeaders[index]!)) continue;
    if (!first) return { ...headers, [CONTENT_TYPE]: allLines(rawHeaders) };
    first = false;
  }
  return headers;
}

const isContentType = (name: string): boolean =>
  name.length === CONTENT_TYPE.length && name.toLowerCase() === CONTENT_TYPE;

const allLines = (rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && isContentType(rawHeaders[index - 1]!));
