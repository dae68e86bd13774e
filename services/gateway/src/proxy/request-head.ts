import type { IncomingMessage } from "node:http";
import { textReply } from "./local-reply.ts";

/**
 * Agentgateway's limit. node silently drops header lines beyond its own limit, so the server's is
 * one higher.
 */
export const MAX_HEADER_LINES = 100;

// A registered name or an IP literal, and a port. Excludes anything that a URL parser would read as
// credentials, path or encoding.
const HOST = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;

// A path and a query without the characters that Agentgateway refuses. The parser has already
// refused non-ASCII characters.
const TARGET = /^\/[^<>`#?]*(?:\?[^"<>#]*)?$/;

// RFC 9110 section 7.6.1, plus proxy fields, which are not end-to-end.
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
 * A request's head as seen by the policies, identical to what the agent receives, so that check and
 * agent cannot disagree.
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
  /** Alternating lower-case names and values, without hop-by-hop fields, `host` and framing. */
  readonly fields: string[];
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** Whether the message was framed with a body, even an empty one. */
  readonly hasBody: boolean;
  /** As received; visible to expressions. */
  readonly contentLength?: string;
}

/**
 * Reads a request's head. Refuses forms that two parsers could interpret differently (several
 * `Host` lines, a target that is not a path, a fragment) and versions other than 1.0 and 1.1. The
 * HTTP parser has already refused request smuggling: length together with chunks, two lengths, bare
 * LF.
 *
 * @throws LocalReply 400, 431, or 501 for a transfer coding other than chunked, which would be lost
 * on the way
 */
export function readRequestHead(message: IncomingMessage): RequestHead {
  // The parser accepts these, and a rule would see a version that is not supported here.
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
      // RFC 9112 section 6.1: chunked framing from a 1.0 sender is faulty.
      if (message.httpVersion === "1.0") throw textReply(400, "InvalidRequest", "chunks in HTTP/1.0");
      if (value.toLowerCase() !== "chunked")
        throw textReply(501, "InvalidRequest", "transfer coding not supported");
    } else if (name === "cookie" && cookieAt >= 0) {
      // Agentgateway joins cookie lines before rules and check see them (RFC 9113 section 8.2.3).
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
 * End-to-end fields of a response, without hop-by-hop fields and those named in `connection`. Names
 * are in lower case.
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

/** Sets fields, replacing any previous values. */
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
 * Fields by name for CEL, without non-ASCII ones.
 *
 * @param repeated value of repeated names: the first line in a request, a list in a response
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
