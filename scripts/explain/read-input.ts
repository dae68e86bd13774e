import { ExplainInputError } from "./explain-input-error.ts";
import { readCurl } from "./read-curl.ts";
import { type HarRequest, readHar } from "./read-har.ts";
import { readRawRequest } from "./read-raw-request.ts";

/**
 * Reads a HAR recording (begins with `{`), a curl command line, or a request in wire format.
 *
 * @throws ExplainInputError
 */
export function readInput(input: Uint8Array): HarRequest[] {
  const text = new TextDecoder().decode(input);
  if (text.trim() === "") throw new ExplainInputError("empty_input", "there is nothing to explain");
  if (/^\s*\{/.test(text)) return readHar(text);
  // A command copied from a page has comments above it.
  const command = text.replace(/^(?:\s*#[^\n]*\n)+/, "");
  if (/^\s*(\$\s+)?curl\s/.test(command)) return [{ message: readCurl(command.replace(/^\s*\$\s+/, "")) }];
  return [{ message: readRawRequest(input) }];
}
