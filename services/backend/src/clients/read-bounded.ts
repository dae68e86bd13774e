import { AgentAnswerError } from "./agent-errors.ts";

/**
 * Reads a response body as text.
 *
 * @param maxBytes one byte more ends the reading with an {@link AgentAnswerError}
 */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new AgentAnswerError(`is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
