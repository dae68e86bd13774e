import { Readable } from "node:stream";
import { formatSSEErrorEvent, formatSSEEvent } from "@a2a-js/sdk";
import { errorResponse } from "./json-rpc.ts";

/**
 * Turns the SDK's events into a Server-Sent-Events body. The first event is awaited before anything is sent, so that
 * an error up to there can still be an ordinary JSON-RPC answer; a later one becomes an error event and ends the stream.
 * When the client goes away the stream is destroyed, and with it the generator.
 *
 * @throws what the generator throws before its first event
 */
export async function toEventStream(
  events: AsyncGenerator<unknown, void, undefined>,
  id: string | number | null,
  onError: (error: unknown) => void,
): Promise<Readable> {
  const first = await events.next();

  async function* frames() {
    try {
      if (!first.done) yield formatSSEEvent(first.value);
      for await (const event of events) yield formatSSEEvent(event);
    } catch (error) {
      onError(error);
      yield formatSSEErrorEvent(errorResponse("internalError", id));
    }
  }
  return Readable.from(frames());
}
