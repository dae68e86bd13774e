import type { HeaderFields } from "../types.ts";

const CONTENT_TYPE = "content-type";

/**
 * The fields of a `node:http` message for a verifier. Of a field that may occur only once,
 * `headers` contains only the first line, as of `content-type`, of which the verifier needs all
 * lines (RFC 9421 section 2.1): a line added in transit invalidates the signature. A second
 * `authorization` stays dropped, for verifier and handler alike.
 *
 * @example
 * await verifier.verifyRequest({ method, target: request.url, headers: receivedFields(request), body });
 */
export function receivedFields({
  headers,
  rawHeaders,
}: {
  readonly headers: HeaderFields;
  /** Alternating names and values, as received. */
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
