/**
 * The file of a saved run: a page with a viewer, and in it the run as data, compressed and in
 * base64.
 *
 * @module
 */

import { readAtMost } from "aauth";
import {
  checkedRun,
  damaged,
  MAX_ATTACKS,
  MAX_DATA_BYTES,
  MAX_MESSAGES,
  MAX_SAVED_RUN_BYTES,
  type SavedRun,
  SavedRunError,
  tooLarge,
} from "./saved-run.ts";

/** The element that holds the data. A block of data, which no browser executes. */
export const DATA_ELEMENT_ID = "aauth-run";
const DATA_START = `<script type="text/plain" id="${DATA_ELEMENT_ID}">`;
const DATA_END = "</script>";

/** Whether a text is an HTML page: no request, command or recording begins like one. */
export const isPage = (text: string): boolean => /^\s*<!doctype html/i.test(text);

/**
 * The run as the text of a data block: base64 has no character of markup, whatever a message
 * contains.
 *
 * @throws SavedRunError `saved_run_too_large`
 */
export async function packRun(run: SavedRun): Promise<string> {
  if (run.messages.length > MAX_MESSAGES || run.attacks.length > MAX_ATTACKS) throw tooLarge();
  const bytes = new TextEncoder().encode(JSON.stringify(run));
  if (bytes.length > MAX_DATA_BYTES) throw tooLarge();
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return toBase64(await readData(stream)); // hole R3: JSON.stringify(run)
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
 * Reads the run out of the file's text. It verifies nothing (`verifySavedMessage` does), and what
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
 * Reads the run from the text of the data block alone.
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
    data = JSON.parse(new TextDecoder().decode(await readData(stream)));
  } catch (error) {
    throw error instanceof SavedRunError ? error : damaged("its data cannot be decompressed, or is cut off");
  }
  return checkedRun(data);
}

/** @throws SavedRunError `saved_run_too_large` */
const readData = (stream: ReadableStream<Uint8Array>) =>
  readAtMost(stream, MAX_DATA_BYTES).catch((error: unknown) => {
    throw error instanceof RangeError ? tooLarge() : error;
  });

/** Bytes as base64, as `body` of the evidence has them. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** @throws DOMException when it is not base64 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
