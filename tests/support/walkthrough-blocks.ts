import { STATUS_CODES } from "node:http";
import type { HttpMessage, Message, TracedToken } from "aauth-explain/run";

const NAMES: Readonly<Record<string, string>> = {
  "agent-auth": "Agent-Auth",
  "aauth-capabilities": "AAuth-Capabilities",
  "aauth-requirement": "AAuth-Requirement",
  "signature-key": "Signature-Key",
};

/** A fenced block. */
export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

/** A token as a page shows it: header and claims, with one claim per line. */
export function tokenBlock(token: TracedToken | undefined): string {
  if (token?.claims === undefined) throw new Error("the run has no such token");
  const claims = Object.entries(token.claims).map(([name, value]) => `  "${name}": ${inline(value)}`);
  return fenced("json", `${inline(token.header)}\n{\n${claims.join(",\n")}\n}`);
}

/** A value on one line, with human-readable spacing. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${inline(member)}`);
  return `{ ${members.join(", ")} }`;
}

/**
 * The request of a message with these of its header fields; signature and tokens are cut as the
 * span has them.
 */
export function requestLines({ method, url, request }: Message, fields: readonly string[]): string {
  const { host, pathname } = new URL(url);
  return [`${method} ${pathname} HTTP/1.1`, `Host: ${host}`, ...fieldLines(request, fields)].join("\n");
}

/** The answer to a message with these of its header fields. */
export function answerLines({ status, response }: Message, fields: readonly string[]): string {
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status!]}`;
  return [line, ...fieldLines(response, fields)].join("\n");
}

/** One header field of a request. */
export function fieldOf({ request }: Message, field: string): string {
  return fieldLines(request, [field]).join();
}

function fieldLines({ headers = {} }: HttpMessage, fields: readonly string[]): string[] {
  return fields.map((field) => {
    const value = headers[field];
    if (value === undefined) throw new Error(`the message has no ${field}`);
    const name = NAMES[field] ?? field.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    return `${name}: ${value}`;
  });
}
