import type { HeaderFields } from "aauth";
import type { Answer } from "aauth/resource";
import { KEPT_BY } from "../read/har.ts";
import { toBase64 } from "../saved-run-file.ts";
import { type ObservedRequest, targetOf } from "./observed-request.ts";

/** Folder and bounds of the kept messages. */
export interface KeepOptions {
  /** A folder of mode 0700, which is made if it does not exist; it is for these files alone. */
  readonly folder: string;
  /** Identifier of the resource, whose origin the senders sign. */
  readonly resource: string;
  /** Largest sum of the files, in bytes. Default: 10 MB. */
  readonly maxBytes?: number | undefined;
}

const MAX_FILES = 100;
/** Messages that wait for the disk. */
const MAX_WAITING = 20;
const NAME = /^refused-[\w.-]{1,60}\.har$/;

const NOTICE =
  "This file holds TOKENS AND SIGNATURES of a refused request: who has it may use them while they are valid. Do not pass it on; a body that the receiver did not read is not in it.";

type Keep = (request: ObservedRequest, answer: Answer | undefined) => void;

/**
 * Keeps the last 100 messages as HAR files of mode 0600, the oldest of which are removed. Errors of
 * the disk are reported once until it works again.
 *
 * @throws TypeError for a folder that others can enter, that is a link, or that another user owns
 * @throws RangeError for `maxBytes` that is not a positive integer
 */
export function keepMessages(options: KeepOptions, report: (problem: string) => void): Keep {
  const { folder, resource, maxBytes = 10_000_000 } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw new RangeError("maxBytes is not a positive integer");
  const { origin } = new URL(resource);
  // A static import would keep the log itself from runtimes without files.
  const fs = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = fs.lstatSync(folder);
  const isOwn = status.isDirectory() && status.uid === process.getuid?.();
  const isPrivate = isOwn && (status.mode & 0o077) === 0; // hole R9: true
  if (!isPrivate) throw new TypeError(`${folder} is not a folder of this user alone, of mode 0700`);
  const files = fs
    .readdirSync(folder)
    .filter((name) => NAME.test(name))
    .toSorted()
    .map((name) => ({ name, bytes: fs.lstatSync(join(folder, name)).size }));
  const remove = (name: string) => fs.promises.rm(join(folder, name), { force: true });
  let count = 0;
  let waiting = 0;
  let isReported = false;
  let written = Promise.resolve();

  async function store(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    const sum = () => files.reduce((all, file) => all + file.bytes, bytes);
    if (bytes > maxBytes) return;
    while (files.length > 0 && (files.length >= MAX_FILES || sum() > maxBytes)) {
      await remove(files[0]!.name);
      files.shift();
    }
    const time = new Date().toISOString().replaceAll(":", "-");
    const name = `refused-${time}-${process.pid}-${String(count++).padStart(6, "0")}.har`;
    try {
      // Exclusive: never through a link that another has put there.
      await fs.promises.writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
    } catch (error) {
      await remove(name).catch(() => {});
      throw error;
    }
    files.push({ name, bytes });
    isReported = false;
  }

  return (request, answer) => {
    if (waiting === MAX_WAITING) return;
    waiting++;
    written = written
      .then(() => store(recordingOf(request, answer, origin)))
      .catch((error: NodeJS.ErrnoException) => {
        if (!isReported) report(`a refused message could not be kept: ${error.code ?? error.message}`);
        isReported = true;
      })
      .catch(() => {})
      .finally(() => {
        waiting--;
      });
  };
}

/** One entry of HAR 1.2. */
function recordingOf(request: ObservedRequest, answer: Answer | undefined, origin: string): string {
  const { method, headers, authority, rawBody, body } = request;
  const bytes = [rawBody, body].find((value) => value instanceof Uint8Array);
  const { protocol, host } = new URL(origin);
  const entry = {
    startedDateTime: new Date().toISOString(),
    request: {
      method,
      url: `${protocol}//${authority ?? host}${targetOf(request)}`,
      headers: linesOf(headers),
      // HAR 1.2: -1 if it is not known.
      bodySize: bytes?.byteLength ?? -1,
      ...(bytes && { postData: { text: toBase64(bytes), encoding: "base64" } }),
    },
    ...(answer && {
      response: { status: answer.status, headers: linesOf(answer.headers), content: { text: answer.body } },
    }),
  };
  return JSON.stringify({
    log: { version: "1.2", creator: { name: KEPT_BY }, comment: NOTICE, entries: [entry] },
  });
}

const linesOf = (headers: HeaderFields) =>
  Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => ({ name, value })),
  );
