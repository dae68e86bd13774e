import { LIMIT } from "./attribute-names.ts";
import { isShownType, shownBody } from "./cut.ts";

/** A body that its receiver does not read to the end must not keep its span from being sent. */
const UNREAD_LIMIT_MS = 10_000;

/**
 * The same response; `done` receives the beginning of its body once, when that was read, given up
 * or not read for ten seconds. Nothing is read that the receiver does not ask for.
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
    done(isShown ? shownBody(Buffer.concat(start), type) : undefined);
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
          // One byte more than is shown tells that there is more.
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
    // Nothing is asked of the connection before the receiver reads.
    { highWaterMark: 0 },
  );
  return new Response(watched, { status, statusText, headers });
}
