import type { ServerResponse } from "node:http";
import type { Dispatcher, Pool } from "undici";
import { rawFields } from "./collect-response.ts";
import { endToEndFields, setField } from "./request-head.ts";

/** What happened to a response after its head had been sent. */
export type StreamOutcome = { readonly failed?: unknown };

/**
 * Sends a request to an agent and streams the response to the caller as it comes: no buffer, so that an event stream arrives event by
 * event. A caller that reads slowly stops the agent's connection from being read; one that stops reading for `stallTimeoutMs` is cut.
 *
 * Rejects only before the response's head (with the transport's error, or `signal.reason`). Later failures cut the caller's
 * connection, which is the only way left to say that the response is not whole.
 *
 * @param onHead called with status and end-to-end fields before they are written
 */
export function forwardRequest(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  response: ServerResponse,
  options: {
    signal: AbortSignal;
    addedFields: readonly string[];
    stallTimeoutMs: number;
    onHead: (status: number, fields: string[]) => void;
  },
): Promise<StreamOutcome> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let controller: Dispatcher.DispatchController | undefined;
    let hasWritten = false;
    let stall: NodeJS.Timeout | undefined;
    const onAbort = () => {
      if (!response.headersSent) reject(signal.reason);
      controller?.abort(signal.reason as Error);
    };
    const onDrain = () => {
      clearTimeout(stall);
      controller?.resume();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const cleanUp = () => {
      clearTimeout(stall);
      response.off("drain", onDrain);
      signal.removeEventListener("abort", onAbort);
    };

    response.on("drain", onDrain);
    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) started.abort(signal.reason as Error);
      },
      onResponseStart(current, status, _headers, statusText) {
        if (status < 200) return;
        try {
          const fields = endToEndFields(rawFields(current.rawHeaders));
          for (let index = 0; index < options.addedFields.length; index += 2) {
            setField(fields, options.addedFields[index]!, options.addedFields[index + 1]!);
          }
          options.onHead(status, fields);
          response.writeHead(status, statusText || undefined, fields);
        } catch (error) {
          current.abort(error as Error);
          return;
        }
        // The head of an event stream must not wait for its first event. With a body at hand both go out as one packet.
        setImmediate(() => {
          if (!hasWritten && !response.destroyed) response.flushHeaders();
        });
      },
      onResponseData(current, chunk) {
        hasWritten = true;
        if (response.write(chunk)) return;
        current.pause();
        stall = setTimeout(() => response.destroy(), options.stallTimeoutMs);
      },
      onResponseEnd() {
        hasWritten = true;
        response.end();
        cleanUp();
        resolve({});
      },
      onResponseError(_, error) {
        cleanUp();
        if (!response.headersSent) return reject(signal.aborted ? signal.reason : error);
        response.destroy();
        resolve({ failed: error });
      },
    });
  });
}
