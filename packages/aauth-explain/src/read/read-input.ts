import { readCurl } from "./curl.ts";
import { isVerboseCurl, readVerboseCurl } from "./curl-verbose.ts";
import { readJson } from "./har.ts";
import type { RecordedMessage } from "./http-parts.ts";
import { InputError, textOfInput } from "./input-error.ts";
import { readRaw } from "./raw.ts";

/**
 * Reads recorded requests: a HAR recording, Jaeger's JSON of a trace or an exported mission (begins
 * with `{`), a curl command line, the log of `curl -v`, or a request in wire format with its
 * answer, if there is one. Fetches nothing, and reads no file that a command names.
 *
 * @param input at most 16 MB
 * @throws InputError
 *
 * @example
 * const [{ message }] = readInput("GET / HTTP/1.1\nHost: resource.example\n\n");
 */
export function readInput(input: Uint8Array | string): RecordedMessage[] {
  const text = textOfInput(input);
  if (text.trim() === "") throw new InputError("empty_input", "there is nothing to explain");
  if (/^\s*\{/.test(text)) return readJson(text);
  if (isVerboseCurl(text)) return readVerboseCurl(text);
  // A command copied from a page has comments above it.
  const command = text.slice(text.search(/^[^\S\n]*[^#\s]/m));
  if (/^\s*(\$\s+)?curl\s/.test(command)) return [{ message: readCurl(command.replace(/^\s*\$\s+/, "")) }];
  return [readRaw(typeof input === "string" ? new TextEncoder().encode(input) : input)];
}
