import { readAtMost } from "../discovery/read-at-most.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { withTimeout } from "./timeout.ts";

const MAX_BYTES = 16_384;
const MAX_MS = 5_000;
const MAX_CHARACTERS = 300;

/** Members with an error text for people, in OAuth, FastAPI, problem JSON and other formats. */
const MEMBERS = ["error_description", "detail", "message", "title", "error"] as const;

/**
 * A token, complete or truncated, that a peer quotes: a JSON object in base64url begins with `eyJ`.
 */
const TOKENS = /eyJ[\w-]{8,}(?:\.[\w-]*)*/g;

/**
 * The error text of a refusal, on one line of at most 300 printable characters, without tokens.
 * Empty for an HTML page, for a body of more than 16 KiB, and for one that takes longer than five
 * seconds.
 *
 * @throws the abort reason of `signals`
 */
export async function errorText(
  { body, headers }: Response,
  signals: readonly AbortSignal[],
): Promise<string> {
  if (/html/i.test(headers.get("content-type") ?? "")) {
    await body?.cancel();
    return "";
  }
  return shown(wordsIn((await readForDisplay(body, MAX_BYTES, signals)) ?? ""));
}

/**
 * Reads a body for display only. Undefined for one of more than `maxBytes`, or one that takes
 * longer than five seconds.
 *
 * @throws the abort reason of `signals`
 */
export async function readForDisplay(
  body: Response["body"],
  maxBytes: number,
  signals: readonly AbortSignal[],
): Promise<string | undefined> {
  if (body === null) return undefined;
  // Aborting the pipe cancels the body; a slow one would otherwise hold its connection.
  const read = (signal: AbortSignal) =>
    readAtMost(body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal }), maxBytes);
  try {
    return new TextDecoder().decode(await withTimeout(MAX_MS, read, signals));
  } catch {
    for (const signal of signals) signal.throwIfAborted();
    return undefined;
  }
}

function wordsIn(text: string): string {
  const members = parseJsonObject(text);
  if (members === undefined) return text;
  return MEMBERS.map((name) => members[name]).find((value) => typeof value === "string") ?? "";
}

function shown(text: string): string {
  const line = text
    .replace(TOKENS, "…")
    .replace(/[\p{C}\s]+/gu, " ")
    .trim();
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
