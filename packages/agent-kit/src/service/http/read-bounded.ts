import { readAtMost } from "aauth";

/** The response exceeds its reader's limit. Code `answer_too_large`. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
  readonly code = "answer_too_large";

  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`);
  }
}

/**
 * Reads a response body as UTF-8 text up to a limit, because the other side determines its length.
 * Does NOT check status or type.
 *
 * @param maxBytes limit, beyond which the remainder is discarded
 * @throws AnswerTooLargeError, and errors of the body's stream
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const body = await readAtMost(response.body, maxBytes).catch((error: unknown) => {
    throw error instanceof RangeError ? new AnswerTooLargeError(maxBytes) : error;
  });
  return new TextDecoder().decode(body);
}
