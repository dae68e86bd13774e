import type { MessageToExplain } from "../message.ts";
import type { VerifierSide } from "../run/protocol-run.ts";
import { InputError } from "./input-error.ts";

/** A recorded message. */
export interface RecordedMessage {
  readonly message: MessageToExplain;
  /** Unix seconds; absent if the recording lacks it. */
  readonly sentAt?: number;
  /** Whether the recording lacks the body, which a command line with `-v` does not print. */
  readonly isBodyMissing?: boolean;
  /** Key sets by identifier that the recording has, as JSON. */
  readonly keys?: string;
  /** Parts of the recording, and the digests that they must have. */
  readonly digested?: readonly DigestedPart[];
  /** Records of its parties, if it is of a trace, whose signatures and tokens are cut. */
  readonly recorded?: RecordedVerdict;
}

/** Bytes and their SHA-256 digest in base64url. */
export interface DigestedPart {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: string;
}

/** Records of a message's parties, none of which is verified. */
export interface RecordedVerdict {
  /** The verifier that refused it, else the last one. Undefined if none left a span. */
  readonly judge: VerifierSide | undefined;
  /** The base that its sender signed, with tokens cut. */
  readonly signedBase: string | undefined;
}

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

const MAX_HEADER_LINES = 2_000;

/** Header lines by lower-case name; lines of one name are joined as in RFC 9110 section 5.3. */
export function collectHeaders(lines: readonly HeaderLine[]): Record<string, string> {
  if (lines.length > MAX_HEADER_LINES)
    throw new InputError("input_too_large", `a message has at most ${MAX_HEADER_LINES} header lines`);
  const headers: Record<string, string> = Object.create(null);
  for (const { name, value } of lines) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { ...headers };
}

/** @throws InputError `malformed_header` for a line without a name of RFC 9110 section 5.6.2 */
export function readHeaderLine(line: string): HeaderLine {
  const colon = line.indexOf(":", 1);
  const name = line.slice(0, colon).trim();
  if (colon < 1 || !/^:?[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
    throw new InputError("malformed_header", `not a header line: ${line.slice(0, 60)}`);
  }
  return { name, value: line.slice(colon + 1).trim() };
}

/** Method and target of a request line; undefined for another line. */
export function readRequestLine(line: string): { method: string; target: string } | undefined {
  const [, method, target] = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(line.trim()) ?? [];
  return method === undefined || target === undefined ? undefined : { method, target };
}

/** Status of a status line; undefined for another line. */
export function readStatusLine(line: string): number | undefined {
  const status = /^HTTP\/[\d.]+ (\d{3})(?: |$)/.exec(line.trim())?.[1];
  return status === undefined ? undefined : Number(status);
}

/**
 * The absolute URL of a request line's target. Only the host is on the wire: local names and names
 * with a port are taken for http, all others for https. It makes no difference to the signature
 * unless the port is the scheme's default.
 *
 * @throws InputError `not_a_request`
 */
export function urlOfHost(host: string | undefined, target: string, scheme?: string): string {
  if (/^https?:\/\//i.test(target)) return target;
  if (host === undefined) throw new InputError("not_a_request", "the request has no Host header");
  const isLocal = /^([\w.-]+\.)?localhost(:\d+)?$/i.test(host) || /:\d+$/.test(host);
  const url = `${scheme ?? (isLocal ? "http" : "https")}://${host}${target}`;
  if (!URL.canParse(url)) throw new InputError("not_a_request", "Host and path make no URL");
  return url;
}
