import type { IncomingMessage } from "node:http";
import { textReply } from "./local-reply.ts";

/**
 * As many as Agentgateway takes. node drops header lines beyond its limit without a word; the
 * server's limit is one higher, so that dropping cannot happen.
 */
export const MAX_HEADER_LINES = 100;

// A registered name or an IP literal, and a port. Nothing that a URL would read as credentials,
// path or encoding.
const HOST = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;

// A path and a query without the characters that Agentgateway refuses there. The parser has refused
// those above ASCII.
const TARGET = /^\/[^<>`#?]*(?:\?[^"<>#]*)?$/;

// RFC 9110 section 7.6.1, plus the proxy fields that were never end to end.
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * A request's head as the policies see it: exactly what the agent will see, so that check and agent
 * cannot disagree.
 */
export interface RequestHead {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  readonly path: string;
  /** `Host` as received, with port. */
  readonly authority: string;
  /** Without port. */
  readonly hostname: string;
  readonly httpVersion: string;
  /** Lower-case name and value by turns; hop-by-hop fields, `host` and the framing are gone. */
  readonly fields: string[];
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** True when the message was framed with a body, be it an empty one. */
  readonly hasBody: boolean;
  /** As received; expressions can see it. */
  readonly contentLength?: string;
}

/**
 * Reads a request's head and refuses the shapes that two parsers could read differently (several
 * `Host` lines, a target that is not a path, a fragment) and versions other than 1.0 and 1.1. The
 * parser below has refused the smuggling shapes already: length and chunks together, two lengths,
 * bare LF.
 *
 * @throws LocalReply 400, 431, or 501 for a transfer coding other than chunked, which would be lost
 * on the way
 */
export function readRequestHead(message: IncomingMessage): RequestHead {
  // The parser lets these pass, and a rule would see a version that is not spoken here.
  if (message.httpVersionMajor !== 1) throw textReply(400, "InvalidRequest", "not HTTP/1.0 or HTTP/1.1");
  const raw = message.rawHeaders;
  if (raw.length / 2 > MAX_HEADER_LINES) throw textReply(431, "InvalidRequest", "too many header fields");
  const dropped = nominatedByConnection(message.headers.connection);
  const fields: string[] = [];
  let cookieAt = -1;
  let authority: string | undefined;
  let hasBody = false;
  let contentLength: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = raw[index + 1]!;
    if (name === "host") {
      if (authority !== undefined) throw textReply(400, "InvalidRequest", "more than one host");
      authority = value;
    } else if (name === "content-length") {
      hasBody = true;
      contentLength = value;
    } else if (name === "transfer-encoding") {
      hasBody = true;
      // RFC 9112 section 6.1: a 1.0 sender did not mean what it says.
      if (message.httpVersion === "1.0") throw textReply(400, "InvalidRequest", "chunks in HTTP/1.0");
      if (value.toLowerCase() !== "chunked")
        throw textReply(501, "InvalidRequest", "transfer coding not supported");
    } else if (name === "cookie" && cookieAt >= 0) {
      // Agentgateway makes one line of them, before rules and check see it (RFC 9113 section
      // 8.2.3).
      fields[cookieAt] += `; ${value}`;
    } else if (!HOP_BY_HOP.has(name) && name !== "expect" && !dropped?.has(name)) {
      if (name === "cookie") cookieAt = fields.length + 1;
      fields.push(name, value);
    }
  }
  const [, hostname] = HOST.exec(authority ?? "") ?? [];
  if (hostname === undefined) throw textReply(400, "InvalidRequest", "invalid host");
  const target = message.url ?? "";
  if (!TARGET.test(target)) {
    throw textReply(400, "InvalidRequest", "invalid request target");
  }
  const queryAt = target.indexOf("?");
  return {
    method: message.method ?? "GET",
    target,
    path: queryAt < 0 ? target : target.slice(0, queryAt),
    authority: authority!,
    hostname,
    httpVersion: message.httpVersion,
    fields,
    sourceAddress: message.socket.remoteAddress ?? "",
    sourcePort: message.socket.remotePort ?? 0,
    hasBody,
    ...(contentLength !== undefined && { contentLength }),
  };
}

/**
 * Response fields that may pass: hop-by-hop ones and those named by `connection` are gone, names
 * are lower-case.
 */
export function endToEndFields(raw: readonly string[]): string[] {
  const names = raw.map((text) => text.toLowerCase());
  const connection = raw.filter((_, index) => index % 2 === 1 && names[index - 1] === "connection");
  const dropped = nominatedByConnection(connection.join(","));
  const fields: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = names[index]!;
    if (!HOP_BY_HOP.has(name) && !dropped?.has(name)) fields.push(name, raw[index + 1]!);
  }
  return fields;
}

/** First value of a field, by its lower-case name. */
export function firstField(fields: readonly string[], name: string): string | undefined {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1];
  }
  return undefined;
}

/** Sets fields, each to one value, whatever it held before. */
export function setFields(fields: string[], values: readonly string[]): void {
  for (let index = 0; index < values.length; index += 2) setField(fields, values[index]!, values[index + 1]!);
}

export function setField(fields: string[], name: string, value: string): void {
  removeField(fields, name);
  fields.push(name, value);
}

export function removeField(fields: string[], name: string): void {
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    if (fields[index] === name) fields.splice(index, 2);
  }
}

/**
 * Fields as CEL sees them, by name; one that is not ASCII is not there.
 *
 * @param repeated what several lines of one name are: of a request the first one, of a response a
 * list
 */
export function fieldsByName(
  fields: readonly string[],
  repeated: "first" | "list",
): Record<string, string | string[]> {
  const linesByName: Record<string, string[]> = Object.create(null);
  for (let index = 0; index < fields.length; index += 2) {
    linesByName[fields[index]!] ??= [];
    linesByName[fields[index]!]!.push(fields[index + 1]!);
  }
  const byName: Record<string, string | string[]> = Object.create(null);
  for (const [name, lines] of Object.entries(linesByName)) {
    const kept = repeated === "first" ? lines.slice(0, 1) : lines;
    if (kept.every((line) => /^[\t\x20-\x7e]*$/.test(line)))
      byName[name] = kept.length === 1 ? kept[0]! : kept;
  }
  return byName;
}

function nominatedByConnection(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return undefined;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}
