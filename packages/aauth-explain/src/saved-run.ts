/**
 * The file of a saved run: a page with a viewer, and in it the run as data, compressed and in
 * base64.
 *
 * @module
 */

/**
 * What a run's picture needs, in data. Everything in it is its maker's word, but for what
 * {@link SavedEvidence} proves.
 */
export interface SavedRun {
  readonly format: "aauth-saved-run";
  readonly version: 1;
  readonly requestId: string;
  /** Unix seconds. */
  readonly savedAt: number;
  /** Columns of the picture, from left to right. */
  readonly parties: readonly { readonly id: string; readonly name: string }[];
  /** In the order they were sent. */
  readonly messages: readonly SavedMessage[];
}

/** One request and what was recorded about it. */
export interface SavedMessage {
  /** Ids of {@link SavedRun.parties}. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds since the run began. */
  readonly startMs: number;
  /** A few words: what is asked. */
  readonly what: string;
  /** A sentence, as recorded. */
  readonly sentence: string;
  /** As recorded: `accepted`, `challenged`, `refused`, … */
  readonly outcome: string;
  readonly status?: number;
  /** Questions and answers about the message, as recorded. */
  readonly facts: readonly SavedFact[];
  /** The verifiers' checks, as recorded. */
  readonly checks: readonly SavedCheck[];
  /** As recorded, with values cut; absent where {@link evidence} has it whole. */
  readonly request?: SavedHttp;
  readonly response?: SavedHttp;
  /** The whole request, which is verified again. */
  readonly evidence?: SavedEvidence;
}

/** A name with a value, both as text. */
export interface SavedFact {
  readonly name: string;
  readonly value: string;
}

/** A check of a verifier, as recorded. */
export interface SavedCheck {
  readonly party: string;
  readonly name: string;
  readonly verdict: string;
  readonly reason?: string;
}

/** Start line, header lines and body, as shown. */
export interface SavedHttp {
  readonly start: string;
  readonly headers: readonly SavedFact[];
  readonly body?: string;
}

/** A signed request as it was sent, and the published keys that verifying it takes. */
export interface SavedEvidence {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Kind of endpoint that it was sent to: `resource` or `token`. */
  readonly endpoint: string;
  /** Those that are covered or belong to the signature. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
  /** Public keys by the identifier of the party that publishes them. */
  readonly keys: readonly SavedKey[];
}

/** A public key of a party, as a JWK. */
export interface SavedKey {
  readonly id: string;
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** Why a file is not a saved run that can be read. */
export type SavedRunCode =
  | "not_a_saved_run"
  | "saved_run_too_large"
  | "saved_run_damaged"
  | "saved_run_version";

/** The file cannot be read; nothing in it was verified. */
export class SavedRunError extends Error {
  override readonly name = "SavedRunError";
  readonly code: SavedRunCode;

  constructor(code: SavedRunCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Largest size of the file, in bytes. */
export const MAX_SAVED_RUN_BYTES = 500_000;
/** Largest size of the decompressed data, in bytes: a small file could become arbitrarily large. */
const MAX_DATA_BYTES = 8_000_000;
const MAX_MESSAGES = 500;

/** The element that holds the data. A block of data, which no browser executes. */
export const DATA_ELEMENT_ID = "aauth-run";
const DATA_START = `<script type="text/plain" id="${DATA_ELEMENT_ID}">`;
const DATA_END = "</script>";

/**
 * The run as the text of a data block: base64 has no character of markup, whatever a message
 * contains.
 *
 * @throws SavedRunError `saved_run_too_large`
 */
export async function packRun(run: SavedRun): Promise<string> {
  if (run.messages.length > MAX_MESSAGES) throw tooLarge();
  const bytes = new TextEncoder().encode(JSON.stringify(run));
  if (bytes.length > MAX_DATA_BYTES) throw tooLarge();
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return toBase64(await readAtMost(stream, MAX_DATA_BYTES)); // hole R3
}

/**
 * The whole file.
 *
 * @param viewer the page without data, with an empty data block
 * @throws SavedRunError `saved_run_too_large`
 */
export async function savedRunPage(viewer: string, run: SavedRun): Promise<string> {
  const [head, tail, ...more] = viewer.split(DATA_START + DATA_END);
  if (tail === undefined || more.length > 0) throw new TypeError("the viewer has not one empty data block");
  const page = `${head}${DATA_START}${await packRun(run)}${DATA_END}${tail}`;
  if (new TextEncoder().encode(page).length > MAX_SAVED_RUN_BYTES) throw tooLarge();
  return page;
}

/**
 * Reads the run out of the file's text. It verifies nothing ({@link verifyEvidence} does), and what
 * it returns is text of others.
 *
 * @throws SavedRunError
 */
export async function readSavedRun(page: string): Promise<SavedRun> {
  if (page.length > MAX_SAVED_RUN_BYTES) throw tooLarge();
  const start = page.indexOf(DATA_START);
  if (start === -1)
    throw new SavedRunError("not_a_saved_run", "this page is not a run that the demo has saved");
  const end = page.indexOf(DATA_END, start);
  if (end === -1) throw damaged("the file is truncated");
  return unpackRun(page.slice(start + DATA_START.length, end));
}

/**
 * The same of the data block's text alone.
 *
 * @throws SavedRunError
 */
export async function unpackRun(text: string): Promise<SavedRun> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = fromBase64(text.trim());
  } catch {
    throw damaged("its data is not base64");
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder().decode(await readAtMost(stream, MAX_DATA_BYTES)));
  } catch (error) {
    throw error instanceof SavedRunError ? error : damaged("its data cannot be decompressed, or is cut off");
  }
  return checkedRun(data);
}

