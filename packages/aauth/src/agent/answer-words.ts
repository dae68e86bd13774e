import { readAtMost } from "../discovery/read-at-most.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { withTimeout } from "./timeout.ts";

const MAX_BYTES = 16_384;
const MAX_MS = 5_000;
const MAX_CHARACTERS = 300;

/**
 * Members in which servers put a sentence for people: OAuth, FastAPI and problem JSON, and what
 * others use.
 */
const MEMBERS = ["error_description", "detail", "message", "title", "error"] as const;

/** `eyJ` begins each JSON object in base64url: a token that a peer quotes, whole or not. */
const TOKENS = /eyJ[\w-]{8,}(?:\.[\w-]*)*/g;

/**
 * What a refusal says in its own words: one line of at most 300 printable characters, tokens cut
 * out. Empty for a page, for a body of more than 16 KiB, and for one that does not come within five
 * seconds.
 *
 * @throws what `signals` abort with
 */
export async function answerWords(
  { body, headers }: Response,
  signals: readonly AbortSignal[],
): Promise<string> {
  if (/html/i.test(headers.get("content-type") ?? "")) {
    await body?.cancel();
    return "";
  }
  return shown(wordsIn((await readShortly(body, MAX_BYTES, signals)) ?? ""));
}

/**
 * The text of a body of another party that is read for its words only; undefined for one of more
 * bytes, and for one that does not come within five seconds.
 *
 * @throws what `signals` abort with
 */
export async function readShortly(
  body: Response["body"],
  maxBytes: number,
  signals: readonly AbortSignal[],
): Promise<string | undefined> {
  if (body === null) return undefined;
  // What aborts the pipe cancels the body: one that drips would keep its connection.
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
