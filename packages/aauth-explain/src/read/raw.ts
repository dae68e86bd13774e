import {
  collectHeaders,
  type RecordedMessage,
  readHeaderLine,
  readRequestLine,
  readStatusLine,
  urlOfHost,
} from "./http-parts.ts";
import { InputError } from "./input-error.ts";

/**
 * Reads a request in wire format, and its answer below it if there is one: request line, header
 * lines, empty line, body. Lines may end with LF alone. A body longer than its `Content-Length` is
 * cut there, because editors like to end a file with a newline.
 *
 * @throws InputError `not_a_request`, `malformed_header`
 */
export function readRaw(input: Uint8Array): RecordedMessage {
  const { first, headers, rest } = splitMessage(input);
  const line = readRequestLine(first);
  if (line === undefined) {
    const what = readStatusLine(first) === undefined ? "is not a request line" : "is that of an answer";
    throw new InputError(
      "not_a_request",
      `the first line ${what}, and the request begins with one such as: POST /path HTTP/1.1`,
    );
  }
  const { method, target } = line;
  const url = urlOfHost(headers.host, target);
  const answerAt = answerStart(rest, Number(headers["content-length"] ?? 0));
  const body = bodyWithin(rest.subarray(0, answerAt), headers);
  const message = { method, url, headers, ...(body.length > 0 && { body }) };
  if (answerAt === undefined) return { message };
  const answer = splitMessage(rest.subarray(answerAt));
  const response = {
    status: readStatusLine(answer.first) ?? 0,
    headers: answer.headers,
    body: bodyWithin(answer.rest, answer.headers),
  };
  return { message: { ...message, response } };
}

/** Offset of the status line below a request; undefined without an answer. */
function answerStart(rest: Uint8Array, bodyBytes: number): number | undefined {
  const from = Number.isInteger(bodyBytes) ? Math.max(0, bodyBytes) : 0;
  const below = new TextDecoder("latin1").decode(rest.subarray(from));
  const found = /(?:^|\n)HTTP\/[\d.]+ \d{3}/.exec(below);
  if (found === null) return undefined;
  return from + found.index + (below[found.index] === "\n" ? 1 : 0);
}

function bodyWithin(rest: Uint8Array, headers: Readonly<Record<string, string>>): Uint8Array {
  const length = Number(headers["content-length"] ?? Number.NaN);
  return Number.isInteger(length) && length >= 0 && length < rest.length ? rest.subarray(0, length) : rest;
}

function splitMessage(input: Uint8Array) {
  const text = new TextDecoder("latin1").decode(input);
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text.trimEnd() : text.slice(0, end.index);
  const [first = "", ...lines] = head.split(/\r?\n/);
  const headers = collectHeaders(lines.filter((line) => line !== "").map(readHeaderLine));
  const rest = end === null ? new Uint8Array() : input.subarray(end.index + end[0].length);
  return { first, headers, rest };
}