const tooLarge = () =>
  new SavedRunError(
    "saved_run_too_large",
    `a saved run has at most ${MAX_MESSAGES} messages and ${MAX_SAVED_RUN_BYTES / 1000} kB, and ${MAX_DATA_BYTES / 1_000_000} MB decompressed`,
  );

const damaged = (why: string) => new SavedRunError("saved_run_damaged", `the saved run is damaged: ${why}`);

async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(stream)) {
    length += part.length;
    if (length > maxBytes) throw tooLarge();
    parts.push(part);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Not every browser can iterate over a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Bytes as base64, as {@link SavedEvidence.body} has them. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** @throws DOMException when it is not base64 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// ------------------------------------------------------------------------------------------ shapes

type Members = Readonly<Record<string, unknown>>;

function checkedRun(data: unknown): SavedRun {
  const { format, version, requestId, savedAt, parties, messages } = membersOf(data, "the run");
  if (format !== "aauth-saved-run")
    throw new SavedRunError("not_a_saved_run", "its data is not a run that the demo has saved");
  if (version !== 1)
    throw new SavedRunError("saved_run_version", "only version 1 of saved runs is known here");
  const list = listOf(messages, "messages");
  if (list.length > MAX_MESSAGES) throw tooLarge();
  return {
    ...{ format, version, requestId: textOf(requestId, "requestId"), savedAt: numberOf(savedAt, "savedAt") },
    parties: listOf(parties, "parties").map((party) => {
      const { id, name } = membersOf(party, "a party");
      return { id: textOf(id, "id"), name: textOf(name, "name") };
    }),
    messages: list.map(checkedMessage),
  };
}

function checkedMessage(data: unknown): SavedMessage {
  const message = membersOf(data, "a message");
  const { status, request, response, evidence } = message;
  const text = (name: string) => textOf(message[name], name);
  return {
    from: text("from"),
    to: text("to"),
    startMs: numberOf(message.startMs, "startMs"),
    what: text("what"),
    sentence: text("sentence"),
    outcome: text("outcome"),
    ...(status !== undefined && { status: numberOf(status, "status") }),
    facts: factsOf(message.facts, "facts"),
    checks: listOf(message.checks, "checks").map(checkedCheck),
    ...(request !== undefined && { request: checkedHttp(request) }),
    ...(response !== undefined && { response: checkedHttp(response) }),
    ...(evidence !== undefined && { evidence: checkedEvidence(evidence) }),
  };
}

function checkedCheck(data: unknown): SavedCheck {
  const { party, name, verdict, reason } = membersOf(data, "a check");
  return {
    ...{ party: textOf(party, "party"), name: textOf(name, "name"), verdict: textOf(verdict, "verdict") },
    ...(reason !== undefined && { reason: textOf(reason, "reason") }),
  };
}

function checkedHttp(data: unknown): SavedHttp {
  const { start, headers, body } = membersOf(data, "a request");
  return {
    start: textOf(start, "start"),
    headers: factsOf(headers, "headers"),
    ...(body !== undefined && { body: textOf(body, "body") }),
  };
}

function checkedEvidence(data: unknown): SavedEvidence {
  const evidence = membersOf(data, "evidence");
  const text = (name: string) => textOf(evidence[name], name);
  const headers = Object.entries(membersOf(evidence.headers, "headers"));
  return {
    ...{ method: text("method"), url: text("url"), endpoint: text("endpoint"), body: text("body") },
    headers: Object.fromEntries(headers.map(([name, value]) => [name, textOf(value, name)])),
    keys: listOf(evidence.keys, "keys").map((key) => {
      const { id, jwk } = membersOf(key, "a key");
      return { id: textOf(id, "id"), jwk: membersOf(jwk, "jwk") };
    }),
  };
}

const factsOf = (data: unknown, what: string): SavedFact[] =>
  listOf(data, what).map((fact) => {
    const { name, value } = membersOf(fact, what);
    return { name: textOf(name, "name"), value: textOf(value, "value") };
  });

function membersOf(data: unknown, what: string): Members {
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw damaged(`${what} is no object`);
  return data as Members;
}

function listOf(data: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(data)) throw damaged(`${what} is no list`);
  return data;
}

function textOf(data: unknown, what: string): string {
  if (typeof data !== "string") throw damaged(`${what} is no text`);
  return data;
}

function numberOf(data: unknown, what: string): number {
  if (typeof data !== "number" || !Number.isFinite(data)) throw damaged(`${what} is no number`);
  return data;
}
