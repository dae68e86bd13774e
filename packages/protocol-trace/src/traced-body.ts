import { LIMIT } from "aauth-explain/trace-names";
import { isShownType, redactedBody } from "./redacted-message.ts";

/** Timeout after which a span ends although its body has not been read to the end. */
const UNREAD_LIMIT_MS = 10_000;

/**
 * Wraps a response. `done` receives the beginning of the body once, after it has been read,
 * abandoned, or idle for ten seconds. Nothing is read beyond what the receiver requests.
 */
export function watchBody(response: Response, done: (body: string | undefined) => void): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) {
    done(undefined);
    return response;
  }
  const type = headers.get("content-type") ?? undefined;
  const isShown = isShownType(type);
  const start: Uint8Array[] = [];
  let size = 0;
  let isDone = false;
  const end = () => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    done(isShown ? redactedBody(Buffer.concat(start), type) : undefined);
  };
  const timer = setTimeout(end, UNREAD_LIMIT_MS);
  timer.unref();

  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done: isRead, value } = await reader.read();
          if (isRead) {
            controller.close();
            end();
            return;
          }
          // Keeps one byte more than is shown, to detect that there is more.
          if (isShown && size <= LIMIT.body) {
            start.push(value);
            size += value.byteLength;
          }
          controller.enqueue(value);
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    // Does not read from the connection before the receiver does.
    { highWaterMark: 0 },
  );
  return new Response(watched, { status, statusText, headers });
}
