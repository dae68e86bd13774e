import type { MessageToExplain } from "aauth-explain";
import { ExplainInputError } from "./explain-input-error.ts";
import { collectHeaders, type HeaderLine, urlOfHost } from "./message-parts.ts";

/**
 * Reads a request in wire format: request line, header lines, empty line, body. Lines may end with
 * LF alone. A body longer than its `Content-Length` is cut there, because editors like to end a
 * file with a newline.
 *
 * @throws ExplainInputError `not_a_request`, `malformed_header`
 */
export function readRawRequest(input: Uint8Array): MessageToExplain {
  const { head, body } = splitHead(input);
  const [requestLine = "", ...lines] = head.split(/\r?\n/);
  const match = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(requestLine.trim());
  if (match === null) {
    throw new ExplainInputError(
      "not_a_request",
      "the first line is not a request line, such as: POST /path HTTP/1.1",
    );
  }
  const [, method = "", target = ""] = match;
  const headers = collectHeaders(lines.filter((line) => line !== "").map(readHeaderLine));
  const url = /^https?:\/\//i.test(target) ? target : urlOfHost(headers.host, target);
  const length = Number(headers["content-length"] ?? Number.NaN);
  const cut = Number.isInteger(length) && length < body.length ? body.subarray(0, length) : body;
  return { method, url, headers, ...(cut.length > 0 && { body: cut }) };
}

function splitHead(input: Uint8Array): { head: string; body: Uint8Array } {
  const text = new TextDecoder("latin1").decode(input);
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return { head: text.trimEnd(), body: new Uint8Array() };
  return { head: text.slice(0, end.index), body: input.subarray(end.index + end[0].length) };
}

function readHeaderLine(line: string): HeaderLine {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).trim();
  // A token of RFC 9110 section 5.6.2.
  if (colon < 1 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
    throw new ExplainInputError("malformed_header", `not a header line: ${line.slice(0, 60)}`);
  }
  return { name, value: line.slice(colon + 1).trim() };
}
