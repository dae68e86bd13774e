/**
 * An observer for a resource or a server: why requests were refused, one line for each, and on
 * request the messages themselves as files.
 *
 * @module
 */

import type { AAuthEvent, Observer } from "aauth";
import type { Answer } from "aauth/resource";
import { visibleText } from "../visible-text.ts";
import { type KeepOptions, keepMessages } from "./kept-messages.ts";
import { type ObservedRequest, targetOf } from "./observed-request.ts";

export type { KeepOptions } from "./kept-messages.ts";

/** Options of a refusal log. */
export interface RefusalLogOptions {
  /** Writes a line, which has no line end. Default: `console.warn`. */
  readonly write?: ((line: string) => void) | undefined;
  /** Most lines in a second; one more says how many were left out. Default: 20. */
  readonly linesPerSecond?: number | undefined;
  /** Keeps the messages of these lines, with their TOKENS AND SIGNATURES. Default: none is kept. */
  readonly keep?: KeepOptions | undefined;
}

/**
 * Makes an observer that writes one line for each refusal: the request, the failed check with its
 * section, the code, what was found, and what was expected. The line has no query, body, token or
 * signature; control and direction characters and line ends are escaped, and strings are cut.
 * Unexpected errors are written as well, because the observer replaces the one that does.
 *
 * It fetches nothing, and nothing that it does or throws changes an answer. Does NOT log accepted
 * requests.
 *
 * @throws TypeError for a folder that others can enter, or that is not the process's own
 * @throws RangeError for a bound that is not a positive integer
 *
 * @example
 * const resource = createResource({ …, observer: createRefusalLog() });
 * // aauth: refused GET /reports: check "signature" (RFC 9421 3.2) failed, invalid_signature: …
 */
export function createRefusalLog(options: RefusalLogOptions = {}): Observer<ObservedRequest> {
  const { write = (line) => console.warn(line), linesPerSecond = 20, keep } = options;
  if (!Number.isSafeInteger(linesPerSecond) || linesPerSecond < 1)
    throw new RangeError("linesPerSecond is not a positive integer");
  const kept = keep && keepMessages(keep, (problem) => write(`aauth: ${inLine(problem)}`));
  let written = 0;
  let leftOut = 0;
  const endSecond = () => {
    const missing = leftOut;
    [written, leftOut] = [0, 0];
    if (missing > 0) write(`aauth: ${missing} more refusals in this second are left out`);
  };
  return (event, request) => {
    const line = lineOf(event, request);
    if (line === undefined) return;
    if (written === 0 && leftOut === 0) setTimeout(endSecond, 1000).unref?.();
    if (written === linesPerSecond) {
      leftOut++;
      return; // hole R8
    }
    written++;
    if (request !== undefined && event.type === "request_refused") kept?.(request, event.challenge);
    write(line);
  };
}

function lineOf(event: AAuthEvent, request: ObservedRequest | undefined): string | undefined {
  if (event.type === "unexpected_error") {
    const { error } = event;
    return `aauth: unexpected error: ${inLine(error instanceof Error ? (error.stack ?? error.message) : String(error), 2000)}`;
  }
  if (event.type === "request_limited") {
    const { level, retryAfterSeconds } = event.limit;
    return `${requestIn(request, event.challenge)}: limit of level ${inLine(level)}, retry after ${retryAfterSeconds} s`;
  }
  if (event.type !== "request_refused") return undefined;
  const { code, check, section, message, claim, expected, provenCaller } = event.error;
  const caller = provenCaller?.agent ?? provenCaller?.server;
  return [
    `${requestIn(request, event.challenge)}: `,
    check === undefined ? "" : `check "${inLine(check)}" `,
    section === undefined ? "" : `(${inLine(section)}) `,
    `${check === undefined ? "" : "failed, "}${code}: ${inLine(message)}`,
    claim === undefined ? "" : `; at ${inLine(claim)}`,
    expected === undefined ? "" : `; expected ${inLine(expected)}`,
    caller === undefined ? "" : `; signed by ${inLine(caller)}`,
  ].join("");
}

/** A verifier does not know the answer, so its status is absent there. */
function requestIn(request: ObservedRequest | undefined, answer: Answer | undefined): string {
  const status = answer === undefined ? "" : ` with ${answer.status}`;
  if (request === undefined) return `aauth: refused a request${status}`;
  // A query may hold a code or a token.
  const [path = ""] = targetOf(request).split("?", 1);
  return `aauth: refused ${inLine(request.method, 20)} ${inLine(path)}${status}`;
}

/** The beginning of a JWT. It may stand in a path, or in an application's error. */
const TOKEN = /eyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g;

/** A foreign string as part of a line: one line, without tokens, of bounded length. */
function inLine(text: string, most = 300): string {
  const safe = text.slice(0, 10_000).replace(TOKEN, "eyJ…"); // hole R7: text
  const line = visibleText(safe); // hole R6: safe
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
