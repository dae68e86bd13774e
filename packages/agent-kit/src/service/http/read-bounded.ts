import { readAtMost } from "aauth";

/** The answer has more bytes than its reader takes. Code `answer_too_large`. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
  readonly code = "answer_too_large";

  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`);
  }
}

/**
 * Reads an answer's body as text (UTF-8), and no more of it than is wanted: the other side decides
 * how much it sends. Does not look at status or type.
 *
 * @param maxBytes one byte more ends the reading, and lets go of the rest
 * @throws AnswerTooLargeError; what the body's stream throws
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const body = await readAtMost(response.body, maxBytes).catch((error: unknown) => {
    throw error instanceof RangeError ? new AnswerTooLargeError(maxBytes) : error;
  });
  return new TextDecoder().decode(body);
}
