import { stripVTControlCharacters } from "node:util";
import { decodeJwt, TokenError } from "../judge/jws.ts";
import { fieldOf } from "../judge/message.ts";
import type { Exchange } from "../suite/target.ts";

/** Characters of a peer that could change a terminal are shown as escapes. */
export const harmless = (text: string): string =>
  stripVTControlCharacters(text).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export function requestText({ message }: Exchange): string {
  const { method, target, authority, fields, body } = message;
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${authority}`];
  lines.push(...fields.map(([name, value]) => `${name}: ${value}`));
  return body === undefined ? lines.join("\n") : `${lines.join("\n")}\n\n${body}`;
}

export function answerText({ answer, problem }: Exchange): string {
  if (answer === undefined) return `no answer: ${problem}`;
  const lines = Object.entries(answer.fields).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${answer.status}\n${lines.join("\n")}\n\n${answer.body}`;
}

/** Tokens in a message and its answer, decoded. Their order is that of their places. */
export function tokensText(exchange: Exchange): string {
  const { message, answer } = exchange;
  const text = `${fieldOf(message, "signature-key") ?? ""} ${message.body ?? ""} ${JSON.stringify(answer ?? {})}`;
  const tokens = new Set(text.match(/[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g) ?? []);
  return [...tokens].map(decodedText).filter(Boolean).join("\n\n");
}

function decodedText(token: string): string {
  try {
    const { header, claims } = decodeJwt(token);
    return `${JSON.stringify(header)}\n${JSON.stringify(claims, null, 1)}`;
  } catch (error) {
    if (error instanceof TokenError) return "";
    throw error;
  }
}

/** A command that sends the message again. Its signature is valid for a minute. */
export function curlText({ message }: Exchange, address: string | undefined): string {
  const origin = address ?? `https://${message.authority}`;
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl -i", `-X ${quoted(message.method)}`, quoted(`${origin}${message.target}`)];
  if (address !== undefined) parts.push(`-H ${quoted(`host: ${message.authority}`)}`);
  parts.push(...message.fields.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`));
  if (message.body !== undefined) parts.push(`--data-binary ${quoted(message.body)}`);
  return parts.join(" ");
}
