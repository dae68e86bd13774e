import {
  collectHeaders,
  type RecordedMessage,
  readHeaderLine,
  readRequestLine,
  readStatusLine,
  urlOfHost,
} from "./http-parts.ts";
import { InputError } from "./input-error.ts";

/** Whether a text is the log of `curl -v`: lines that begin with `>` have the request. */
export const isVerboseCurl = (text: string): boolean => /^> [A-Z]+ \S+ HTTP\/[\d.]+\r?$/m.test(text);

/**
 * Reads the log of `curl -v`: each request that was sent, with its answer. The log has no body of a
 * request.
 *
 * @throws InputError `malformed_header`, `not_a_request`
 */
export function readVerboseCurl(text: string): RecordedMessage[] {
  const exchanges: { sent: string[]; received: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, mark, content = ""] = /^([<>]) ?(.*)$/.exec(line) ?? [];
    if (mark === ">" && readRequestLine(content) !== undefined)
      exchanges.push({ sent: [content], received: [] });
    else if (mark === ">" && content !== "") exchanges.at(-1)?.sent.push(content);
    else if (mark === "<" && content !== "") exchanges.at(-1)?.received.push(content);
  }
  const isTls = /^\* .*(?:SSL connection|TLSv1|ALPN)/m.test(text);
  const isPlain = /^\* .*port 80\b/m.test(text);
  return exchanges.map(({ sent: [first = "", ...lines], received: [statusLine = "", ...answered] }) => {
    const line = readRequestLine(first);
    if (line === undefined) throw new InputError("not_a_request", "the log has no request line");
    const headers = collectHeaders(lines.map(readHeaderLine));
    const url = urlOfHost(headers.host, line.target, isTls ? "https" : isPlain ? "http" : undefined);
    const status = readStatusLine(statusLine);
    const response = status !== undefined && {
      status,
      headers: collectHeaders(answered.map(readHeaderLine)),
    };
    const message = { method: line.method, url, headers, ...(response && { response }) };
    const isBodyMissing = Number(headers["content-length"] ?? 0) > 0 || "transfer-encoding" in headers;
    return { message, ...(isBodyMissing && { isBodyMissing }) };
  });
}
