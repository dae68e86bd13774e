import type { HeaderFields } from "../types.ts";

const CONTENT_TYPE = "content-type";

/**
 * The fields of a message of `node:http`, for the gate. Of a field that may stand there only once, `headers` has the first line and not a
 * word of a second one; among those that a signature covers that is `content-type`. What has to be compared with what was signed are all
 * lines (RFC 9421 section 2.1): one that was added on the way is no part of it.
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
