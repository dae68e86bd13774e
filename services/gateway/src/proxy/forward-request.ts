import type { ServerResponse } from "node:http";
import type { Dispatcher, Pool } from "undici";
import type { Cancellation } from "./cancellation.ts";
import { rawFields } from "./collect-response.ts";
import { createInformationalLimit } from "./informational.ts";
import { endToEndFields, firstField, isFieldValue, removeField, setField } from "./request-head.ts";

/** What happened to a response after its head had been sent. */
export type StreamOutcome = { readonly failed?: unknown };

/**
 * Sends a request to an agent and streams the response to the caller as it comes: no buffer, so that an event stream arrives event by
 * event. A caller that reads slowly stops the agent's connection from being read; one that stops reading for `stallTimeoutMs` is cut.
 *
 * Rejects only before the response's head (with the transport's error, or the cancellation's reason). Later failures cut the caller's
 * connection, which is the only way left to say that the response is not whole.
 *
 * @param onHead called with status and end-to-end fields before they are written
 */
export function forwardRequest(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  response: ServerResponse,
  options: {
    cancellation: Cancellation;
    addedFields: readonly string[];
    stallTimeoutMs: number;
    onHead: (status: number, fields: string[]) => void;
  },
): Promise<StreamOutcome> {
  const { cancellation } = options;
  return new Promise((resolve, reject) => {
    if (cancellation.isRequested) return reject(cancellation.reason);
    const dropInformational = createInformationalLimit();
    let controller: Dispatcher.DispatchController | undefined;
    let hasWritten = false;
    let missingBytes = Number.NaN;
    let lastChunk: Buffer | undefined;
    let stall: NodeJS.Timeout | undefined;
    const forget = cancellation.onRequest((reason) => {
      if (!response.headersSent) reject(reason);
      controller?.abort(reason as Error);
    });
    const onDrain = () => {
      clearTimeout(stall);
      controller?.resume();
    };
    const cleanUp = () => {
      clearTimeout(stall);
      response.off("drain", onDrain);
      forget();
    };

    response.on("drain", onDrain);
    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (cancellation.isRequested) started.abort(cancellation.reason as Error);
      },
      onResponseStart(current, status, _headers, statusText) {
        if (status < 200) return dropInformational(current);
        try {
          const fields = endToEndFields(rawFields(current.rawHeaders));
          for (let index = 0; index < options.addedFields.length; index += 2) {
            setField(fields, options.addedFields[index]!, options.addedFields[index + 1]!);
          }
          missingBytes = Number(firstField(fields, "content-length") ?? Number.NaN);
          // It says nothing (RFC 9110 section 8.6), and a caller that believes it would wait for a body.
          if (status === 204) removeField(fields, "content-length");
          options.onHead(status, fields);
          response.writeHead(status, reasonPhrase(statusText), fields);
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
        missingBytes -= chunk.length;
        const fits = chunk.length + response.writableLength < response.writableHighWaterMark;
        if (missingBytes === 0 && fits) {
          // The end is reported right after it: both go out in one call. A chunk that a slow reader may not take is no such case.
          lastChunk = chunk;
          return;
        }
        if (response.write(chunk)) return;
        current.pause();
        stall = setTimeout(() => response.destroy(), options.stallTimeoutMs);
      },
      onResponseEnd() {
        hasWritten = true;
        response.end(lastChunk);
        cleanUp();
        resolve({});
      },
      onResponseError(_, error) {
        cleanUp();
        if (!response.headersSent) return reject(cancellation.isRequested ? cancellation.reason : error);
        response.destroy();
        resolve({ failed: error });
      },
    });
  });
}

/** The agent's bytes, which undici takes for UTF-8; undefined, for the usual words, where they cannot be written. */
function reasonPhrase(text: string | undefined): string | undefined {
  const bytes = Buffer.from(text ?? "").toString("latin1");
  return bytes !== "" && isFieldValue(bytes) ? bytes : undefined;
}
