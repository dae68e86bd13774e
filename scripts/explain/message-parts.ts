import { ExplainInputError } from "./explain-input-error.ts";

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** Header lines by lower-case name; lines of one name are joined as in RFC 9110 section 5.3. */
export function collectHeaders(lines: readonly HeaderLine[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const { name, value } of lines) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { ...headers };
}

/**
 * The absolute URL of a request line's target. Only the host is on the wire: local names and names
 * with a port are taken for http, all others for https. It makes no difference to the signature
 * unless the port is the scheme's default.
 *
 * @throws ExplainInputError `not_a_request`
 */
export function urlOfHost(host: string | undefined, target: string): string {
  if (host === undefined) throw new ExplainInputError("not_a_request", "the request has no Host header");
  const isLocal = /^([\w.-]+\.)?localhost(:\d+)?$/i.test(host) || /:\d+$/.test(host);
  const url = `${isLocal ? "http" : "https"}://${host}${target}`;
  if (!URL.canParse(url)) throw new ExplainInputError("not_a_request", "Host and path make no URL");
  return url;
}
