import { AnswerTooLargeError, readBounded as readText } from "agent-kit/service";
import { AgentAnswerError } from "./agent-errors.ts";

/**
 * Reads a response body as text.
 *
 * @param maxBytes one byte more ends the reading with an {@link AgentAnswerError}
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  try {
    return await readText(response, maxBytes);
  } catch (error) {
    if (!(error instanceof AnswerTooLargeError)) throw error;
    throw new AgentAnswerError(`is larger than ${maxBytes} bytes`, { cause: error });
  }
}
