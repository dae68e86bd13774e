/** The answer has more bytes than its reader takes. Code `answer_too_large`. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
  readonly code = "answer_too_large";

  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`);
  }
}

/**
 * Reads an answer's body as text (UTF-8), and no more of it than is wanted: the other side decides how much it sends. Does not look at
 * status or type.
 *
 * @param maxBytes one byte more ends the reading, and lets go of the rest
 * @throws AnswerTooLargeError; what the body's stream throws
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new AnswerTooLargeError(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
